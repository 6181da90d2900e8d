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
 * The postings decoded so far, up to a number of bytes; those not used for the longest time leave first. Shared by all
 * snapshots of an index, because a segment's postings never change. Safe for several threads.
 */
final class PostingsCache {

  /** All postings of a token, where a number of postings is asked for. */
  static final int ALL = Integer.MAX_VALUE;

  private record Key(Object segment, BytesRef token, int most) {}

  private final long limit;
  private final Map<Key, TermPostings> held = new LinkedHashMap<>(256, 0.75f, true);
  private long bytes;

  /** @param limit in bytes; postings that alone take more are not held */
  PostingsCache(long limit) {
    this.limit = limit;
  }

  long limit() {
    return limit;
  }

  /**
   * The postings of {@code token}, or its {@code most} heaviest; null where the segment has no such token.
   *
   * @param most at least 1, or {@link #ALL}
   */
  TermPostings get(LeafReader reader, String field, BytesRef token, int most) throws IOException {
    Object segment = reader.getCoreCacheHelper().getKey();
    Key key = new Key(segment, token, most);
    synchronized (held) {
      TermPostings there = held.get(key);
      if (there != null) {
        return there;
      }
    }
    TermPostings read = most == ALL ? decode(reader, field, token) : get(reader, field, token, ALL);
    if (read == null) {
      return null;
    }
    if (most != ALL) {
      read = read.heaviest(most);
    }
    hold(key, read);
    return read;
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
    Key own = new Key(key.segment, BytesRef.deepCopyOf(key.token), key.most);
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

  private static TermPostings decode(LeafReader reader, String field, BytesRef token) throws IOException {
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
