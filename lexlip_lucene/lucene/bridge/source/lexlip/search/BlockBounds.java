package lexlip.search;

import java.util.Arrays;

/**
 * Upper bounds of the scores in each block of a segment, for one query: Σ over its tokens of weight
 * × the token's largest impact in the block.
 *
 * <p>Bounds take 16 bits, two to an int, so they count in a unit: the least that keeps the highest
 * possible sum below 2^16. Every product is rounded up, so a score is never above bound × unit.
 * Tokens without {@link BlockMaxima} add their postings instead.
 */
final class BlockBounds {

  private static final int LANES = 0x00ff00ff;
  private static final int MOST = 0xffff;
  private static final int CHUNK = TermPostings.WINDOW / BlockMaxima.BLOCK / 4;
  private static final int BUCKETS = 1024;
  private static final int BUCKET_BITS = 6;

  /** Parts of the unit, for bounds that leave out what rounding the factors up has added. */
  static final int REFINED = 256;

  private static final int FRACTION = 24; // bits of the factors of rare tokens
  private static final double ROUNDING = 1e-9; // far above the error of a few doubles

  private int[] even = new int[0];
  private int[] odd = new int[0];

  /** The highest bound of each group of blocks. */
  private int[] highest = new int[0];

  private final int[] counts = new int[BUCKETS];
  private int[][] packed = new int[0][];
  private int[] factors = new int[0];

  /** By token: what a refined bound takes off a bound for each level; 0 for rare ones. */
  int[] excess = new int[0];

  private int groups;
  private double unit;

  /**
   * Computes the bounds.
   *
   * @param terms the tokens' postings by ascending document; {@link WindowSearch#fits} must hold
   * @param weights their query weights
   * @param documents of the segment
   * @return false if so many tokens leave no room in 16 bits
   */
  boolean fill(TermPostings[] terms, int[] weights, int documents) {
    int frequent = 0;
    for (TermPostings term : terms) {
      frequent += term.blocks.packed == null ? 0 : 1;
    }
    if (!scale(terms, weights, frequent)) {
      return false;
    }
    int ints = BlockMaxima.ints(documents);
    groups = ints / BlockMaxima.GROUP_INTS;
    if (even.length < ints) {
      even = new int[ints];
      odd = new int[ints];
      highest = new int[groups];
    }
    for (int from = 0, window = 0; from < ints; from += CHUNK, window++) {
      int to = Math.min(from + CHUNK, ints);
      addFrequent(frequent, from, to);
      for (int t = 0; t < terms.length; t++) {
        if (terms[t].blocks.packed == null) {
          addRare(terms[t], (long) Math.ceil(weights[t] / unit * (1 << FRACTION)), window, from);
        }
      }
      for (int group = from / BlockMaxima.GROUP_INTS;
          group < to / BlockMaxima.GROUP_INTS;
          group++) {
        highest[group] = highest(group * BlockMaxima.GROUP_INTS);
      }
    }
    return true;
  }

  /** Returns the lowest bound, at least 1, of a block that may have a document of that score. */
  int least(long score) {
    return (int) Math.min(Math.max(Math.floor(score / unit * (1 - ROUNDING)), 1), MOST + 1);
  }

  /** Returns {@link #least} in the finer unit of bounds less {@link #excess}. */
  int leastRefined(long score) {
    return (int)
        Math.min(
            Math.floor(score / unit * (1 - ROUNDING) * REFINED), (double) (MOST + 1) * REFINED);
  }

  /** Returns the most that a document may score in a block of that bound. */
  long score(int bound) {
    return (long) Math.floor(bound * unit * (1 + ROUNDING));
  }

  /** Returns a bound, at least 1, that about {@code wanted} groups reach, if there are so many. */
  int reachedBy(int wanted) {
    Arrays.fill(counts, 0);
    for (int group = 0; group < groups; group++) {
      counts[highest[group] >>> BUCKET_BITS]++;
    }
    int bucket = BUCKETS;
    for (int count = 0; bucket > 0 && count < wanted; ) {
      count += counts[--bucket];
    }
    return Math.max(bucket << BUCKET_BITS, 1);
  }

  /**
   * Puts the blocks with bounds from {@code low} to below {@code high} into {@code into}, each as
   * bound × 2^32 + number; returns their number.
   */
  int collect(int low, int high, LongList into) {
    into.clear();
    for (int group = 0; group < groups; group++) {
      if (highest[group] >= low) {
        int from = group * BlockMaxima.GROUP_INTS;
        into.reserve(BlockMaxima.GROUP);
        for (int i = from; i < from + BlockMaxima.GROUP_INTS; i++) {
          int e = even[i];
          int o = odd[i];
          take(e & MOST, 4 * i, low, high, into);
          take(o & MOST, 4 * i + 1, low, high, into);
          take(e >>> 16, 4 * i + 2, low, high, into);
          take(o >>> 16, 4 * i + 3, low, high, into);
        }
      }
    }
    return into.size();
  }

  /** Returns the number of blocks with bounds from {@code low} to below {@code high}. */
  int count(int low, int high) {
    int count = 0;
    for (int group = 0; group < groups; group++) {
      if (highest[group] >= low) {
        int from = group * BlockMaxima.GROUP_INTS;
        for (int i = from; i < from + BlockMaxima.GROUP_INTS; i++) {
          count += within(even[i] & MOST, low, high) + within(even[i] >>> 16, low, high);
          count += within(odd[i] & MOST, low, high) + within(odd[i] >>> 16, low, high);
        }
      }
    }
    return count;
  }

  private static int within(int bound, int low, int high) {
    return bound >= low && bound < high ? 1 : 0;
  }

  private static void take(int bound, int block, int low, int high, LongList into) {
    if (bound >= low && bound < high) {
      into.add((long) bound << 32 | block);
    }
  }

  /** Finds unit and factors; returns false if there are none. */
  private boolean scale(TermPostings[] terms, int[] weights, int frequent) {
    int roundedUp = frequent * BlockMaxima.LEVELS + 2 * (terms.length - frequent);
    if (roundedUp > MOST / 2) {
      return false;
    }
    if (factors.length < terms.length) {
      factors = new int[terms.length];
      excess = new int[terms.length];
      packed = new int[terms.length][];
    }
    long most = 0;
    for (int t = 0; t < terms.length; t++) {
      most += (long) weights[t] * terms[t].maximum;
    }
    for (int part = 2; part <= 4; part++) { // half of it is often enough, and gives finer bounds
      unit = (double) Math.max(most, 1) / (MOST - (long) roundedUp * part / 4);
      if (factors(terms, weights) <= MOST) {
        return true;
      }
    }
    throw new IllegalStateException("bounds of blocks leave 16 bits");
  }

  /** Fills the factors of frequent tokens; returns the highest sum that a block can have. */
  private long factors(TermPostings[] terms, int[] weights) {
    int count = 0;
    long sum = 0;
    for (int t = 0; t < terms.length; t++) {
      double most = (double) weights[t] * terms[t].maximum / unit;
      if (terms[t].blocks.packed == null) {
        sum += (long) most + 2;
        excess[t] = 0;
      } else {
        double each = most / BlockMaxima.LEVELS * (1 + ROUNDING);
        int factor = (int) Math.ceil(each);
        excess[t] = (int) ((factor - each) * REFINED);
        packed[count] = terms[t].blocks.packed;
        factors[count++] = factor;
        sum += (long) factor * BlockMaxima.LEVELS;
      }
    }
    return sum;
  }

  private void addFrequent(int count, int from, int to) {
    Arrays.fill(even, from, to, 0);
    Arrays.fill(odd, from, to, 0);
    for (int t = 0; t < count; t++) {
      add(packed[t], factors[t], from, to);
    }
  }

  private void add(int[] packed, int factor, int from, int to) {
    int[] even = this.even;
    int[] odd = this.odd;
    // HotSpot vectorises this, and does not when more tokens share the loop.
    for (int i = from; i < to; i++) {
      int four = packed[i];
      even[i] += factor * (four & LANES);
      odd[i] += factor * (four >>> 8 & LANES);
    }
  }

  /** Adds a token's largest impact in each block of a window, from its postings. */
  private void addRare(TermPostings term, long factor, int window, int first) {
    int present = Arrays.binarySearch(term.windows, window);
    if (present < 0) {
      return;
    }
    char[] places = term.places;
    int end = term.starts[present + 1];
    for (int at = term.starts[present]; at < end; ) {
      int block = places[at] >>> BlockMaxima.BLOCK_BITS;
      int most = 0;
      for (; at < end && places[at] >>> BlockMaxima.BLOCK_BITS == block; at++) {
        most = Math.max(most, term.impact(at));
      }
      int bound = (int) (most * factor + (1 << FRACTION) - 1 >>> FRACTION);
      int[] sums = (block & 1) == 0 ? even : odd;
      sums[first + (block >>> 2)] += bound << ((block & 2) << 3);
    }
  }

  private int highest(int from) {
    int a = 0;
    int b = 0;
    int c = 0;
    int d = 0;
    for (int i = from; i < from + BlockMaxima.GROUP_INTS; i++) {
      a = Math.max(a, even[i] & MOST);
      b = Math.max(b, even[i] >>> 16);
      c = Math.max(c, odd[i] & MOST);
      d = Math.max(d, odd[i] >>> 16);
    }
    return Math.max(Math.max(a, b), Math.max(c, d));
  }
}
