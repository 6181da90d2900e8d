package lexlip.build;

import java.util.Arrays;

/**
 * Terms (UTF-8 bytes) → numbers 0, 1, 2, … in the order of their first sight. Open addressing with
 * linear probing, at most half full. Not safe for several threads: each has its own.
 */
final class TermTable {
  // Spreads the hash over its upper bits, which choose the slot.
  private static final int GOLDEN_RATIO = 0x9E3779B9;

  final Bytes pool = new Bytes(1 << 12);
  private int[] starts = new int[1 << 10];
  // Hash in the upper half, number + 1 in the lower, or 0: most terms are found with three memory
  // accesses, and in a vocabulary that is larger than the cache those are most of the time.
  private long[] slots = new long[1 << 11];
  private int size;

  int size() {
    return size;
  }

  int start(int term) {
    return starts[term];
  }

  /** Returns the bytes that the table takes. */
  long bytes() {
    return pool.array.length + 4L * starts.length + 8L * slots.length;
  }

  /** Returns the starts of all terms in {@code pool}, and its end. */
  int[] starts() {
    return Arrays.copyOf(starts, size + 1);
  }

  static int hash(byte[] bytes, int from, int to) {
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = 31 * hash + bytes[i];
    }
    return hash;
  }

  int add(byte[] bytes, int from, int to) {
    return add(bytes, from, to, hash(bytes, from, to));
  }

  /** Returns the number of the term at {@code bytes[from, to)}, whose {@link #hash} is given. */
  int add(byte[] bytes, int from, int to, int hash) {
    int mask = slots.length - 1;
    int slot = slot(hash);
    for (long found; (found = slots[slot]) != 0; slot = (slot + 1) & mask) {
      int term = (int) found - 1;
      if ((int) (found >>> 32) == hash
          && Arrays.equals(pool.array, starts[term], starts[term + 1], bytes, from, to)) {
        return term;
      }
    }
    slots[slot] = (long) hash << 32 | size + 1;
    if (size + 2 > starts.length) {
      starts = Arrays.copyOf(starts, 2 * starts.length);
    }
    pool.write(bytes, from, to);
    starts[++size] = pool.length;
    if (2 * size > slots.length) {
      rehash();
    }
    return size - 1;
  }

  private int slot(int hash) {
    return hash * GOLDEN_RATIO >>> Integer.numberOfLeadingZeros(slots.length - 1);
  }

  private void rehash() {
    long[] old = slots;
    slots = new long[2 * old.length];
    for (long entry : old) {
      if (entry != 0) {
        int slot = slot((int) (entry >>> 32));
        while (slots[slot] != 0) {
          slot = (slot + 1) & (slots.length - 1);
        }
        slots[slot] = entry;
      }
    }
  }
}
