package lexlip.build;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A reader of lines {@code {"id": text, "contents": text, "vector": {token: impact}, …}} into a
 * {@link Block}.
 *
 * <p>It accepts exactly what {@code parse_line} of {@code vectors/json_vector.py} accepts; of a
 * repeated key the last value counts, as there. Each thread has its own.
 */
final class LineParser extends JsonScanner {
  static final int MAX_IMPACT = (1 << 24) - 1;
  static final int MAX_TERM_BYTES = 32766; // Lucene's, of a term and of a binary doc value

  private static final byte[] ID = {'i', 'd'};
  private static final byte[] CONTENTS = {'c', 'o', 'n', 't', 'e', 'n', 't', 's'};
  private static final byte[] VECTOR = {'v', 'e', 'c', 't', 'o', 'r'};

  private static final int ZERO = -1;
  // orjson reads those from here to LARGEST_ID.
  private static final BigInteger LEAST_ID = BigInteger.valueOf(Long.MIN_VALUE);
  private static final BigInteger LARGEST_ID = BigInteger.TWO.pow(64).subtract(BigInteger.ONE);

  private final TermTable table;
  private final VectorBuilder vector = new VectorBuilder();
  private final Bytes id = new Bytes(64);
  private final Extras extras;
  private final Captions captions;
  private boolean idGood;
  private boolean contentsGood;
  private boolean vectorGood;
  private boolean kept; // whether the index keeps the token that was read last whole

  LineParser(TermTable table, KeptKeys keys) {
    this(table, keys, null);
  }

  /**
   * @param captions adds terms of other keys to the vector; null for none
   */
  LineParser(TermTable table, KeptKeys keys, Captions captions) {
    this.table = table;
    this.extras = keys.none() ? null : new Extras(keys);
    this.captions = captions;
  }

  /**
   * Adds the line that begins at {@code bytes[from]} to the block, and returns the beginning of the
   * next one. A blank line is passed over, as are weights of 0.
   *
   * @param to end of the lines; {@code bytes[to]} is a line feed
   */
  int parse(byte[] bytes, int from, int to, Block block) throws Refusal {
    input = bytes;
    at = from;
    end = to;
    white();
    if (input[at] == '\n') {
      return at + 1;
    }
    object();
    int next = at + 1;
    if (!idGood) {
      throw new Refusal("\"id\" must be a text that is not empty, or an integer");
    }
    if (id.length > MAX_TERM_BYTES) {
      throw new Refusal("\"id\" has " + id.length + " bytes, and Lucene takes " + MAX_TERM_BYTES);
    }
    if (!contentsGood || !vectorGood || !vector.acceptable()) {
      throw new Refusal(
          contentsGood ? "\"vector\" is not token to impact" : "\"contents\" must be a text");
    }
    block.ids.write(id.array, 0, id.length);
    if (extras != null) {
      extras.write(this, block.extras);
    }
    if (captions != null) {
      captions.addTo(vector, table, this);
      block.addCaptions(captions.added, vector.size);
    }
    block.add(vector);
    return next;
  }

  private void object() throws Refusal {
    idGood = vectorGood = false;
    contentsGood = true;
    if (extras != null) {
      extras.clear();
    }
    if (captions != null) {
      captions.clear();
    }
    expect('{');
    white();
    if (input[at] == '}') {
      at++;
    } else {
      do {
        pair();
      } while (more('}'));
    }
    white();
    if (input[at] != '\n') {
      throw new Refusal("something follows its JSON object");
    }
  }

  private void pair() throws Refusal {
    key();
    int extra = extras == null ? -1 : extras.find(text, textFrom, textTo);
    int caption = captions == null ? -1 : captions.find(text, textFrom, textTo);
    int from = at;
    if (keyIs(VECTOR)) {
      vector();
    } else if (keyIs(ID)) {
      boolean isText = input[at] == '"';
      skip(1);
      id.clear();
      if (isText) {
        id.write(text, textFrom, textTo);
      } else {
        integer(from, at);
      }
      idGood = id.length > 0;
    } else {
      if (keyIs(CONTENTS)) {
        contentsGood = input[at] == '"' || input[at] == 'n';
      }
      skip(1);
    }
    if (extra >= 0) {
      extras.found(extra, from, at);
    }
    if (caption >= 0) {
      captions.found(caption, from, at);
    }
  }

  private boolean keyIs(byte[] name) {
    return Arrays.equals(text, textFrom, textTo, name, 0, name.length);
  }

  private void vector() throws Refusal {
    vector.clear();
    vectorGood = input[at] == '{';
    if (!vectorGood) {
      skip(1);
      return;
    }
    at++;
    white();
    if (input[at] == '}') {
      at++;
      return;
    }
    do {
      int term = token();
      white();
      expect(':');
      white();
      int impact = impact();
      if (impact == ZERO) {
        vector.zero(term); // Lucene writes no term without documents
      } else {
        vector.put(term, kept ? impact : 0);
      }
    } while (more('}'));
  }

  private int token() throws Refusal {
    byte[] bytes = input;
    int from = at + 1;
    int place = from;
    int hash = 0;
    if (bytes[at] == '"') {
      for (byte b; (b = bytes[place]) > ' ' && b != '"' && b != '\\'; place++) {
        hash = 31 * hash + b;
      }
      if (bytes[place] == '"' && place > from && place - from <= 255) {
        at = place + 1;
        kept = true;
        return table.add(bytes, from, place, hash);
      }
    }
    text();
    kept = Utf8.keptWhole(text, textFrom, textTo);
    return table.add(text, textFrom, textTo);
  }

  /**
   * Takes the number {@code input[from, to)} as the id, if it is an integer that JSON readers keep
   * whole.
   */
  private void integer(int from, int to) {
    String number = new String(input, from, to - from, StandardCharsets.US_ASCII);
    if (number.matches("-?[0-9]{1,20}")) {
      BigInteger value = new BigInteger(number);
      if (value.compareTo(LEAST_ID) >= 0 && value.compareTo(LARGEST_ID) <= 0) {
        byte[] digits = value.toString().getBytes(StandardCharsets.US_ASCII);
        id.write(digits, 0, digits.length);
      }
    }
  }

  /**
   * Returns the impact at {@code at}, {@link #ZERO} for the integer 0, or 0 for any other value.
   */
  private int impact() throws Refusal {
    int from = at;
    int value = 0;
    int place = at;
    for (int digit; place - from < 9 && (digit = input[place] - '0') >= 0 && digit <= 9; place++) {
      value = 10 * value + digit;
    }
    if (place > from && input[from] != '0' && ends(place)) {
      at = place;
      return value <= MAX_IMPACT ? value : 0;
    }
    int zero = input[from] == '-' ? from + 1 : from;
    if (input[zero] == '0' && ends(zero + 1)) {
      at = zero + 1;
      return ZERO;
    }
    skip(2);
    return 0;
  }

  /** Returns true if a number in an object ends before {@code place}. */
  private boolean ends(int place) {
    byte next = input[place];
    return next == ',' || next == '}' || next == ' ' || next == '\t' || next == '\r';
  }
}
