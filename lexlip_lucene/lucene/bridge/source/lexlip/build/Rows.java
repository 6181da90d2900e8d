package lexlip.build;

import java.io.IOException;

/** The rows of a matrix as documents; column numbers are term numbers. Python has checked them. */
final class Rows {
  private static final int BLOCK_ROWS = 1 << 14;

  final Input input;
  private final Stop stop;
  private final TermTable table = new TermTable();
  private final VectorBuilder vector = new VectorBuilder();
  private long sequence;

  /** Begins an input with {@code tokens} (different ones) as the columns. */
  Rows(Session session, byte[] tokens, byte[] lengths, boolean replace) {
    input = new Input(session, replace);
    stop = session.stop;
    int[] starts = Packed.starts(lengths);
    for (int column = 0; column + 1 < starts.length; column++) {
      table.add(tokens, starts[column], starts[column + 1]);
    }
  }

  /** Adds rows: their ids, their numbers of entries, then column and impact of each entry. */
  void add(byte[] ids, int[] idStarts, int[] sizes, int[] columns, int[] impacts)
      throws BuildError, IOException {
    int entry = 0;
    for (int from = 0; from < sizes.length; from += BLOCK_ROWS) {
      stop.check();
      Block block = new Block(sequence++, table);
      for (int row = from; row < Math.min(from + BLOCK_ROWS, sizes.length); row++) {
        vector.clear();
        for (int left = sizes[row]; left > 0; left--, entry++) {
          vector.put(columns[entry], impacts[entry]);
        }
        block.ids.write(ids, idStarts[row], idStarts[row + 1]);
        block.extras.writeVarint(0);
        block.add(vector);
      }
      input.batch().add(block);
      if (input.batch().full()) {
        input.flush();
      }
    }
  }
}
