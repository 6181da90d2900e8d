package lexlip.build;

import java.nio.charset.StandardCharsets;

/**
 * A reader of JSON from bytes. It refuses what RFC 8259 does not allow, texts with half a surrogate
 * pair, numbers beyond the doubles and values nested more than 1,024 deep.
 *
 * <p>A text is left in {@code text[textFrom, textTo)}: the input itself for a text without escapes,
 * else a copy that the next text overwrites. The input ends with a line feed, which no JSON on one
 * line can hold, so that no loop needs to look for the end; {@code end} is where the input as a
 * whole ends, with a line feed, too.
 */
class JsonScanner {
  private static final int MAX_DEPTH = 1024; // orjson's own limit

  byte[] input;
  int at;
  int end;

  byte[] text;
  int textFrom;
  int textTo;
  private final Bytes unescaped = new Bytes(256);

  final void white() {
    for (byte b; (b = input[at]) == ' ' || b == '\t' || b == '\r'; ) {
      at++;
    }
  }

  final void expect(char wanted) throws Refusal {
    if (input[at] != wanted) {
      throw new Refusal("'" + wanted + "' is missing in its JSON");
    }
    at++;
  }

  /**
   * Passes the comma or {@code close} after a value in an object or array; returns true for a
   * comma.
   */
  final boolean more(char close) throws Refusal {
    white();
    if (input[at] == ',') {
      at++;
      white();
      return true;
    }
    expect(close);
    return false;
  }

  /** Reads a text; {@code at} is at its quote. */
  final void text() throws Refusal {
    expect('"');
    int from = at;
    for (byte b; (b = input[at]) != '"'; ) {
      if (b == '\\') {
        escaped(from);
        return;
      }
      at += plain(b);
    }
    text = input;
    textFrom = from;
    textTo = at++;
  }

  private void escaped(int from) throws Refusal {
    unescaped.clear();
    unescaped.write(input, from, at);
    for (byte b; (b = input[at]) != '"'; ) {
      if (b == '\\') {
        at++;
        Utf8.write(unescaped, escape());
      } else {
        int length = plain(b);
        unescaped.write(input, at, at + length);
        at += length;
      }
    }
    at++;
    text = unescaped.array;
    textFrom = 0;
    textTo = unescaped.length;
  }

  /** Returns the length of the character at {@code at}, whose first byte is {@code first}. */
  private int plain(byte first) throws Refusal {
    if (first >= ' ') {
      return 1;
    }
    if (first >= 0) {
      throw new Refusal("a text in its JSON has no end or a control character");
    }
    return Utf8.length(Utf8.codePoint(input, at, end));
  }

  private int escape() throws Refusal {
    switch (input[at++]) {
      case '"':
        return '"';
      case '\\':
        return '\\';
      case '/':
        return '/';
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'u':
        return unicode();
      default:
        throw new Refusal("a text in its JSON has an unknown escape");
    }
  }

  private int unicode() throws Refusal {
    int high = hex();
    if (high < 0xd800 || high > 0xdfff) {
      return high;
    }
    if (high < 0xdc00 && input[at] == '\\' && input[at + 1] == 'u') {
      at += 2;
      int low = hex();
      if (low >= 0xdc00 && low <= 0xdfff) {
        return 0x10000 + (high - 0xd800 << 10 | low - 0xdc00);
      }
    }
    throw new Refusal("a text in its JSON has half a surrogate pair");
  }

  private int hex() throws Refusal {
    int value = 0;
    for (int i = 0; i < 4; i++) {
      // The byte below 0x20 at the end is not a digit.
      int digit = input[at] < 0 ? -1 : Character.digit(input[at], 16);
      if (digit < 0) {
        throw new Refusal("a text in its JSON has an unknown escape");
      }
      value = value << 4 | digit;
      at++;
    }
    return value;
  }

  /** Passes a value of any kind; {@code depth} is that of the object or array around it. */
  final void skip(int depth) throws Refusal {
    switch (input[at]) {
      case '"':
        text();
        break;
      case '{':
      case '[':
        nested(depth + 1);
        break;
      case 't':
        literal("true");
        break;
      case 'f':
        literal("false");
        break;
      case 'n':
        literal("null");
        break;
      default:
        number();
    }
  }

  private void nested(int depth) throws Refusal {
    if (depth > MAX_DEPTH) {
      throw new Refusal("its JSON is nested more than " + MAX_DEPTH + " deep");
    }
    boolean object = input[at++] == '{';
    char close = object ? '}' : ']';
    white();
    if (input[at] == close) {
      at++;
      return;
    }
    do {
      if (object) {
        key();
      }
      skip(depth);
    } while (more(close));
  }

  /** Reads a key, its colon and the white space around it. */
  final void key() throws Refusal {
    text();
    white();
    expect(':');
    white();
  }

  final void literal(String wanted) throws Refusal {
    for (int i = 0; i < wanted.length(); i++) {
      expect(wanted.charAt(i));
    }
  }

  private void number() throws Refusal {
    int from = at;
    at += input[at] == '-' ? 1 : 0;
    int first = at;
    digits();
    if (input[first] == '0' && at > first + 1) {
      throw new Refusal("a number in its JSON begins with 0");
    }
    if (input[at] == '.') {
      at++;
      digits();
    }
    if (input[at] == 'e' || input[at] == 'E') {
      at++;
      at += input[at] == '-' || input[at] == '+' ? 1 : 0;
      digits();
    } else if (at - from < 300) {
      return; // too short to be infinite
    }
    if (Double.isInfinite(
        Double.parseDouble(new String(input, from, at - from, StandardCharsets.US_ASCII)))) {
      throw new Refusal("a number in its JSON is beyond the doubles");
    }
  }

  private void digits() throws Refusal {
    int from = at;
    while (input[at] >= '0' && input[at] <= '9') {
      at++;
    }
    if (at == from) {
      throw new Refusal("its JSON has no value where one is needed");
    }
  }
}
