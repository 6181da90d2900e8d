package lexlip.build;

/** Code points in unchecked UTF-8 bytes. */
final class Utf8 {
  // as in java.lang.Character.isWhitespace, by which stock Anserini splits a text
  private static final String WHITE_SPACE =
      "\t\n"
          + "\u000b\f\r"
          + "\u001c\u001d\u001e\u001f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009"
          + "\u200a\u2028\u2029\u205f\u3000";

  private static final int MAX_UNITS = 255;

  private Utf8() {}

  /** Returns the code point at {@code bytes[at]}; its length is {@link #length}. */
  static int codePoint(byte[] bytes, int at, int end) throws Refusal {
    int lead = bytes[at] & 0xff;
    int length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length == 1) {
      return lead;
    }
    if (lead < 0xc2 || lead > 0xf4 || at + length > end) {
      throw new Refusal("it is not valid UTF-8");
    }
    int code = lead & (0x7f >> length);
    for (int i = 1; i < length; i++) {
      int part = bytes[at + i];
      if ((part & 0xc0) != 0x80) {
        throw new Refusal("it is not valid UTF-8");
      }
      code = code << 6 | part & 0x3f;
    }
    boolean shortest = code >= (length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000);
    if (!shortest || code > 0x10ffff || code >= 0xd800 && code < 0xe000) {
      throw new Refusal("it is not valid UTF-8");
    }
    return code;
  }

  static int length(int code) {
    return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }

  static void write(Bytes target, int code) {
    if (code < 0x80) {
      target.writeByte(code);
      return;
    }
    int length = length(code);
    target.writeByte(0xf00 >> length & 0xff | code >> 6 * (length - 1));
    for (int rest = length - 2; rest >= 0; rest--) {
      target.writeByte(0x80 | code >> 6 * rest & 0x3f);
    }
  }

  /**
   * Returns true when stock's white-space analysis keeps the token whole: 1 to 255 UTF-16 units,
   * none of them white.
   */
  static boolean keptWhole(byte[] bytes, int from, int to) throws Refusal {
    int units = 0;
    for (int at = from; at < to; ) {
      int code = codePoint(bytes, at, to);
      if (WHITE_SPACE.indexOf(code) >= 0) {
        return false;
      }
      units += code < 0x10000 ? 1 : 2;
      at += length(code);
    }
    return units >= 1 && units <= MAX_UNITS;
  }
}
