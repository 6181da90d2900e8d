package lexlip.search;

import java.util.Arrays;
import org.apache.lucene.util.Bits;

/**
 * The exact scores of a few blocks of documents: every token of the query adds weight × impact in
 * each of them. Before that, finer bounds leave out what the 16 bits of {@link BlockBounds} have
 * let through.
 */
final class BlockScores {

  /** Blocks at most. Many at once, so that their cache misses are waited for together. */
  static final int BATCH = 64;

  private static final int IN_WINDOW = (1 << BlockMaxima.WINDOW_BITS) - 1;

  private final BlockBounds bounds;
  private final int[] blocks = new int[BATCH];
  private final int[] refined = new int[BATCH];
  private final int[] kept = new int[BATCH];
  private final int[] starts = new int[BATCH];
  private final int[] holders = new int[BATCH];
  private final int[] scores = new int[BATCH * BlockMaxima.BLOCK];
  private byte[] levels = new byte[0];
  private TermPostings[] terms;
  private int[] weights;
  private int size;
  private int readAhead;

  BlockScores(BlockBounds bounds) {
    this.bounds = bounds;
  }

  /** Prepares for the blocks of a segment; arguments as in {@link BlockBounds#fill}. */
  void begin(TermPostings[] terms, int[] weights) {
    this.terms = terms;
    this.weights = weights;
    size = 0;
    if (levels.length < terms.length * BATCH) {
      levels = new byte[terms.length * BATCH];
    }
  }

  void end() {
    terms = null; // the cache may drop them
  }

  int size() {
    return size;
  }

  void add(int block, int bound) {
    refined[size] = bound * BlockBounds.REFINED;
    blocks[size++] = block;
  }

  /**
   * Shows {@code top} the documents of the blocks added, and forgets these; returns how many of the
   * blocks had to be scored.
   */
  int show(Bits allowed, int base, TopK top) {
    int count = refine(bounds.leastRefined(top.threshold()));
    Arrays.fill(scores, 0, count * BlockMaxima.BLOCK, 0);
    for (int t = 0; t < terms.length; t++) {
      DenseImpacts dense = terms[t].dense;
      if (dense == null) {
        add(terms[t], weights[t], t * BATCH, count);
      } else {
        for (int i = 0; i < count; i++) {
          dense.addBlockTo(scores, i * BlockMaxima.BLOCK, blocks[kept[i]], weights[t]);
        }
      }
    }
    int threshold = (int) Math.min(top.threshold(), Integer.MAX_VALUE);
    for (int i = 0; i < count * BlockMaxima.BLOCK; i++) {
      if (scores[i] >= threshold) {
        int block = blocks[kept[i >>> BlockMaxima.BLOCK_BITS]];
        int document = block * BlockMaxima.BLOCK + (i & BlockMaxima.BLOCK - 1);
        if (allowed == null || allowed.get(document)) {
          top.add(scores[i], base + document);
        }
      }
    }
    size = 0;
    return count;
  }

  /** Keeps the blocks whose refined bounds reach {@code least}; returns their number. */
  private int refine(int least) {
    for (int t = 0; t < terms.length; t++) {
      int[] packed = terms[t].blocks.packed;
      if (packed == null) {
        Arrays.fill(levels, t * BATCH, t * BATCH + size, (byte) 1); // there may be postings
      } else {
        int excess = bounds.excess[t];
        for (int i = 0; i < size; i++) {
          int level = packed[blocks[i] >>> 2] >>> ((blocks[i] & 3) << 3) & 0xff;
          levels[t * BATCH + i] = (byte) level;
          refined[i] -= excess * level;
        }
      }
    }
    int count = 0;
    for (int i = 0; i < size; i++) {
      kept[count] = i;
      count += refined[i] >= least ? 1 : 0;
    }
    return count;
  }

  private void add(TermPostings term, int weight, int levelsOf, int count) {
    BlockMaxima maxima = term.blocks;
    char[] places = term.places;
    int last = places.length - 1;
    int present = 0;
    for (int i = 0; i < count; i++) {
      int block = blocks[kept[i]];
      int start = maxima.start(block);
      starts[present] = start;
      holders[present] = i;
      if (levels[levelsOf + kept[i]] != 0) {
        // Read ahead, so that the cache misses of many blocks are waited for together.
        readAhead += places[Math.min(start, last)];
        present++;
      }
    }
    for (int p = 0; p < present; p++) {
      int i = holders[p];
      int block = blocks[kept[i]];
      int inWindow = block & IN_WINDOW;
      int end = maxima.end(block);
      int at = starts[p];
      while (at < end && places[at] >>> BlockMaxima.BLOCK_BITS < inWindow) {
        at++;
      }
      for (; at < end && places[at] >>> BlockMaxima.BLOCK_BITS == inWindow; at++) {
        int place = i * BlockMaxima.BLOCK + (places[at] & BlockMaxima.BLOCK - 1);
        scores[place] += weight * term.impact(at);
      }
    }
  }
}
