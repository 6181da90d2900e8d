package lexlip.build;

import java.util.Arrays;

/** The inverted lists of one keyword field: documents by value, each document once for a value. */
final class KeywordInverter {
  private final Documents documents;
  private final int code;
  private final TermTable table = new TermTable();
  private int[] last = new int[16]; // value → position + 1 of the last document that has it
  private int[] counts = new int[16];

  private KeywordInverter(Documents documents, int key) {
    this.documents = documents;
    this.code = 2 * key + 1;
  }

  /** Returns the lists of the wanted key with that number. */
  static Postings invert(Documents documents, int key) {
    KeywordInverter inverter = new KeywordInverter(documents, key);
    inverter.walk((value, position) -> inverter.counts[value]++);
    SortedTexts values = new SortedTexts(inverter.table.pool.array, inverter.table.starts());
    int[] starts = new int[values.size() + 1];
    int[] places = new int[values.size()];
    for (int rank = 0; rank < values.size(); rank++) {
      places[values.order[rank]] = starts[rank];
      starts[rank + 1] = starts[rank] + inverter.counts[values.order[rank]];
    }
    int[] found = new int[starts[values.size()]];
    Arrays.fill(inverter.last, 0);
    inverter.walk((value, position) -> found[places[value]++] = position);
    return new Postings(values, starts, found, null, null);
  }

  private interface Visitor {
    void visit(int value, int position);
  }

  private void walk(Visitor visitor) {
    for (int position = 0; position < documents.count; position++) {
      Varints extras = documents.extras(documents.number(position));
      for (int left = extras.next(); left > 0; left--) {
        boolean own = extras.next() == code;
        int length = extras.next();
        if (own) {
          int value = table.add(extras.bytes, extras.place, extras.place + length);
          reserve(value);
          if (last[value] != position + 1) {
            last[value] = position + 1;
            visitor.visit(value, position);
          }
        }
        extras.place += length;
      }
    }
  }

  private void reserve(int value) {
    if (value == last.length) {
      last = Arrays.copyOf(last, 2 * value);
      counts = Arrays.copyOf(counts, 2 * value);
    }
  }
}
