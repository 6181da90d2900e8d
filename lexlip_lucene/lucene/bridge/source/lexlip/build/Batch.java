package lexlip.build;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** The documents in memory that will be written as one segment. */
final class Batch {
  // of documents, postings and bytes of ids: arrays have int lengths
  private static final int MAX_COUNT = 1 << 30;

  private final long memory;
  private final int bytesPerPosting;
  private final List<Block> blocks = new ArrayList<>();
  // with the bytes that each takes
  private final Map<TermTable, Long> tables = new IdentityHashMap<>();
  private long bytes;
  private long idBytes;
  final Totals totals = new Totals();

  /**
   * Makes an empty batch.
   *
   * @param memory bytes that its documents may take, with everything made of them for writing
   * @param ordered whether the documents will be reordered, for which each posting takes four bytes
   *     more
   */
  Batch(long memory, boolean ordered) {
    this.memory = memory;
    // A document number and an impact in one byte, see Inverter.
    this.bytesPerPosting = ordered ? 9 : 5;
  }

  synchronized void add(Block block) {
    block.finish();
    blocks.add(block);
    totals.add(block);
    idBytes += block.ids.length;
    long table = block.table.bytes();
    Long before = tables.put(block.table, table);
    // All of them are put together when they are written.
    bytes += 2 * (table - (before == null ? 0 : before));
    bytes += block.bytes() + bytesPerPosting * block.postings + 16L * block.documents;
  }

  synchronized boolean full() {
    return bytes >= memory
        || totals.postings >= MAX_COUNT
        || totals.documents >= MAX_COUNT
        || idBytes >= MAX_COUNT;
  }

  synchronized boolean isEmpty() {
    return totals.documents == 0;
  }

  /** Returns the blocks in the order of the input. */
  synchronized List<Block> blocks() {
    blocks.sort(Comparator.comparingLong(block -> block.sequence));
    return blocks;
  }
}
