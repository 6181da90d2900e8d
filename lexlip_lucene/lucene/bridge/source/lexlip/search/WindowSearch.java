package lexlip.search;

import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import org.apache.lucene.util.Bits;

/**
 * Exact search of one segment, a window of documents at a time: every token of the query adds
 * weight × impact to the window's scores, then the window is looked through once.
 *
 * <p>Windows come in the order of the highest score that a document in them could have (Σ weight ×
 * the token's largest impact there). The rest is skipped as soon as that falls below the k-th best
 * score so far: block-max pruning as in Mallia et al., "Faster Learned Sparse Retrieval with
 * Block-Max Pruning", SIGIR 2024.
 */
final class WindowSearch {

  /** A window's scores as a table of 16 rows: neighbours, often alike, are in different columns. */
  private static final int COLUMNS = TermPostings.WINDOW / 16;

  /**
   * Memory that searches hand on to one another: as much as concurrent searches need, whatever the
   * number of threads.
   */
  private static final Queue<WindowSearch> SPARE =
      new ArrayBlockingQueue<>(Runtime.getRuntime().availableProcessors());

  private final int[] scores = new int[TermPostings.WINDOW];

  /** Documents of a run whose sums are added to at once. */
  private static final int CHUNK = 1 << 10;

  private final int[][] sums = new int[DenseImpacts.RUNS][DenseImpacts.RUN];
  private final char[] reached = new char[TermPostings.WINDOW];
  private final int[] highest = new int[COLUMNS];
  private final int[] row = new int[COLUMNS];
  private final ScoreCounts counts = new ScoreCounts();
  private long[] order = new long[0];
  private int[] places = new int[0];
  private int[] bounds = new int[0];
  private int[] dense = new int[0];

  private WindowSearch() {}

  /** Returns true if no sum over these tokens can leave the range of int. */
  static boolean fits(TermPostings[] terms, int[] weights) {
    long most = 0;
    for (int t = 0; t < terms.length; t++) {
      most += (long) weights[t] * terms[t].maximum;
      if (most > Integer.MAX_VALUE) {
        return false; // at once, because more of them could leave the range of long as well
      }
    }
    return true;
  }

  /**
   * Shows {@code top} every document that may be among its best.
   *
   * @param terms the tokens' postings
   * @param weights their query weights; {@link #fits} must hold
   * @param lowest the impact from which on each token's postings count, if they are sorted by
   *     impact; null for all
   * @param documents number of documents in the segment
   * @param allowed documents that count, or null for all
   * @param base number added to a document's number
   */
  static void search(
      TermPostings[] terms,
      int[] weights,
      int[] lowest,
      int documents,
      Bits allowed,
      int base,
      TopK top) {
    WindowSearch spare = SPARE.poll();
    WindowSearch own = spare == null ? new WindowSearch() : spare;
    own.run(terms, weights, lowest, documents, allowed, base, top);
    SPARE.offer(own); // not after an error, which may leave scores behind
  }

  private void run(
      TermPostings[] terms,
      int[] weights,
      int[] lowest,
      int documents,
      Bits allowed,
      int base,
      TopK top) {
    int windows = (documents + TermPostings.WINDOW - 1) >>> TermPostings.WINDOW_BITS;
    int count = plan(terms, weights, lowest, windows);
    counts.clear();
    for (int at = count - 1; at >= 0; at--) {
      int bound = (int) (order[at] >>> 32);
      if (bound < top.threshold()) {
        return;
      }
      int window = (int) order[at];
      int first = window << TermPostings.WINDOW_BITS;
      if (lowest != null || count(terms, windows, window) < TermPostings.WINDOW / 4) {
        addAndNote(terms, weights, lowest, windows, window, first, allowed, base, top);
        clear(terms, lowest, windows, window);
      } else {
        addAndLookThrough(terms, weights, windows, window, first, allowed, base, top);
        Arrays.fill(scores, 0);
      }
    }
  }

  /** Clears the scores that few postings were added to, which is faster than to clear all. */
  private void clear(TermPostings[] terms, int[] lowest, int windows, int window) {
    for (int t = 0; t < terms.length; t++) {
      int place = places[t * windows + window] - 1;
      if (place >= 0) {
        terms[t].clear(scores, place, lowest == null ? 0 : lowest[t]);
      }
    }
  }

  private int count(TermPostings[] terms, int windows, int window) {
    int count = 0;
    for (int t = 0; t < terms.length; t++) {
      int place = places[t * windows + window];
      count += place == 0 ? 0 : terms[t].starts[place] - terms[t].starts[place - 1];
    }
    return count;
  }

  /** Adds few postings, and notes the documents that reach the threshold. */
  private void addAndNote(
      TermPostings[] terms,
      int[] weights,
      int[] lowest,
      int windows,
      int window,
      int first,
      Bits allowed,
      int base,
      TopK top) {
    int threshold = threshold(top);
    int count = 0;
    for (int t = 0; t < terms.length; t++) {
      int place = places[t * windows + window] - 1;
      if (place >= 0) {
        int least = lowest == null ? 0 : lowest[t];
        count = terms[t].addTo(scores, place, weights[t], least, threshold, reached, count);
      }
    }
    if (allowed != null) {
      count = allowed(allowed, first, count);
    }
    for (int i = 0; i < count; i++) {
      counts.add(scores[reached[i]]);
    }
    top.raise(counts.reachedBy(top.k));
    for (int i = 0; i < count; i++) {
      top.add(scores[reached[i]], base + first + reached[i]);
    }
  }

  /** Keeps those of {@code reached} that count; returns their number. */
  private int allowed(Bits allowed, int first, int count) {
    int kept = 0;
    for (int i = 0; i < count; i++) {
      if (allowed.get(first + reached[i])) {
        reached[kept++] = reached[i];
      }
    }
    return kept;
  }

  /** Adds many postings, and looks through all scores at the end. */
  private void addAndLookThrough(
      TermPostings[] terms,
      int[] weights,
      int windows,
      int window,
      int first,
      Bits allowed,
      int base,
      TopK top) {
    addDense(terms, weights, windows, window);
    for (int t = 0; t < terms.length; t++) {
      int place = places[t * windows + window] - 1;
      if (place >= 0 && !terms[t].isDense(place)) {
        terms[t].addTo(scores, place, weights[t]);
      }
    }
    findHighest();
    int threshold = threshold(top);
    if (allowed == null) {
      for (int column = 0; column < COLUMNS; column++) {
        if (highest[column] >= threshold) {
          counts.add(highest[column]);
        }
      }
      top.raise(counts.reachedBy(top.k));
      threshold = threshold(top);
    }
    int columns = 0;
    for (int column = 0; column < COLUMNS; column++) {
      if (highest[column] >= threshold) {
        reached[columns++] = (char) column;
      }
    }
    for (int from = 0; from < TermPostings.WINDOW; from += COLUMNS) {
      for (int c = 0; c < columns; c++) {
        int i = from + reached[c];
        if (scores[i] >= threshold && (allowed == null || allowed.get(first + i))) {
          top.add(scores[i], base + first + i);
        }
      }
      threshold = threshold(top);
    }
  }

  /** Adds the tokens that are common in a window, before the others. */
  private void addDense(TermPostings[] terms, int[] weights, int windows, int window) {
    int count = 0;
    for (int t = 0; t < terms.length; t++) {
      int place = places[t * windows + window] - 1;
      if (place >= 0 && terms[t].isDense(place)) {
        dense[count++] = t;
      }
    }
    if (count == 0) {
      return;
    }
    DenseImpacts any = terms[dense[0]].dense;
    int run = any.run(window);
    for (int from = 0; from < run; from += CHUNK) { // which stays in the first-level cache
      int to = Math.min(from + CHUNK, run);
      for (int[] sum : sums) {
        Arrays.fill(sum, from, to, 0);
      }
      for (int i = 0; i < count; i++) {
        terms[dense[i]].dense.addTo(sums, window, from, to, weights[dense[i]]);
      }
    }
    any.copy(sums, window, scores);
  }

  private static int threshold(TopK top) {
    return (int) Math.min(top.threshold(), Integer.MAX_VALUE);
  }

  /** Fills {@code highest} with the largest score of each column. */
  private void findHighest() {
    System.arraycopy(scores, 0, highest, 0, COLUMNS);
    for (int from = COLUMNS; from < TermPostings.WINDOW; from += COLUMNS) {
      // A copy, because Java compares several at once only if both arrays are read at one place.
      System.arraycopy(scores, from, row, 0, COLUMNS);
      for (int column = 0; column < COLUMNS; column++) {
        highest[column] = Math.max(highest[column], row[column]);
      }
    }
  }

  /**
   * Fills {@code order} with bound and number of each window that has a posting, ascending; returns
   * their number.
   */
  private int plan(TermPostings[] terms, int[] weights, int[] lowest, int windows) {
    if (bounds.length < windows) {
      bounds = new int[windows];
      order = new long[windows];
    }
    Arrays.fill(bounds, 0, windows, 0);
    if (places.length < terms.length * windows) {
      places = new int[terms.length * windows];
    }
    Arrays.fill(places, 0, terms.length * windows, 0);
    if (dense.length < terms.length) {
      dense = new int[terms.length];
    }
    for (int t = 0; t < terms.length; t++) {
      int[] present = terms[t].windows;
      int[] highest = terms[t].highest;
      int least = lowest == null ? 0 : lowest[t];
      for (int i = 0; i < present.length; i++) {
        if (highest[i] >= least) {
          bounds[present[i]] += weights[t] * highest[i];
          places[t * windows + present[i]] = i + 1;
        }
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
}
