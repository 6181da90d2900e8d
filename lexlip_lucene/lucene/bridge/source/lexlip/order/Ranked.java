package lexlip.order;

/**
 * Pairs of a float and a number ≥ 0 as one long that sorts as the pairs do, and the selection of
 * the one of a given rank.
 */
final class Ranked {

  private Ranked() {}

  // The bits of a float sort as it does, those of negative ones backwards; + 0f makes −0 and 0
  // equal.
  static long key(float value, int number) {
    int bits = Float.floatToRawIntBits(value + 0f);
    return (long) (bits ^ (bits >> 31 & Integer.MAX_VALUE)) << 32 | number;
  }

  static float value(long key) {
    int bits = (int) (key >> 32);
    return Float.intBitsToFloat(bits ^ (bits >> 31 & Integer.MAX_VALUE));
  }

  /**
   * Returns the key that has {@code rank} smaller ones; changes the order of {@code keys}, which
   * must differ.
   */
  static long smallest(long[] keys, int rank) {
    int from = 0;
    int to = keys.length - 1;
    while (from < to) {
      long pivot = median(keys[from], keys[(from + to) >>> 1], keys[to]);
      int low = from;
      int high = to;
      while (low <= high) {
        while (keys[low] < pivot) {
          low++;
        }
        while (keys[high] > pivot) {
          high--;
        }
        if (low <= high) {
          long key = keys[low];
          keys[low++] = keys[high];
          keys[high--] = key;
        }
      }
      if (rank <= high) {
        to = high;
      } else if (rank >= low) {
        from = low;
      } else {
        break;
      }
    }
    return keys[rank];
  }

  private static long median(long a, long b, long c) {
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }
}
