package lexlip.search;

import java.util.Arrays;

/** A list of longs that is used again and again. */
final class LongList {

  private long[] values = new long[256];
  private int size;

  void clear() {
    size = 0;
  }

  int size() {
    return size;
  }

  long get(int i) {
    return values[i];
  }

  /** Makes room for so many more. */
  void reserve(int more) {
    if (values.length - size < more) {
      values = Arrays.copyOf(values, Math.max(2 * values.length, size + more));
    }
  }

  /** Adds a value, for which there must be room. */
  void add(long value) {
    values[size++] = value;
  }
}
