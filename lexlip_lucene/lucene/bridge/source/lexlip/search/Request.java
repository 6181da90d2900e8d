package lexlip.search;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.lucene.util.BytesRef;

/**
 * Weighted bags of tokens as they come from Python: 32-bit little-endian integers, then the tokens
 * in UTF-8.
 *
 * <pre>
 * tokens, bags, entries                          three counts
 * end of each token in the text                  tokens integers
 * end of each bag in the entries                 bags integers
 * token number of each entry                     entries integers
 * weight of each entry                           entries integers
 * the tokens, one after the other
 * </pre>
 */
final class Request {

  private final BytesRef[] tokens;
  private final int[] ends;
  private final int[] numbers;
  private final int[] weights;

  Request(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    tokens = new BytesRef[in.getInt()];
    ends = new int[in.getInt()];
    numbers = new int[in.getInt()];
    weights = new int[numbers.length];
    int[] tokenEnds = new int[tokens.length];
    in.asIntBuffer().get(tokenEnds).get(ends).get(numbers).get(weights);
    int text = 4 * (3 + tokens.length + ends.length + 2 * numbers.length);
    for (int t = 0, from = 0; t < tokens.length; from = tokenEnds[t++]) {
      tokens[t] = new BytesRef(bytes, text + from, tokenEnds[t] - from);
    }
  }

  int size() {
    return ends.length;
  }

  /** Returns the tokens of bag {@code b}. */
  BytesRef[] tokens(int b) {
    int from = b == 0 ? 0 : ends[b - 1];
    BytesRef[] bag = new BytesRef[ends[b] - from];
    for (int i = 0; i < bag.length; i++) {
      bag[i] = tokens[numbers[from + i]];
    }
    return bag;
  }

  /** Returns the weights of the tokens of bag {@code b}. */
  int[] weights(int b) {
    return java.util.Arrays.copyOfRange(weights, b == 0 ? 0 : ends[b - 1], ends[b]);
  }
}
