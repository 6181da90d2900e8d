package lexlip.build;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;

/** The texts of the {@link CaptionFields} keys of the line that is being read. */
final class Captions {
  final long[] lines; // of each key, how many had it
  final long[] texts; // and how many with a term
  final long[] terms; // and how many terms these had
  int added; // postings of the line that was read last
  private final CaptionFields fields;
  private final int[] from;
  private final int[] to;
  private final Bytes term = new Bytes(64);

  Captions(CaptionFields fields) {
    this.fields = fields;
    int keys = fields.names.length;
    lines = new long[keys];
    texts = new long[keys];
    terms = new long[keys];
    from = new int[keys];
    to = new int[keys];
  }

  void clear() {
    Arrays.fill(to, -1);
  }

  /** Returns the number of the caption key {@code text[begin, stop)}, or -1. */
  int find(byte[] text, int begin, int stop) {
    for (int key = 0; key < to.length; key++) {
      if (Arrays.equals(text, begin, stop, fields.names[key], 0, fields.names[key].length)) {
        return key;
      }
    }
    return -1;
  }

  /** Notes the place in the line of a caption key's JSON value. */
  void found(int key, int begin, int stop) {
    from[key] = begin;
    to[key] = stop;
  }

  /** Adds the terms of the line's texts to its vector. */
  void addTo(VectorBuilder vector, TermTable table, JsonScanner line) throws Refusal {
    int before = vector.size;
    for (int key = 0; key < to.length; key++) {
      if (to[key] >= 0 && line.input[from[key]] != 'n') { // null is no text
        lines[key]++;
        add(key, counted(text(line, key)), vector, table);
      }
    }
    added = vector.size - before;
  }

  private void add(int key, Map<String, Integer> counts, VectorBuilder vector, TermTable table)
      throws Refusal {
    int length = counts.values().stream().mapToInt(Integer::intValue).sum();
    texts[key] += length > 0 ? 1 : 0;
    terms[key] += length;
    for (Map.Entry<String, Integer> count : counts.entrySet()) {
      byte[] bytes = count.getKey().getBytes(StandardCharsets.UTF_8);
      term.clear();
      term.write(fields.prefixes[key], 0, fields.prefixes[key].length);
      term.write(bytes, 0, bytes.length);
      if (!Utf8.keptWhole(term.array, 0, term.length)) {
        continue; // no index has it, and no query finds it
      }
      int number = table.add(term.array, 0, term.length);
      if (vector.has(number)) {
        String token = new String(term.array, 0, term.length, StandardCharsets.UTF_8);
        throw new Refusal("its vector has " + token + ", which a word of its text would be");
      }
      vector.put(number, fields.impact(key, count.getValue(), length));
    }
  }

  /** Returns the value as one text: a text or a number as it is, a list with spaces between. */
  private String text(JsonScanner line, int key) throws Refusal {
    line.at = from[key];
    byte first = line.input[line.at];
    if (first == '"') {
      return next(line);
    }
    if (first == '[') {
      return list(line, key);
    }
    if (first == '{' || first == 't' || first == 'f') {
      throw new Refusal(notAText(key));
    }
    return new String(line.input, from[key], to[key] - from[key], StandardCharsets.UTF_8);
  }

  private String list(JsonScanner line, int key) throws Refusal {
    StringBuilder texts = new StringBuilder();
    line.at++;
    line.white();
    if (line.input[line.at] == ']') {
      return "";
    }
    do {
      if (line.input[line.at] != '"') {
        throw new Refusal(notAText(key));
      }
      texts.append(next(line)).append(' ');
    } while (line.more(']'));
    return texts.toString();
  }

  private static String next(JsonScanner line) throws Refusal {
    line.text();
    return new String(
        line.text, line.textFrom, line.textTo - line.textFrom, StandardCharsets.UTF_8);
  }

  private Map<String, Integer> counted(String text) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    try (TokenStream stream = fields.analyzer.tokenStream("contents", text)) {
      CharTermAttribute found = stream.addAttribute(CharTermAttribute.class);
      stream.reset();
      while (stream.incrementToken()) {
        counts.merge(found.toString(), 1, Integer::sum);
      }
      stream.end();
    } catch (IOException impossible) {
      throw new IllegalStateException("a text in memory can be read", impossible);
    }
    return counts;
  }

  private String notAText(int key) {
    return "the caption \""
        + new String(fields.names[key], StandardCharsets.UTF_8)
        + "\" must be a text, a number, or a list of texts";
  }
}
