package lexlip.search;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.lucene.util.ArrayUtil;
import org.apache.lucene.util.MSBRadixSorter;
import org.apache.lucene.util.RadixSelector;

/** A list of docids in UTF-8, one after the other in one array. */
final class DocidBytes {

  private byte[] bytes;
  private final int[] starts;
  private int size;

  /**
   * Makes an empty list.
   *
   * @param most docids that it may come to hold
   * @param length bytes of all of them to make room for; more is found when it is needed
   */
  DocidBytes(int most, int length) {
    bytes = new byte[length];
    starts = new int[most + 1];
  }

  int size() {
    return size;
  }

  /** Returns the bytes of all docids together. */
  int length() {
    return starts[size];
  }

  void add(byte[] from, int offset, int length) {
    int end = Math.addExact(starts[size], length);
    if (end > bytes.length) {
      bytes = ArrayUtil.grow(bytes, end);
    }
    System.arraycopy(from, offset, bytes, starts[size], length);
    starts[++size] = end;
  }

  void add(DocidBytes from, int i) {
    add(from.bytes, from.starts[i], from.starts[i + 1] - from.starts[i]);
  }

  /** Adds docid {@code i} of another list with a line feed behind it. */
  void addLine(DocidBytes from, int i) {
    add(from, i);
    int end = Math.incrementExact(starts[size]);
    if (end > bytes.length) {
      bytes = ArrayUtil.grow(bytes, end);
    }
    bytes[end - 1] = '\n';
    starts[size] = end;
  }

  /** Compares docid {@code i} with docid {@code j} of another list, in byte order. */
  int compare(int i, DocidBytes other, int j) {
    return Arrays.compareUnsigned(
        bytes, starts[i], starts[i + 1], other.bytes, other.starts[j], other.starts[j + 1]);
  }

  /** Sorts keys by the docids whose numbers are their lower halves. */
  void sort(long[] keys, int from, int to) {
    new MSBRadixSorter(Integer.MAX_VALUE) {
      @Override
      protected int byteAt(int i, int at) {
        return DocidBytes.this.byteAt((int) keys[i], at);
      }

      @Override
      protected void swap(int i, int j) {
        DocidBytes.swap(keys, i, j);
      }
    }.sort(from, to);
  }

  /** Moves the keys that {@link #sort} would leave before {@code kept} to there, in any order. */
  void select(long[] keys, int from, int to, int kept) {
    new RadixSelector(Integer.MAX_VALUE) {
      @Override
      protected int byteAt(int i, int at) {
        return DocidBytes.this.byteAt((int) keys[i], at);
      }

      @Override
      protected void swap(int i, int j) {
        DocidBytes.swap(keys, i, j);
      }
    }.select(from, to, kept - 1);
  }

  /** Returns byte {@code at} of docid {@code i}, −1 behind its end. */
  private int byteAt(int i, int at) {
    int place = starts[i] + at;
    return place < starts[i + 1] ? bytes[place] & 0xff : -1;
  }

  private static void swap(long[] keys, int i, int j) {
    long kept = keys[i];
    keys[i] = keys[j];
    keys[j] = kept;
  }

  /** Writes where each docid ends, the docids before it counted as {@code before} bytes. */
  void putEnds(int before, ByteBuffer out) {
    for (int i = 1; i <= size; i++) {
      out.putInt(before + starts[i]);
    }
  }

  void putBytes(ByteBuffer out) {
    out.put(bytes, 0, starts[size]);
  }

  /** Gives back the room that was made and is not used. */
  DocidBytes trimmed() {
    bytes = Arrays.copyOf(bytes, starts[size]);
    return this;
  }
}
