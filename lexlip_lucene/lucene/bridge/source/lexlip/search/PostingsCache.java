package lexlip.search;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.BytesRef;

/**
 * The postings decoded so far, up to a number of bytes; those not used for the longest time leave
 * first. Shared by all snapshots of an index, because a segment's postings never change. Safe for
 * several threads.
 */
final class PostingsCache {

  /**
   * What searchers use that were not given a size: a third of the largest heap for all of them
   * together.
   */
  static final PostingsCache SHARED = new PostingsCache(Runtime.getRuntime().maxMemory() / 3);

  private record Key(Object segment, BytesRef token) {}

  private final long limit;
  private final Map<Key, TermPostings> held = new LinkedHashMap<>(256, 0.75f, true);
  private long bytes;

  /**
   * @param limit in bytes; postings that alone take more are not held
   */
  PostingsCache(long limit) {
    this.limit = limit;
  }

  long limit() {
    return limit;
  }

  /** The postings of {@code token}; null where the segment has no such token. */
  TermPostings get(LeafReader reader, String field, BytesRef token) throws IOException {
    Key key = new Key(reader.getCoreCacheHelper().getKey(), token);
    synchronized (held) {
      TermPostings there = held.get(key);
      if (there != null) {
        return there;
      }
    }
    TermPostings read = decode(reader, field, token);
    if (read != null) {
      hold(key, read);
    }
    return read;
  }

  /**
   * As {@link #get}, sorted by impact; from then on held like that, because every search can use
   * them so.
   */
  TermPostings byImpact(LeafReader reader, String field, BytesRef token) throws IOException {
    TermPostings there = get(reader, field, token);
    TermPostings sorted = there == null ? null : there.byImpact();
    if (sorted != there) {
      hold(new Key(reader.getCoreCacheHelper().getKey(), token), sorted);
    }
    return sorted;
  }

  /** Forgets a segment that was closed. */
  void forget(Object segment) {
    synchronized (held) {
      List<Key> gone = new ArrayList<>();
      for (Map.Entry<Key, TermPostings> entry : held.entrySet()) {
        if (entry.getKey().segment == segment) {
          gone.add(entry.getKey());
          bytes -= entry.getValue().bytes();
        }
      }
      gone.forEach(held::remove);
    }
  }

  private void hold(Key key, TermPostings postings) {
    if (postings.bytes() > limit) {
      return;
    }
    Key own = new Key(key.segment, BytesRef.deepCopyOf(key.token));
    synchronized (held) {
      TermPostings before = held.put(own, postings);
      bytes += postings.bytes() - (before == null ? 0 : before.bytes());
      Iterator<TermPostings> oldest = held.values().iterator();
      while (bytes > limit && oldest.hasNext()) {
        bytes -= oldest.next().bytes();
        oldest.remove();
      }
    }
  }

  private static TermPostings decode(LeafReader reader, String field, BytesRef token)
      throws IOException {
    Terms terms = reader.terms(field);
    if (terms == null) {
      return null;
    }
    TermsEnum all = terms.iterator();
    if (!all.seekExact(token)) {
      return null;
    }
    return TermPostings.read(all.postings(null, PostingsEnum.FREQS), all.docFreq());
  }
}
