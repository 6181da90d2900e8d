package lexlip.build;

import java.util.Arrays;

/** A byte array that grows as it is written to; {@code array} holds {@code length} valid bytes. */
final class Bytes {
  byte[] array;
  int length;

  Bytes(int capacity) {
    array = new byte[capacity];
  }

  void write(byte[] source, int from, int to) {
    reserve(to - from);
    System.arraycopy(source, from, array, length, to - from);
    length += to - from;
  }

  void writeByte(int value) {
    reserve(1);
    array[length++] = (byte) value;
  }

  /**
   * Writes {@code value} >= 0 in groups of seven bits, lowest first; all but the last byte have the
   * top bit set.
   */
  void writeVarint(int value) {
    reserve(5);
    while (value > 0x7f) {
      array[length++] = (byte) (value | 0x80);
      value >>>= 7;
    }
    array[length++] = (byte) value;
  }

  void clear() {
    length = 0;
  }

  /** Frees the unused rest of the array. */
  void trim() {
    array = Arrays.copyOf(array, length);
  }

  private void reserve(int more) {
    if (array.length - length < more) {
      array = Arrays.copyOf(array, Math.addExact(length, Math.max(more, array.length / 2 + 64)));
    }
  }
}
