package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import org.apache.lucene.index.LeafReader;

/** The best documents of one segment, by the place of their score, then by docid in byte order. */
final class RankedDocids {

  /** The place of each score, and in the lower half the docid's number in {@code docids}. */
  private final long[] keys;

  private final DocidBytes docids;

  private RankedDocids(long[] keys, DocidBytes docids) {
    this.keys = keys;
    this.docids = docids;
  }

  /**
   * Ranks documents of a segment whose docids are held.
   *
   * @param documents numbers in the segment
   * @param places the place of each one's score
   * @param count number of entries used of both
   * @param k number of the best to keep
   */
  static RankedDocids of(SegmentDocids held, int[] documents, int[] places, int count, int k) {
    long[] keys = new long[count];
    for (int i = 0; i < count; i++) {
      keys[i] = (long) places[i] << 32 | held.rank(documents[i]);
    }
    return new RankedDocids(best(keys, k), held.docids());
  }

  /** Ranks like the other method; the docids are read from the segment. */
  static RankedDocids read(
      LeafReader reader, String id, int[] documents, int[] places, int count, int k)
      throws IOException {
    long[] byDocument = new long[count];
    for (int i = 0; i < count; i++) {
      byDocument[i] = (long) documents[i] << 32 | i;
    }
    Arrays.sort(byDocument);
    DocidBytes docids = new DocidBytes(count, 16 * Math.min(count, 1024));
    DocidReader all = new DocidReader(reader, id);
    long[] keys = new long[count];
    for (int i = 0; i < count; i++) {
      all.read((int) (byDocument[i] >>> 32), docids);
      keys[i] = (long) places[(int) byDocument[i]] << 32 | i;
    }
    Arrays.sort(keys);
    int kept = Math.min(k, count);
    for (int from = 0, to; from < kept; from = to) {
      to = from + 1;
      while (to < count && keys[to] >>> 32 == keys[from] >>> 32) {
        to++;
      }
      if (to > kept) {
        docids.select(keys, from, to, kept);
      }
      if (to > from + 1) {
        docids.sort(keys, from, Math.min(to, kept));
      }
    }
    return new RankedDocids(Arrays.copyOf(keys, kept), docids);
  }

  int size() {
    return keys.length;
  }

  int place(int i) {
    return (int) (keys[i] >>> 32);
  }

  /** Adds docid {@code i} to a list, with a line feed behind it. */
  void copy(int i, DocidBytes to) {
    to.addLine(docids, (int) keys[i]);
  }

  /** Compares docid {@code i} with docid {@code j} of another segment, in byte order. */
  int compare(int i, RankedDocids other, int j) {
    return docids.compare((int) keys[i], other.docids, (int) other.keys[j]);
  }

  private static long[] best(long[] keys, int k) {
    long[] best = keys;
    if (keys.length > k) {
      Selection.smallest(keys, keys.length, k);
      best = Arrays.copyOf(keys, k);
    }
    Arrays.sort(best);
    return best;
  }
}
