package lexlip.build;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A reader of a collection's shards into batches, with several threads; documents keep the order of
 * their lines.
 */
final class CollectionReader {
  private record Refused(long sequence, int shard, int line, String reason) {}

  private record Place(int shard, int lines) {}

  private final Shards shards;
  private final KeptKeys kept;
  private final CaptionFields captions;
  private final int threads;
  private final Stop stop;
  // block → its shard and number of lines
  private final TreeMap<Long, Place> read = new TreeMap<>();
  private Refused first;

  CollectionReader(Shards shards, KeptKeys kept, CaptionFields captions, int threads, Stop stop) {
    this.shards = shards;
    this.kept = kept;
    this.captions = captions;
    this.threads = threads;
    this.stop = stop;
  }

  /**
   * Adds documents to the batch until it is full or the collection ends.
   *
   * @throws BuildError {@code line}, for the first line that is not a document, {@code unreadable},
   *     or {@code stopped}
   */
  void fill(Batch batch) throws BuildError, IOException {
    ExecutorService pool = Executors.newFixedThreadPool(threads, Threads::daemon);
    try {
      List<Future<?>> tasks = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        tasks.add(
            pool.submit(
                () -> {
                  work(batch);
                  return null;
                }));
      }
      Threads.join(tasks);
    } finally {
      pool.shutdownNow();
    }
    stop.check();
    if (first != null) {
      throw new BuildError(
          "line", shards.path(first.shard), Long.toString(lineNumber()), first.reason);
    }
  }

  private void work(Batch batch) throws BuildError {
    TermTable table = new TermTable();
    LineParser parser = new LineParser(table, kept, captions.parser());
    Lines lines = new Lines();
    while (!stop.asked() && !failed() && !batch.full() && shards.next(lines)) {
      Block block = new Block(lines.sequence, table);
      int line = 0;
      int from = 0;
      try {
        for (; from < lines.length; line++) {
          from = parser.parse(lines.bytes, from, lines.length, block);
        }
      } catch (Refusal refusal) {
        refused(new Refused(lines.sequence, lines.shard, line, refusal.getMessage()));
        return;
      }
      batch.add(block);
      done(lines, line);
    }
  }

  private synchronized void done(Lines lines, int count) {
    read.put(lines.sequence, new Place(lines.shard, count));
  }

  private synchronized void refused(Refused refused) {
    // Blocks are handed out in order, so all before this one are read to their ends, and the first
    // stays the first.
    if (first == null || refused.sequence < first.sequence) {
      first = refused;
    }
  }

  private synchronized boolean failed() {
    return first != null;
  }

  private long lineNumber() {
    long before = 0;
    for (Place place : read.headMap(first.sequence).values()) {
      before += place.shard == first.shard ? place.lines : 0;
    }
    return before + first.line + 1;
  }
}
