package lexlip.search;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Texts on their way to Python: their number and the end of each in bytes as 32-bit little-endian
 * integers, then all of them in UTF-8. Not as Java strings, because pyjnius takes a U+FEFF at the
 * beginning of one for a byte order mark.
 */
final class Texts {

  private Texts() {}

  static byte[] pack(List<String> texts) {
    byte[][] encoded =
        texts.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toArray(byte[][]::new);
    int size = 4 + 4 * encoded.length;
    for (byte[] text : encoded) {
      size = Math.addExact(size, text.length);
    }
    ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(encoded.length);
    int end = 0;
    for (byte[] text : encoded) {
      end += text.length;
      out.putInt(end);
    }
    for (byte[] text : encoded) {
      out.put(text);
    }
    return out.array();
  }
}
