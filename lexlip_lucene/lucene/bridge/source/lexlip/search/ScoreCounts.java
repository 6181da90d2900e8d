package lexlip.search;

import java.util.Arrays;

/**
 * Numbers of documents by score, from which a score follows that at least k of them reach.
 *
 * <p>Scores below 1,024 have a count each; above, every doubling of the score is cut into 512 equal
 * parts. So that score is at most 1/512 below the k-th best of the documents counted.
 */
final class ScoreCounts {

  private static final int PART_BITS = 9;
  private static final int SIZE = part(Integer.MAX_VALUE) + 1;

  private final int[] counts = new int[SIZE];
  private int highest;

  /** Counts a document. */
  void add(int score) {
    int part = part(score);
    counts[part]++;
    highest = Math.max(highest, part);
  }

  /** Returns a score that at least {@code k} of the documents reach; 0 if there are fewer. */
  int reachedBy(int k) {
    int reached = 0;
    for (int part = highest; part > 0; part--) {
      reached += counts[part];
      if (reached >= k) {
        return lowest(part);
      }
    }
    return 0;
  }

  void clear() {
    Arrays.fill(counts, 0, highest + 1, 0);
    highest = 0;
  }

  private static int part(int score) {
    int shift = Math.max(31 - PART_BITS - Integer.numberOfLeadingZeros(score), 0);
    return (shift << PART_BITS) + (score >>> shift);
  }

  /** Returns the lowest score of a part. */
  private static int lowest(int part) {
    int shift = Math.max((part >>> PART_BITS) - 1, 0);
    return (part - (shift << PART_BITS)) << shift;
  }
}
