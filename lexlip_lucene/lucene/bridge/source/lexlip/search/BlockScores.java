package lexlip.search;

import java.util.Arrays;
import org.apache.lucene.util.Bits;

/**
 * The exact scores of a few blocks of documents: every token of the query adds weight × impact in
 * each of them.
 */
final class BlockScores {

  /** Blocks at most. Many at once, so that their cache misses are waited for together. */
  static final int BATCH = 64;

  private final int[] blocks = new int[BATCH];
  private final int[] scores = new int[BATCH * BlockMaxima.BLOCK];
  private int[][] firsts = new int[0][];
  private TermPostings[] terms;
  private int[] weights;
  private int size;

  /** Prepares for the blocks of a segment; arguments as in {@link BlockBounds#fill}. */
  void begin(TermPostings[] terms, int[] weights, int documents) {
    this.terms = terms;
    this.weights = weights;
    size = 0;
    firsts = new int[terms.length][];
    for (int t = 0; t < terms.length; t++) {
      firsts[t] = terms[t].blocks == null ? terms[t].firsts(documents) : null;
    }
  }

  void end() {
    terms = null; // the cache may drop them
  }

  int size() {
    return size;
  }

  void add(int block) {
    blocks[size++] = block;
  }

  /** Shows {@code top} the documents of the blocks added, and forgets these. */
  void show(Bits allowed, int base, TopK top) {
    Arrays.fill(scores, 0, size * BlockMaxima.BLOCK, 0);
    for (int t = 0; t < terms.length; t++) {
      if (terms[t].blocks != null) {
        addFrequent(terms[t], weights[t]);
      } else {
        addRare(terms[t], weights[t], firsts[t]);
      }
    }
    int threshold = (int) Math.min(top.threshold(), Integer.MAX_VALUE);
    for (int i = 0; i < size * BlockMaxima.BLOCK; i++) {
      if (scores[i] >= threshold) {
        int document =
            blocks[i >>> BlockMaxima.BLOCK_BITS] * BlockMaxima.BLOCK + (i & BlockMaxima.BLOCK - 1);
        if (allowed == null || allowed.get(document)) {
          top.add(scores[i], base + document);
        }
      }
    }
    size = 0;
  }

  private void addFrequent(TermPostings term, int weight) {
    BlockMaxima maxima = term.blocks;
    char[] places = term.places;
    for (int i = 0; i < size; i++) {
      int block = blocks[i];
      if (maxima.level(block) != 0) {
        int inWindow = block & (1 << BlockMaxima.WINDOW_BITS) - 1;
        int at = maxima.start(block);
        while (places[at] >>> BlockMaxima.BLOCK_BITS < inWindow) {
          at++;
        }
        add(term, weight, at, maxima.end(block), inWindow, i);
      }
    }
  }

  private void addRare(TermPostings term, int weight, int[] firsts) {
    for (int i = 0; i < size; i++) {
      int window = blocks[i] >>> BlockMaxima.WINDOW_BITS;
      int inWindow = blocks[i] & (1 << BlockMaxima.WINDOW_BITS) - 1;
      int end = firsts[window + 1];
      int low = firsts[window];
      for (int high = end; low < high; ) {
        int middle = (low + high) >>> 1;
        if (term.places[middle] >>> BlockMaxima.BLOCK_BITS < inWindow) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      add(term, weight, low, end, inWindow, i);
    }
  }

  private void add(TermPostings term, int weight, int from, int end, int inWindow, int i) {
    char[] places = term.places;
    for (int at = from; at < end && places[at] >>> BlockMaxima.BLOCK_BITS == inWindow; at++) {
      int place = i * BlockMaxima.BLOCK + (places[at] & BlockMaxima.BLOCK - 1);
      scores[place] += weight * term.impact(at);
    }
  }
}
