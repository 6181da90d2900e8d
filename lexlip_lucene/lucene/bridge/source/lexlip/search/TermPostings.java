package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.search.DocIdSetIterator;

/**
 * The postings of one token in one segment, decoded: which documents hold it, with which impact.
 *
 * <p>Documents are grouped into windows of 4,096, so that a window's scores (16 KB) stay in the first-level cache while
 * one token after the other adds to them. Document 4,100 with impact 7 stands in window 1, at place 4. Three bytes a
 * posting where impacts are at most 255, six otherwise. Deleted documents are in it, because it outlives deletions.
 */
final class TermPostings {

  static final int WINDOW_BITS = 12;
  static final int WINDOW = 1 << WINDOW_BITS;

  /** Numbers of the windows that hold a posting, ascending. */
  final int[] windows;

  /** The postings of {@code windows[i]} stand at {@code starts[i]} to {@code starts[i + 1]}. */
  final int[] starts;

  /** The largest impact in {@code windows[i]}. */
  final int[] highest;

  /** A document's number less its window's first. */
  final char[] places;

  /** Impacts where none is above 255 (read them with {@code & 0xff}), else null. */
  final byte[] small;

  /** Impacts where one is above 255, else null. */
  final int[] large;

  /** The largest impact of all. */
  final int maximum;

  /** The largest impact of a posting that is not here, because only the heaviest were kept; 0 where all are. */
  final int leftOut;

  /**
   * @param documents ascending document numbers
   * @param impacts their impacts
   * @param count how many entries of both count
   * @param leftOut the largest impact among the postings that are not in them
   */
  TermPostings(int[] documents, int[] impacts, int count, int leftOut) {
    this.leftOut = leftOut;
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
  }

  /** Reads all that {@code postings} has; {@code documentFrequency} says how many at most. */
  static TermPostings read(PostingsEnum postings, int documentFrequency) throws IOException {
    int[] documents = new int[documentFrequency];
    int[] impacts = new int[documentFrequency];
    int count = 0;
    for (int d = postings.nextDoc(); d != DocIdSetIterator.NO_MORE_DOCS; d = postings.nextDoc()) {
      documents[count] = d;
      impacts[count++] = postings.freq();
    }
    return new TermPostings(documents, impacts, count, 0);
  }

  /**
   * The {@code most} postings with the highest impacts, the first documents first where impacts tie; this object where
   * there are no more.
   */
  TermPostings heaviest(int most) {
    if (places.length <= most) {
      return this;
    }
    int[] impacts = new int[places.length];
    for (int i = 0; i < impacts.length; i++) {
      impacts[i] = impact(i);
    }
    int[] sorted = impacts.clone();
    Arrays.sort(sorted);
    int lowest = sorted[sorted.length - most];
    int ties = most;
    for (int impact : impacts) {
      ties -= impact > lowest ? 1 : 0;
    }
    int[] documents = new int[most];
    int count = 0;
    for (int w = 0; w < windows.length; w++) {
      for (int i = starts[w]; i < starts[w + 1]; i++) {
        if (impacts[i] > lowest || (impacts[i] == lowest && ties-- > 0)) {
          documents[count] = (windows[w] << WINDOW_BITS) + places[i];
          impacts[count++] = impacts[i];
        }
      }
    }
    return new TermPostings(documents, impacts, count, lowest);
  }

  /** The impact at position {@code i} of {@code places}. */
  int impact(int i) {
    return small != null ? small[i] & 0xff : large[i];
  }

  /** Adds {@code weight} × impact to the place of each document of {@code windows[window]}. */
  void addTo(int[] scores, int window, int weight) {
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

  /** Adds {@code weight} × impact to the score of each document, by its number. */
  void addTo(long[] scores, long weight) {
    for (int w = 0; w < windows.length; w++) {
      int first = windows[w] << WINDOW_BITS;
      for (int i = starts[w]; i < starts[w + 1]; i++) {
        scores[first + places[i]] += weight * impact(i);
      }
    }
  }

  /** Memory taken, in bytes. */
  long bytes() {
    return 120 + 3L * places.length + (large == null ? 0 : 3L * places.length) + 12L * windows.length;
  }
}
