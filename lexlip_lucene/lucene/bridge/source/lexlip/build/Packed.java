package lexlip.build;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The form of lists from Python: texts as one array of UTF-8 and their lengths, numbers as
 * little-endian int32.
 */
final class Packed {
  private Packed() {}

  static int[] ints(byte[] bytes) {
    int[] numbers = new int[bytes.length / 4];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(numbers);
    return numbers;
  }

  /** Returns the beginning of each text, and the end of the last one. */
  static int[] starts(byte[] lengths) {
    int[] numbers = ints(lengths);
    int[] starts = new int[numbers.length + 1];
    for (int i = 0; i < numbers.length; i++) {
      starts[i + 1] = starts[i] + numbers[i];
    }
    return starts;
  }

  static List<String> texts(byte[] bytes, byte[] lengths) {
    int[] starts = starts(lengths);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i + 1 < starts.length; i++) {
      texts.add(new String(bytes, starts[i], starts[i + 1] - starts[i], StandardCharsets.UTF_8));
    }
    return texts;
  }
}
