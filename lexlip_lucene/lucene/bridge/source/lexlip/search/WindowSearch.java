package lexlip.search;

import java.util.Arrays;
import org.apache.lucene.util.Bits;

/**
 * Exact search of one segment, a window of documents at a time: every token of the query adds weight × impact to the
 * window's scores, then the window is looked through once.
 *
 * <p>Windows come in the order of the highest score that a document in them could have (Σ weight × the token's largest
 * impact there). The rest is passed over as soon as that falls below the k-th best score so far: block-max pruning as in
 * Mallia et al., "Faster Learned Sparse Retrieval with Block-Max Pruning", SIGIR 2024.
 */
final class WindowSearch {

  private static final int STRIDE = 64;

  private final int[] scores = new int[TermPostings.WINDOW];
  private long[] order = new long[0];
  private int[] places = new int[0];
  private int[] bounds = new int[0];

  /** Postings added up since this object was made. */
  long postings;

  /** Whether no sum over these tokens can leave the range of int. */
  static boolean fits(TermPostings[] terms, int[] weights) {
    long most = 0;
    for (int t = 0; t < terms.length; t++) {
      most += (long) weights[t] * terms[t].maximum;
    }
    return most <= Integer.MAX_VALUE;
  }

  /**
   * Shows {@code top} every document that may be among its best.
   *
   * @param terms the tokens' postings
   * @param weights their query weights; {@link #fits} must hold
   * @param documents number of documents in the segment
   * @param allowed documents that count, or null for all
   * @param base what is added to a document's number
   */
  void search(TermPostings[] terms, int[] weights, int documents, Bits allowed, int base, TopK top) {
    int windows = (documents + TermPostings.WINDOW - 1) >>> TermPostings.WINDOW_BITS;
    int count = plan(terms, weights, windows);
    for (int at = count - 1; at >= 0; at--) {
      int bound = (int) (order[at] >>> 32);
      if (bound < top.threshold()) {
        return;
      }
      int window = (int) order[at];
      for (int t = 0; t < terms.length; t++) {
        int place = places[t * windows + window] - 1;
        if (place >= 0) {
          terms[t].addTo(scores, place, weights[t]);
          postings += terms[t].starts[place + 1] - terms[t].starts[place];
        }
      }
      collect(window << TermPostings.WINDOW_BITS, allowed, base, top);
      Arrays.fill(scores, 0);
    }
  }

  /** Fills {@code order} with bound and number of each window that has a posting, ascending; returns how many. */
  private int plan(TermPostings[] terms, int[] weights, int windows) {
    if (bounds.length < windows) {
      bounds = new int[windows];
      order = new long[windows];
    }
    Arrays.fill(bounds, 0, windows, 0);
    if (places.length < terms.length * windows) {
      places = new int[terms.length * windows];
    }
    Arrays.fill(places, 0, terms.length * windows, 0);
    for (int t = 0; t < terms.length; t++) {
      int[] present = terms[t].windows;
      int[] highest = terms[t].highest;
      for (int i = 0; i < present.length; i++) {
        bounds[present[i]] += weights[t] * highest[i];
        places[t * windows + present[i]] = i + 1;
      }
    }
    int count = 0;
    for (int w = 0; w < windows; w++) {
      if (bounds[w] > 0) {
        order[count++] = ((long) bounds[w] << 32) | w;
      }
    }
    Arrays.sort(order, 0, count);
    return count;
  }

  private void collect(int first, Bits allowed, int base, TopK top) {
    for (int from = 0; from < TermPostings.WINDOW; from += STRIDE) {
      int highest = 0;
      for (int i = from; i < from + STRIDE; i++) { // vector instructions, as long as the stride is this constant
        highest = Math.max(highest, scores[i]);
      }
      if (highest >= top.threshold()) {
        for (int i = from; i < from + STRIDE; i++) {
          if (scores[i] >= top.threshold() && (allowed == null || allowed.get(first + i))) {
            top.add(scores[i], base + first + i);
          }
        }
      }
    }
  }
}
