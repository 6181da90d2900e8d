package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.index.StandardDirectoryReader;
import org.apache.lucene.store.AlreadyClosedException;

/**
 * An open index: its newest snapshot, and what has been decoded of its segments. Safe for several
 * threads; a search ends on the snapshot it began with, whatever is refreshed or closed meanwhile.
 */
public final class Engine {

  /** The field whose terms are tokens and whose term frequencies are impacts. */
  final String field;

  /** The field that holds the docid. */
  final String id;

  final PostingsCache cache;
  private final Map<Object, ForwardIndex> forward = new ConcurrentHashMap<>();
  private final Map<Object, Map<Integer, PrunedPostings>> pruned = new ConcurrentHashMap<>();
  private final Set<Object> known = ConcurrentHashMap.newKeySet();
  private volatile Snapshot current;

  Engine(DirectoryReader reader, String field, String id, long cacheBytes) {
    this.field = field;
    this.id = id;
    this.cache = cacheBytes < 0 ? PostingsCache.SHARED : new PostingsCache(cacheBytes);
    this.current = follow(new Snapshot(reader));
  }

  /** The newest snapshot, in use until it is closed. */
  Snapshot acquire() {
    while (true) {
      Snapshot snapshot = current;
      if (snapshot == null) {
        throw new AlreadyClosedException("the searcher is closed");
      }
      if (snapshot.reader.tryIncRef()) {
        return snapshot;
      }
    }
  }

  /** Takes up the newest commit; false where there is none newer. */
  synchronized boolean refresh() throws IOException {
    try (Snapshot old = acquire()) {
      DirectoryReader newer = newer(old.reader);
      if (newer == null) {
        return false;
      }
      current = follow(new Snapshot(newer));
      old.reader.decRef(); // the use of it that `current` was
      return true;
    }
  }

  /**
   * A reader of the newest commit, null where {@code old} has it. Lucene compares counters, which
   * an index that was built anew in the same place may share with the old one; commits have a
   * random name each.
   */
  private static DirectoryReader newer(DirectoryReader old) throws IOException {
    byte[] there = SegmentInfos.readLatestCommit(old.directory()).getId();
    if (Arrays.equals(there, ((StandardDirectoryReader) old).getSegmentInfos().getId())) {
      return null;
    }
    try {
      DirectoryReader newer = DirectoryReader.openIfChanged(old);
      return newer != null ? newer : DirectoryReader.open(old.directory());
    } catch (IllegalStateException error) { // other segments under the old names
      return DirectoryReader.open(old.directory());
    }
  }

  /** Closes the index once the searches under way have ended. */
  synchronized void close() throws IOException {
    Snapshot last = current;
    current = null;
    if (last != null) {
      last.close();
    }
  }

  /** The documents of a segment with their tokens; made when it is first asked for. */
  ForwardIndex forward(LeafReader reader) throws IOException {
    Object segment = reader.getCoreCacheHelper().getKey();
    ForwardIndex there = forward.get(segment);
    if (there == null) {
      synchronized (forward) {
        there = forward.get(segment);
        if (there == null) {
          there = ForwardIndex.read(reader, field);
          forward.put(segment, there);
        }
      }
    }
    return there;
  }

  /**
   * A segment's postings of the {@code most} heaviest tokens of each document; made when they are
   * first asked for.
   */
  PrunedPostings pruned(LeafReader reader, int most) throws IOException {
    ForwardIndex documents = forward(reader);
    return pruned
        .computeIfAbsent(reader.getCoreCacheHelper().getKey(), segment -> new ConcurrentHashMap<>())
        .computeIfAbsent(most, number -> PrunedPostings.of(documents, number));
  }

  private Snapshot follow(Snapshot snapshot) {
    for (LeafReader leaf : snapshot.leaves) {
      IndexReader.CacheHelper core = leaf.getCoreCacheHelper();
      if (known.add(core.getKey())) {
        core.addClosedListener(
            segment -> {
              known.remove(segment);
              cache.forget(segment);
              forward.remove(segment);
              pruned.remove(segment);
            });
      }
    }
    return snapshot;
  }
}
