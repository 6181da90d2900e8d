package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.search.DocIdSetIterator;

/**
 * The postings of one token in one segment, decoded: the documents that hold it, with their
 * impacts.
 *
 * <p>Documents are grouped into windows of 65,536, so that a window's scores (256 KB) stay in the
 * second-level cache while one token after the other adds to them, and a place in a window takes
 * two bytes. Document 65,540 with impact 7 is in window 1, at place 4. Three bytes a posting if
 * impacts are at most 255, six otherwise. Deleted documents are included, because the object
 * outlives deletions. (Windows of 4,096 measured 1.8 times slower at 32 tokens: each begins with a
 * cache miss for each token.)
 */
final class TermPostings implements PostingsCache.Sized {

  static final int WINDOW_BITS = 16;
  static final int WINDOW = 1 << WINDOW_BITS;

  /** Bytes of a posting whose token has no impact above 255. */
  static final long POSTING_BYTES = 3;

  /** Bytes that a token without any posting takes. */
  static final long OWN_BYTES = 152;

  private static final int STEPS = 256;

  /** Numbers of hits for which {@link #reachedBy} knows an impact. */
  private static final int[] RANKS = {10, 100, 1000};

  /** Numbers of the windows that hold a posting, ascending. */
  final int[] windows;

  /**
   * The postings of {@code windows[i]} are at {@code starts[i]} to before {@code starts[i + 1]}.
   */
  final int[] starts;

  /** The largest impact in {@code windows[i]}. */
  final int[] highest;

  /** A document's number less its window's first. */
  final char[] places;

  /** Impacts if none is above 255 (read them with {@code & 0xff}), else null. */
  final byte[] small;

  /** Impacts if one is above 255, else null. */
  final int[] large;

  /** The largest impact of all. */
  final int maximum;

  /** The least impact among the {@code RANKS[i]} largest, or less; 0 if there are fewer. */
  private final int[] ranked;

  /**
   * Numbers of postings with at least {@code maximum} × i / STEPS; null unless they are sorted by
   * impact.
   */
  private final int[] suffixes;

  /** The blocks of documents; null unless made by {@link #withBlocks}. */
  final BlockMaxima blocks;

  /** The impact of every document; null unless made by {@link #withDense}. */
  final DenseImpacts dense;

  /**
   * @param documents document numbers, those of a window together, windows ascending
   * @param impacts their impacts
   * @param count number of entries used of both
   * @param suffixes null unless the postings of each window have falling impacts
   */
  private TermPostings(int[] documents, int[] impacts, int count, int[] suffixes) {
    this.suffixes = suffixes;
    this.blocks = null;
    this.dense = null;
    int windowCount = 0;
    int most = 0;
    for (int i = 0, last = -1; i < count; i++) {
      int window = documents[i] >>> WINDOW_BITS;
      windowCount += window == last ? 0 : 1;
      last = window;
      most = Math.max(most, impacts[i]);
    }
    maximum = most;
    windows = new int[windowCount];
    starts = new int[windowCount + 1];
    highest = new int[windowCount];
    places = new char[count];
    small = most <= 255 ? new byte[count] : null;
    large = most <= 255 ? null : Arrays.copyOf(impacts, count);
    int current = -1;
    for (int i = 0; i < count; i++) {
      int window = documents[i] >>> WINDOW_BITS;
      if (current < 0 || windows[current] != window) {
        current++;
        windows[current] = window;
        starts[current] = i;
      }
      places[i] = (char) (documents[i] & (WINDOW - 1));
      highest[current] = Math.max(highest[current], impacts[i]);
      if (small != null) {
        small[i] = (byte) impacts[i];
      }
    }
    starts[windowCount] = count;
    ranked = ranked();
  }

  private TermPostings(TermPostings other, BlockMaxima blocks, DenseImpacts dense) {
    this.windows = other.windows;
    this.starts = other.starts;
    this.highest = other.highest;
    this.places = other.places;
    this.small = other.small;
    this.large = other.large;
    this.maximum = other.maximum;
    this.suffixes = other.suffixes;
    this.ranked = other.ranked;
    this.blocks = blocks;
    this.dense = dense;
  }

  private int[] ranked() {
    int[] counts = new int[STEPS + 1];
    for (int i = 0; i < places.length; i++) {
      counts[step(impact(i))]++;
    }
    int[] found = new int[RANKS.length];
    int reached = 0;
    for (int s = STEPS, rank = 0; s >= 0 && rank < RANKS.length; s--) {
      reached += counts[s];
      for (; rank < RANKS.length && reached >= RANKS[rank]; rank++) {
        found[rank] = (int) ((long) s * maximum / STEPS); // rounded down, so never too high
      }
    }
    return found;
  }

  /** Returns an impact that at least {@code k} postings have; 0 if none is known. */
  int reachedBy(int k) {
    for (int rank = 0; rank < RANKS.length; rank++) {
      if (k <= RANKS[rank]) {
        return ranked[rank];
      }
    }
    return 0;
  }

  /** Makes postings like the other constructor; {@code documents} ascend. */
  TermPostings(int[] documents, int[] impacts, int count) {
    this(documents, impacts, count, null);
  }

  /** Reads all of {@code postings}; {@code documentFrequency} is the most that they can be. */
  static TermPostings read(PostingsEnum postings, int documentFrequency) throws IOException {
    int[] documents = new int[documentFrequency];
    int[] impacts = new int[documentFrequency];
    int count = 0;
    for (int d = postings.nextDoc(); d != DocIdSetIterator.NO_MORE_DOCS; d = postings.nextDoc()) {
      documents[count] = d;
      impacts[count++] = postings.freq();
    }
    return new TermPostings(documents, impacts, count);
  }

  /**
   * Returns the same postings with what a search by blocks needs; not for those {@link #byImpact}.
   *
   * @param documents of the segment
   * @param tokens what is kept of which token
   */
  TermPostings withBlocks(int documents, FrequentTokens tokens) {
    return new TermPostings(this, new BlockMaxima(this, documents, tokens), dense);
  }

  /** Returns the same postings with the impact of every document; not for those with large ones. */
  TermPostings withDense(int documents) {
    return new TermPostings(this, blocks, new DenseImpacts(this, documents));
  }

  /** Returns the place of each window's first posting, for all windows and one more. */
  int[] firsts(int documents) {
    int[] firsts = new int[((documents + WINDOW - 1) >>> WINDOW_BITS) + 1];
    int present = 0;
    for (int window = 0; window < firsts.length; window++) {
      firsts[window] = starts[present];
      present += present < windows.length && windows[present] == window ? 1 : 0;
    }
    return firsts;
  }

  /**
   * Returns the same postings with those of each window by falling impact, so that a search may
   * stop at an impact; and with their numbers from each impact on.
   */
  TermPostings byImpact() {
    if (suffixes != null) {
      return this;
    }
    int[] documents = new int[places.length];
    int[] impacts = new int[places.length];
    long[] window = new long[0];
    for (int w = 0; w < windows.length; w++) {
      int from = starts[w];
      int count = starts[w + 1] - from;
      if (window.length < count) {
        window = new long[count];
      }
      for (int i = 0; i < count; i++) {
        window[i] = (long) -impact(from + i) << 32 | places[from + i];
      }
      Arrays.sort(window, 0, count);
      for (int i = 0; i < count; i++) {
        documents[from + i] = (windows[w] << WINDOW_BITS) + (int) (window[i] & (WINDOW - 1));
        impacts[from + i] = -(int) (window[i] >> 32);
      }
    }
    int[] counts = new int[STEPS + 1];
    for (int impact : impacts) {
      counts[step(impact)]++;
    }
    for (int s = STEPS - 1; s >= 0; s--) {
      counts[s] += counts[s + 1];
    }
    return new TermPostings(documents, impacts, places.length, counts);
  }

  /**
   * Estimates the number of postings with at least that impact, never too low. Only for {@link
   * #byImpact}.
   */
  int from(long impact) {
    return impact > maximum ? 0 : suffixes[step((int) impact)];
  }

  private int step(int impact) {
    return (int) ((long) impact * STEPS / maximum);
  }

  /** Returns the impact at position {@code i} of {@code places}. */
  int impact(int i) {
    return small != null ? small[i] & 0xff : large[i];
  }

  /** Returns true if adding {@link #dense} to {@code windows[window]} takes less time. */
  boolean isDense(int window) {
    return dense != null && dense.pays(windows[window], starts[window + 1] - starts[window]);
  }

  /**
   * Adds {@code weight} × impact to the place of each document of {@code windows[window]}.
   *
   * @param scores of a window
   */
  void addTo(int[] scores, int window, int weight) {
    checked(scores);
    int from = starts[window];
    int to = starts[window + 1];
    if (small != null) {
      for (int i = from; i < to; i++) {
        scores[places[i]] += weight * (small[i] & 0xff);
      }
    } else {
      for (int i = from; i < to; i++) {
        scores[places[i]] += weight * large[i];
      }
    }
  }

  /**
   * Adds like the other method, but stops below the impact {@code lowest} (sorted by impact: {@link
   * #byImpact}; 0 for all), and notes each place whose score reaches {@code threshold} in {@code
   * reached}, behind its first {@code count}.
   *
   * @return the new number of places in {@code reached}
   */
  int addTo(
      int[] scores, int window, int weight, int lowest, int threshold, char[] reached, int count) {
    checked(scores);
    if (lowest <= 0 && small != null) {
      return addSmallTo(scores, window, weight, threshold, reached, count);
    }
    int to = starts[window + 1];
    for (int i = starts[window]; i < to; i++) {
      int impact = impact(i);
      if (impact < lowest) {
        break;
      }
      int before = scores[places[i]];
      int after = before + weight * impact;
      scores[places[i]] = after;
      if (after >= threshold && before < threshold) {
        reached[count++] = places[i];
      }
    }
    return count;
  }

  private int addSmallTo(
      int[] scores, int window, int weight, int threshold, char[] reached, int count) {
    checked(scores);
    int to = starts[window + 1];
    for (int i = starts[window]; i < to; i++) {
      char place = places[i];
      int before = scores[place];
      int after = before + weight * (small[i] & 0xff);
      scores[place] = after;
      if (after >= threshold && before < threshold) {
        reached[count++] = place;
      }
    }
    return count;
  }

  /** Clears the scores of {@code windows[window]} that {@link #addTo} may have changed. */
  void clear(int[] scores, int window, int lowest) {
    checked(scores);
    int to = starts[window + 1];
    if (lowest <= 0) {
      for (int i = starts[window]; i < to; i++) {
        scores[places[i]] = 0;
      }
    } else {
      for (int i = starts[window]; i < to && impact(i) >= lowest; i++) {
        scores[places[i]] = 0;
      }
    }
  }

  /** Shows Java that every place is within the scores, so that it need not look at each. */
  private static void checked(int[] scores) {
    if (scores.length != WINDOW) {
      throw new IllegalArgumentException("the scores of one window are needed");
    }
  }

  /**
   * Adds {@code weight} × impact to the score of each document, by its number; sums stop at {@link
   * Sums#TOO_LARGE}.
   */
  void addTo(long[] scores, long weight) {
    for (int w = 0; w < windows.length; w++) {
      int first = windows[w] << WINDOW_BITS;
      for (int i = starts[w]; i < starts[w + 1]; i++) {
        long sum = scores[first + places[i]] + weight * impact(i);
        scores[first + places[i]] = sum < 0 ? Sums.TOO_LARGE : sum;
      }
    }
  }

  @Override
  public long bytes() {
    long each = large == null ? POSTING_BYTES : 2 * POSTING_BYTES;
    return OWN_BYTES
        + (suffixes == null ? 0 : 4L * STEPS)
        + (blocks == null ? 0 : blocks.bytes())
        + (dense == null ? 0 : dense.bytes())
        + each * places.length
        + 12L * windows.length;
  }
}
