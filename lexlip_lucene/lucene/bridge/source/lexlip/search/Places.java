package lexlip.search;

import java.util.Arrays;

/**
 * Scores as places, the highest at 0: integers of 31 bits, so that a place and a document's number
 * are sorted as one {@code long}.
 */
final class Places {

  private final long highest;

  /** All scores, ascending, where they lie too far apart for their differences; else null. */
  private final long[] sorted;

  Places(TopK top) {
    long high = 0;
    long low = Long.MAX_VALUE;
    for (int i = 0; i < top.size(); i++) {
      high = Math.max(high, top.score(i));
      low = Math.min(low, top.score(i));
    }
    highest = high;
    if (high - low <= Integer.MAX_VALUE) {
      sorted = null;
    } else {
      sorted = new long[top.size()];
      Arrays.setAll(sorted, top::score);
      Arrays.sort(sorted);
    }
  }

  int of(long score) {
    return sorted == null ? (int) (highest - score) : sorted.length - 1 - lastOf(score);
  }

  long score(int place) {
    return sorted == null ? highest - place : sorted[sorted.length - 1 - place];
  }

  /** Returns the last place of a score in {@code sorted}. */
  private int lastOf(long score) {
    int low = 0;
    int high = sorted.length - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (sorted[middle] > score) {
        high = middle - 1;
      } else {
        low = middle;
      }
    }
    return low;
  }
}
