package lexlip.search;

import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import org.apache.lucene.util.Bits;

/**
 * Exact search of one segment, a few blocks of neighbouring documents at a time: {@link
 * BlockBounds} says how much a document of each could score, and the blocks are scored in falling
 * order of that, until the k-th best score so far is above what is left. Block-max pruning as in
 * Mallia et al., "Faster Learned Sparse Retrieval with Block-Max Pruning", SIGIR 2024.
 */
final class BlockSearch {

  private static final int BUCKETS = 256;
  private static final int HIGHEST = 0xffff;

  /** Groups of blocks whose best are visited before the rest is looked for. */
  private static final int FIRST = 32;

  /** Blocks that are scored at once in the beginning, when each may raise the threshold much. */
  private static final int FEWEST = 16;

  /** Blocks that are scored before those left are counted. */
  private static final int LOOKED_AFTER = 64;

  /** Blocks that are left before the threshold rises, for each that is at the end. */
  private static final int HOPE = 2;

  private static final Queue<BlockSearch> SPARE =
      new ArrayBlockingQueue<>(Runtime.getRuntime().availableProcessors());

  /**
   * What became of a search.
   *
   * @param blocks number of blocks scored
   * @param unseen the most that a document of a block that was not visited may score, if that may
   *     be among the best, else 0; {@link #GIVEN_UP} if the blocks left would take too long
   */
  record Visit(int blocks, long unseen) {
    boolean givenUp() {
      return unseen == GIVEN_UP;
    }
  }

  private static final long GIVEN_UP = -1;

  /** More blocks than a segment can have. */
  static final int ALL = Integer.MAX_VALUE;

  private final BlockBounds bounds = new BlockBounds();
  private final BlockScores scores = new BlockScores(bounds);
  private final LongList found = new LongList();
  private final int[] places = new int[BUCKETS + 1];
  private long[] order = new long[0];

  private BlockSearch() {}

  /**
   * Shows {@code top} every document that may be among its best, or those of the first blocks.
   *
   * @param terms the tokens' postings {@link TermPostings#withBlocks}
   * @param weights their query weights; {@link WindowSearch#fits} must hold
   * @param documents number of documents in the segment
   * @param allowed documents that count, or null for all
   * @param base number added to a document's number
   * @param most blocks to visit at most
   * @param budget give up when more blocks than this would have to be visited
   */
  static Visit search(
      TermPostings[] terms,
      int[] weights,
      int documents,
      Bits allowed,
      int base,
      TopK top,
      int most,
      int budget) {
    BlockSearch spare = SPARE.poll();
    BlockSearch own = spare == null ? new BlockSearch() : spare;
    Visit visit = new Visit(0, GIVEN_UP);
    if (own.bounds.fill(terms, weights, documents)) {
      own.scores.begin(terms, weights);
      visit = own.visit(allowed, base, top, most, budget);
      own.scores.end();
    }
    SPARE.offer(own);
    return visit;
  }

  private Visit visit(Bits allowed, int base, TopK top, int most, int budget) {
    int visited = 0;
    int high = HIGHEST + 1;
    int low = Math.max(bounds.least(top.threshold()), bounds.reachedBy(FIRST + top.k / 8));
    boolean looked = false;
    while (low < high) {
      int count = sorted(low, high);
      for (int at = 0; at < count; ) {
        int least = bounds.least(top.threshold());
        int batch = Math.min(Math.max(visited, FEWEST), BlockScores.BATCH);
        for (; at < count && scores.size() < Math.min(batch, most - visited); at++) {
          if (bound(at) >= least) {
            scores.add((int) order[at], bound(at));
          }
        }
        visited += scores.show(allowed, base, top);
        top.shrinkIfLarge();
        if (visited == most) {
          return new Visit(visited, unseen(at, count, bounds.least(top.threshold()), low));
        }
        if (budget < ALL && !looked && (visited >= LOOKED_AFTER || at == count)) {
          looked = true;
          int left = left(at, count, bounds.least(top.threshold()), low);
          if (left / HOPE > budget - visited) {
            return new Visit(visited, GIVEN_UP);
          }
        }
        if (visited > budget) {
          return new Visit(visited, GIVEN_UP);
        }
      }
      high = low;
      low = bounds.least(top.threshold());
    }
    return new Visit(visited, 0);
  }

  /** Returns the number of blocks left that the threshold does not rule out yet. */
  private int left(int at, int count, int least, int low) {
    int left = least < low ? bounds.count(least, low) : 0;
    for (int i = at; i < count; i++) {
      left += bound(i) >= least ? 1 : 0;
    }
    return left;
  }

  /**
   * Returns the most that a document of the blocks from {@code at}, or below {@code low}, scores.
   */
  private long unseen(int at, int count, int least, int low) {
    int highest = 0;
    for (int i = at; i < count; i++) {
      highest = Math.max(highest, bound(i));
    }
    if (highest < least && least < low) {
      for (int i = bounds.collect(least, low, found) - 1; i >= 0; i--) {
        highest = Math.max(highest, (int) (found.get(i) >>> 32));
      }
    }
    return highest < least ? 0 : bounds.score(highest);
  }

  private int bound(int at) {
    return (int) (order[at] >>> 32);
  }

  /**
   * Fills {@code order} with the blocks of bounds from {@code low} to below {@code high}, by
   * falling bounds up to the width of a bucket; returns their number.
   */
  private int sorted(int low, int high) {
    int count = bounds.collect(low, high, found);
    int width = (high - low) / BUCKETS + 1;
    if (order.length < count) {
      order = new long[Math.max(count, 2 * order.length)];
    }
    Arrays.fill(places, 0);
    for (int i = 0; i < count; i++) {
      places[bucket(found.get(i), low, width) + 1]++;
    }
    for (int b = 0; b < BUCKETS; b++) {
      places[b + 1] += places[b];
    }
    for (int i = 0; i < count; i++) {
      order[places[bucket(found.get(i), low, width)]++] = found.get(i);
    }
    return count;
  }

  private static int bucket(long found, int low, int width) {
    return BUCKETS - 1 - ((int) (found >>> 32) - low) / width;
  }
}
