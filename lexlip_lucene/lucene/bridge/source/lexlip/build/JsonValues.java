package lexlip.build;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * The JSON values of a {@code .json} file, one a line: one value, an array of values, or values one
 * after the other. White space between tokens becomes a space; anything in a place where it can't
 * be becomes a line of its own, which is refused.
 */
final class JsonValues extends FilterInputStream {
  private enum Place {
    BEGIN,
    BEFORE_VALUE, // in an array: a value must follow, or the end if the array is still empty
    AFTER_VALUE,
    BETWEEN, // outside of an array
    END
  }

  private static final int BLOCK = 1 << 16;

  private final byte[] block = new byte[BLOCK];
  private int at;
  private int end;
  private final byte[] waiting = new byte[3]; // what one byte of input becomes, at most
  private int first;
  private int last;

  private Place place = Place.BEGIN;
  private boolean array;
  private boolean any;
  private int depth;
  private boolean text;
  private boolean escaped;

  JsonValues(InputStream in) {
    super(in);
  }

  @Override
  public int read(byte[] into, int from, int length) throws IOException {
    int count = 0;
    while (count < length) {
      if (first < last) {
        into[from + count++] = waiting[first++];
      } else if (at < end || refill()) {
        take(block[at++]);
      } else if (place == Place.END || !cut()) {
        break;
      }
    }
    return count == 0 && length > 0 ? -1 : count;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  private boolean refill() throws IOException {
    at = 0;
    end = Math.max(0, in.read(block, 0, BLOCK));
    return end > 0;
  }

  /** Leaves a line that is refused, once, for an array without an end. */
  private boolean cut() {
    boolean missing = array || depth > 0;
    place = Place.END;
    if (missing) {
      give((byte) '\n', (byte) ']', (byte) '\n');
    }
    return missing;
  }

  private void give(byte... bytes) {
    System.arraycopy(bytes, 0, waiting, 0, bytes.length);
    first = 0;
    last = bytes.length;
  }

  private void take(byte b) {
    if (depth > 0) {
      inside(b);
    } else if (b == ' ' || b == '\t' || b == '\r' || b == '\n') {
      return;
    } else if (b == '[' && place == Place.BEGIN) {
      array = true;
      place = Place.BEFORE_VALUE;
    } else if (b == ',' && place == Place.AFTER_VALUE) {
      place = Place.BEFORE_VALUE;
    } else if (b == ']'
        && array
        && (place == Place.AFTER_VALUE || (place == Place.BEFORE_VALUE && !any))) {
      array = false;
      place = Place.END;
    } else if (b == '{' && place != Place.AFTER_VALUE && place != Place.END) {
      depth = 1;
      any = true;
      give(b);
    } else {
      give(b, (byte) '\n');
    }
  }

  private void inside(byte b) {
    if (text) {
      text = b != '"' || escaped;
      escaped = b == '\\' && !escaped;
      give(b);
      return;
    }
    text = b == '"';
    depth += b == '{' || b == '[' ? 1 : b == '}' || b == ']' ? -1 : 0;
    if (depth == 0) {
      place = array ? Place.AFTER_VALUE : Place.BETWEEN;
      give(b, (byte) '\n');
    } else {
      give(b == '\n' || b == '\r' ? (byte) ' ' : b);
    }
  }
}
