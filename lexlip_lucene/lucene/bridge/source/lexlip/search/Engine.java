package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.index.StandardDirectoryReader;
import org.apache.lucene.store.AlreadyClosedException;

/**
 * An open index: its newest snapshot, and the decoded parts of its segments. Safe for several
 * threads; a search ends on the snapshot it began with, whatever is refreshed or closed meanwhile.
 */
public final class Engine {

  private static final Object FREQUENT = FrequentTokens.class;

  /** The name of the forward index in the cache; pruned postings have their number of tokens. */
  private static final Object FORWARD = ForwardIndex.class;

  /** The name of the docids in the cache, and that of how many searches have read one by one. */
  private static final Object DOCIDS = SegmentDocids.class;

  private static final Object READS = "docids read";

  /** The field whose terms are tokens and whose term frequencies are impacts. */
  final String field;

  /** The field that holds the docid. */
  final String id;

  final PostingsCache cache;

  final BlockOdds odds = new BlockOdds();
  final Choices choices = new Choices();

  /** The open segments, each with the sizes of its parts made so far. */
  private final Map<Object, Map<Object, Long>> known = new ConcurrentHashMap<>();

  private volatile Snapshot current;

  Engine(DirectoryReader reader, String field, String id, long cacheBytes) {
    this.field = field;
    this.id = id;
    this.cache = cacheBytes < 0 ? PostingsCache.SHARED : new PostingsCache(cacheBytes);
    this.current = follow(new Snapshot(reader));
  }

  /** Returns the newest snapshot, in use until it is closed. */
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

  /** Switches to the newest commit; returns false if it is in use already. */
  synchronized boolean refresh() throws IOException {
    try (Snapshot old = acquire()) {
      DirectoryReader newer = newer(old.reader);
      if (newer == null) {
        return false;
      }
      current = follow(new Snapshot(newer));
      old.reader.decRef(); // the use that `current` counted
      return true;
    }
  }

  /**
   * Opens a reader of the newest commit; null if {@code old} reads it. Lucene compares counters,
   * which an index rebuilt in the same place may share with the old one; each commit has a random
   * name.
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

  /** Estimates the memory of {@link #forward} in bytes; exact once that was made. */
  long forwardBytes(LeafReader reader) throws IOException {
    Long known = known(reader).get(FORWARD);
    return known == null ? ForwardIndex.bytes(reader, field) : known;
  }

  /** Estimates the memory of {@link #pruned} in bytes; exact once that was made. */
  long prunedBytes(LeafReader reader, int most) throws IOException {
    Long known = known(reader).get(most);
    return known == null ? PrunedPostings.bytes(reader, field, most) : known;
  }

  /** Returns the documents of a segment with their tokens. */
  ForwardIndex forward(LeafReader reader) throws IOException {
    return made(reader, FORWARD, ForwardIndex.class, () -> ForwardIndex.read(reader, field));
  }

  /** Returns which tokens of a segment are frequent. */
  FrequentTokens frequent(LeafReader reader) throws IOException {
    return made(reader, FREQUENT, FrequentTokens.class, () -> FrequentTokens.read(reader, field));
  }

  /**
   * Returns a segment's postings of the {@code most} heaviest tokens of each document.
   *
   * @param roomy whether the documents with all their tokens may go into the cache as well
   */
  PrunedPostings pruned(LeafReader reader, int most, boolean roomy) throws IOException {
    return made(
        reader,
        most,
        PrunedPostings.class,
        () -> {
          ForwardIndex held = cache.find(reader, FORWARD, ForwardIndex.class);
          if (held == null) {
            held = roomy ? forward(reader) : ForwardIndex.read(reader, field);
          }
          return PrunedPostings.of(held, most);
        });
  }

  /**
   * Returns the docids of a segment; null until searches have read a quarter as many of them one by
   * one, which then costs more than to hold them all, and without room for them.
   *
   * @param count number of docids that the search needs
   */
  SegmentDocids docids(Snapshot snapshot, int leaf, int count) throws IOException {
    LeafReader reader = snapshot.leaves[leaf];
    SegmentDocids held = cache.find(reader, DOCIDS, SegmentDocids.class);
    if (held != null) {
      return held;
    }
    Map<Object, Long> known = known(reader);
    long reads = known.merge(READS, (long) count, Long::sum);
    // One thread makes them; the others go on meanwhile.
    if (reads < reader.maxDoc() / 4 || !known.replace(READS, reads, Long.MIN_VALUE)) {
      return null;
    }
    double share = (double) reader.maxDoc() / snapshot.reader.maxDoc();
    long room = (long) (cache.limit() * share / 8);
    SegmentDocids made = SegmentDocids.read(reader, id, room);
    if (made != null) {
      cache.hold(reader, DOCIDS, made);
      known.put(READS, 0L);
    }
    return made;
  }

  private interface Making<T> {
    T make() throws IOException;
  }

  /**
   * Returns a part of a segment from the cache, or makes it and puts it there, one thread at a
   * time.
   */
  private <T extends PostingsCache.Sized> T made(
      LeafReader reader, Object part, Class<T> type, Making<T> making) throws IOException {
    T there = cache.find(reader, part, type);
    if (there != null) {
      return there;
    }
    synchronized (known) {
      there = cache.find(reader, part, type);
      if (there == null) {
        there = making.make();
        known(reader).put(part, there.bytes());
        cache.hold(reader, part, there);
      }
      return there;
    }
  }

  /** Returns the sizes of the parts of a segment that were made so far. */
  private Map<Object, Long> known(LeafReader reader) {
    return known.get(reader.getCoreCacheHelper().getKey());
  }

  private Snapshot follow(Snapshot snapshot) {
    for (LeafReader leaf : snapshot.leaves) {
      IndexReader.CacheHelper core = leaf.getCoreCacheHelper();
      if (known.putIfAbsent(core.getKey(), new ConcurrentHashMap<>()) == null) {
        core.addClosedListener(
            segment -> {
              known.remove(segment);
              cache.forget(segment);
            });
      }
    }
    return snapshot;
  }
}
