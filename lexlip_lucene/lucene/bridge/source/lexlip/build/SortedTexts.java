package lexlip.build;

import java.util.Arrays;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.MSBRadixSorter;

/**
 * Texts in the order of their bytes. Text {@code rank} is text number {@code order[rank]} of the
 * input, at {@code pool[starts[number], starts[number + 1])}.
 */
final class SortedTexts {
  final int[] order;
  private final byte[] pool;
  private final int[] starts;

  SortedTexts(byte[] pool, int[] starts) {
    this.pool = pool;
    this.starts = starts;
    this.order = new int[starts.length - 1];
    boolean sorted = true;
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
      sorted &= i == 0 || compare(i - 1, i) <= 0;
    }
    if (!sorted) {
      sort();
    }
  }

  int size() {
    return order.length;
  }

  /** Points {@code text} at the text of that rank. */
  void get(int rank, BytesRef text) {
    text.bytes = pool;
    text.offset = starts[order[rank]];
    text.length = starts[order[rank] + 1] - text.offset;
  }

  /** Returns the rank of the first text that equals the one before it, or -1. */
  int firstRepeated() {
    for (int rank = 1; rank < order.length; rank++) {
      if (compare(order[rank - 1], order[rank]) == 0) {
        return rank;
      }
    }
    return -1;
  }

  /**
   * Returns the first rank from {@code from} on whose text is not below {@code text}, or the size.
   */
  int ceiling(BytesRef text, int from) {
    BytesRef middle = new BytesRef();
    int low = from;
    int high = order.length;
    while (low < high) {
      int half = (low + high) >>> 1;
      get(half, middle);
      if (middle.compareTo(text) < 0) {
        low = half + 1;
      } else {
        high = half;
      }
    }
    return low;
  }

  /** Returns number → rank. */
  int[] ranks() {
    int[] ranks = new int[order.length];
    for (int rank = 0; rank < ranks.length; rank++) {
      ranks[order[rank]] = rank;
    }
    return ranks;
  }

  private int compare(int one, int other) {
    return Arrays.compareUnsigned(
        pool, starts[one], starts[one + 1], pool, starts[other], starts[other + 1]);
  }

  private void sort() {
    new MSBRadixSorter(Integer.MAX_VALUE) {
      @Override
      protected int byteAt(int i, int k) {
        int at = starts[order[i]] + k;
        return at < starts[order[i] + 1] ? pool[at] & 0xff : -1;
      }

      @Override
      protected void swap(int i, int j) {
        int kept = order[i];
        order[i] = order[j];
        order[j] = kept;
      }
    }.sort(0, order.length);
  }
}
