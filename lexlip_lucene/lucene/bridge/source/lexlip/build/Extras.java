package lexlip.build;

import java.util.Arrays;

/** The values of the {@link KeptKeys} keys of the line that is being read. */
final class Extras {
  private final KeptKeys kept;
  private final int[] from;
  private final int[] to;
  private final Bytes values = new Bytes(256);
  private int count;

  Extras(KeptKeys kept) {
    this.kept = kept;
    from = new int[kept.keys.length];
    to = new int[kept.keys.length];
  }

  void clear() {
    Arrays.fill(to, -1);
  }

  /** Returns the number of the kept key {@code text[begin, stop)}, or -1. */
  int find(byte[] text, int begin, int stop) {
    for (int key = 0; key < kept.names.length; key++) {
      if (Arrays.equals(text, begin, stop, kept.names[key], 0, kept.names[key].length)) {
        return key;
      }
    }
    return -1;
  }

  /** Notes the place in the line of a kept key's JSON value. */
  void found(int key, int begin, int stop) {
    from[key] = begin;
    to[key] = stop;
  }

  /** Writes the values in the form of {@link Block}. */
  void write(JsonScanner line, Bytes target) throws Refusal {
    values.clear();
    count = 0;
    for (int key = 0; key < to.length; key++) {
      if (to[key] >= 0 && line.input[from[key]] != 'n') { // null is not kept
        value(line, key);
      }
    }
    target.writeVarint(count);
    target.write(values.array, 0, values.length);
  }

  private void value(JsonScanner line, int key) throws Refusal {
    byte first = line.input[from[key]];
    line.at = from[key];
    if (kept.stored(key)) {
      if (first == '"') {
        line.text();
        put(2 * key, line.text, line.textFrom, line.textTo);
      } else {
        put(2 * key, line.input, from[key], to[key]);
      }
    }
    if (!kept.keyword(key)) {
      return;
    }
    line.at = from[key];
    if (first == '[') {
      list(line, key);
    } else if (first == '"') {
      keyword(line, key);
    } else if (first == '{') {
      throw new Refusal(notAKeyword(key));
    } else {
      put(2 * key + 1, line.input, from[key], to[key]);
    }
  }

  private void list(JsonScanner line, int key) throws Refusal {
    line.at++;
    line.white();
    if (line.input[line.at] == ']') {
      return;
    }
    do {
      if (line.input[line.at] != '"') {
        throw new Refusal(notAKeyword(key));
      }
      keyword(line, key);
    } while (line.more(']'));
  }

  private void keyword(JsonScanner line, int key) throws Refusal {
    line.text();
    put(2 * key + 1, line.text, line.textFrom, line.textTo);
  }

  private void put(int code, byte[] text, int begin, int stop) throws Refusal {
    if ((code & 1) == 1 && stop - begin > LineParser.MAX_TERM_BYTES) {
      throw new Refusal(
          "the keyword \""
              + kept.keys[code / 2]
              + "\" has "
              + (stop - begin)
              + " bytes, and Lucene takes "
              + LineParser.MAX_TERM_BYTES);
    }
    values.writeVarint(code);
    values.writeVarint(stop - begin);
    values.write(text, begin, stop);
    count++;
  }

  private String notAKeyword(int key) {
    return "the keyword \""
        + kept.keys[key]
        + "\" must be a text, a number, true or false, or a list of texts";
  }
}
