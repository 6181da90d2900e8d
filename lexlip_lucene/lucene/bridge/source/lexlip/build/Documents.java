package lexlip.build;

import java.util.Arrays;
import java.util.List;

/**
 * The documents of a batch by number, from 0 in the order of the input, and by position, its place
 * in the segment.
 */
final class Documents {
  final int count;
  final List<Block> blocks;
  final Totals totals;
  final byte[] ids; // all, one after the other
  final int[] idStarts;
  private final int[] firsts; // number of each block's first document
  private int[] order; // position → number; null: the same

  Documents(Batch batch) {
    blocks = batch.blocks();
    totals = batch.totals;
    count = Math.toIntExact(totals.documents);
    firsts = new int[blocks.size()];
    Bytes pool = new Bytes(blocks.stream().mapToInt(block -> block.ids.length).sum());
    idStarts = new int[count + 1];
    int number = 0;
    for (int b = 0; b < firsts.length; b++) {
      Block block = blocks.get(b);
      firsts[b] = number;
      for (int document = 0; document < block.documents; document++) {
        idStarts[number++] = pool.length + block.idStart(document);
      }
      pool.write(block.ids.array, 0, block.ids.length);
    }
    idStarts[count] = pool.length;
    ids = pool.array;
  }

  void reorder(int[] positionToNumber) {
    order = positionToNumber;
  }

  int number(int position) {
    return order == null ? position : order[position];
  }

  /** Returns number → position. */
  int[] positions() {
    int[] positions = new int[count];
    for (int position = 0; position < count; position++) {
      positions[number(position)] = position;
    }
    return positions;
  }

  Block block(int number) {
    return blocks.get(blockOf(number));
  }

  Varints vector(int number) {
    int b = blockOf(number);
    return blocks.get(b).vector(number - firsts[b]);
  }

  Varints extras(int number) {
    int b = blockOf(number);
    return blocks.get(b).extras(number - firsts[b]);
  }

  private int blockOf(int number) {
    int found = Arrays.binarySearch(firsts, number);
    return found >= 0 ? found : -found - 2;
  }
}
