package lexlip.build;

import java.util.HashMap;
import java.util.Map;

/**
 * The texts of caption fields in a collection: how many there are, and how many terms they have.
 */
final class CaptionLengths {
  private CaptionLengths() {}

  /**
   * Reads the whole collection. The result: of key number n, {@code lines.n} that have it, {@code
   * texts.n} among them with a term, and {@code terms.n} of these.
   *
   * @throws BuildError as {@link CollectionReader#fill}
   */
  static Map<String, Long> of(Shards shards, CaptionFields fields, Stop stop) throws BuildError {
    Captions captions = new Captions(fields);
    Lines lines = new Lines();
    int shard = -1;
    long before = 0; // lines of the shard in the blocks before
    while (shards.next(lines)) {
      stop.check();
      before = lines.shard == shard ? before : 0;
      shard = lines.shard;
      before += read(lines, captions, before, shards.path(shard));
    }
    Map<String, Long> result = new HashMap<>();
    for (int key = 0; key < fields.names.length; key++) {
      result.put("lines." + key, captions.lines[key]);
      result.put("texts." + key, captions.texts[key]);
      result.put("terms." + key, captions.terms[key]);
    }
    return result;
  }

  private static long read(Lines lines, Captions captions, long before, String path)
      throws BuildError {
    TermTable table = new TermTable();
    LineParser parser = new LineParser(table, KeptKeys.NONE, captions);
    Block unused = new Block(lines.sequence, table);
    long line = 0;
    try {
      for (int from = 0; from < lines.length; line++) {
        from = parser.parse(lines.bytes, from, lines.length, unused);
      }
    } catch (Refusal refusal) {
      throw new BuildError("line", path, Long.toString(before + line + 1), refusal.getMessage());
    }
    return line;
  }
}
