package lexlip.build;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The counting sort of vectors by document into lists by term: ranges of documents count their
 * terms side by side, sums over them give the beginning of each range's part of each list, and the
 * ranges put their postings there.
 */
final class Inverter {
  // 256 MB: fewer ranges for very many terms
  private static final int MAX_COUNTERS = 1 << 26;
  private static final int STEP = 1 << 12; // documents between two checks for a stop

  private final Documents documents;
  private final Vocabulary vocabulary;
  private final Stop stop;
  private final int[][] counters; // range, term → count, then place of the next posting
  private final int[] starts;
  private final int[] found;
  private final byte[] small;
  private final int[] large;

  private Inverter(Documents documents, Vocabulary vocabulary, int threads, Stop stop) {
    this.documents = documents;
    this.vocabulary = vocabulary;
    this.stop = stop;
    int terms = vocabulary.terms.size();
    counters = new int[Math.max(1, Math.min(threads, MAX_COUNTERS / (terms + 1)))][terms];
    starts = new int[terms + 1];
    int postings = Math.toIntExact(documents.totals.postings);
    found = new int[postings];
    boolean bytes = documents.blocks.stream().allMatch(block -> block.maxImpact <= 0xff);
    small = bytes ? new byte[postings] : null;
    large = bytes ? null : new int[postings];
  }

  /** Returns the lists of all terms, with as many threads. */
  static Postings invert(Documents documents, Vocabulary vocabulary, int threads, Stop stop)
      throws BuildError, IOException {
    Inverter inverter = new Inverter(documents, vocabulary, threads, stop);
    ExecutorService pool = Executors.newFixedThreadPool(threads, Threads::daemon);
    try {
      inverter.forRanges(pool, inverter::count);
      inverter.countsToPlaces();
      inverter.forRanges(pool, inverter::place);
    } finally {
      pool.shutdownNow();
    }
    return new Postings(
        vocabulary.terms, inverter.starts, inverter.found, inverter.small, inverter.large);
  }

  private interface Pass {
    void over(int position, int[] counters);
  }

  private void forRanges(ExecutorService pool, Pass pass) throws BuildError, IOException {
    List<Future<?>> tasks = new ArrayList<>();
    for (int range = 0; range < counters.length; range++) {
      int from = (int) ((long) documents.count * range / counters.length);
      int to = (int) ((long) documents.count * (range + 1) / counters.length);
      int[] own = counters[range];
      tasks.add(
          pool.submit(
              () -> {
                for (int position = from; position < to; position++) {
                  if (position % STEP == 0) {
                    stop.check();
                  }
                  pass.over(position, own);
                }
                return null;
              }));
    }
    Threads.join(tasks);
  }

  private void count(int position, int[] own) {
    int number = documents.number(position);
    int[] ranks = vocabulary.ranks(documents.block(number).table);
    Varints vector = documents.vector(number);
    for (int left = vector.next(); left > 0; left--) {
      own[ranks[vector.next()]]++;
      vector.next();
    }
  }

  private void countsToPlaces() {
    int place = 0;
    for (int term = 0; term < starts.length - 1; term++) {
      starts[term] = place;
      for (int[] own : counters) {
        int count = own[term];
        own[term] = place;
        place += count;
      }
    }
    starts[starts.length - 1] = place;
  }

  private void place(int position, int[] own) {
    int number = documents.number(position);
    int[] ranks = vocabulary.ranks(documents.block(number).table);
    Varints vector = documents.vector(number);
    for (int left = vector.next(); left > 0; left--) {
      int place = own[ranks[vector.next()]]++;
      int impact = vector.next();
      found[place] = position;
      if (small != null) {
        small[place] = (byte) impact;
      } else {
        large[place] = impact;
      }
    }
  }
}
