package lexlip.search;

/**
 * The impact of a common token in every document of a segment, 0 where it is missing: one byte
 * each, four to an int. Adding all of them takes less time than adding the postings one by one as
 * soon as one document in four has one.
 *
 * <p>The documents of a window are cut into four runs of the same length. An int holds one of each,
 * so that neighbours are in neighbouring ints, at the same byte. Sums come in an array for each
 * run: HotSpot turns a loop over ints into vector instructions if all arrays have the same index.
 */
final class DenseImpacts {

  /** Runs of a window. */
  static final int RUNS = 4;

  /** The most documents of a run. */
  static final int RUN = TermPostings.WINDOW / RUNS;

  /** The most bytes that a posting takes, if one document in four has one. */
  static final double POSTING_BYTES = 4;

  /** By window, four bytes an int. */
  private final int[][] packed;

  /**
   * @param postings by ascending document, no impact above 255
   * @param documents of the segment
   */
  DenseImpacts(TermPostings postings, int documents) {
    packed = new int[(documents - 1 >>> TermPostings.WINDOW_BITS) + 1][];
    for (int window = 0; window < packed.length; window++) {
      packed[window] = new int[run(documents, window)];
    }
    for (int present = 0; present < postings.windows.length; present++) {
      int[] into = packed[postings.windows[present]];
      for (int at = postings.starts[present]; at < postings.starts[present + 1]; at++) {
        int place = postings.places[at];
        into[place % into.length] |= postings.impact(at) << 8 * (place / into.length);
      }
    }
  }

  /** Returns the bytes that a token takes. */
  static long bytes(int documents) {
    long last = documents - 1 >>> TermPostings.WINDOW_BITS;
    return last * (TermPostings.WINDOW + 24) + 4L * run(documents, (int) last) + 48;
  }

  long bytes() {
    long bytes = 24;
    for (int[] window : packed) {
      bytes += 24 + 4L * window.length;
    }
    return bytes;
  }

  /** Returns true if adding a window takes less time than adding so many postings of it. */
  boolean pays(int window, int postings) {
    return postings > packed[window].length;
  }

  /** Returns the length of the runs of a window. */
  int run(int window) {
    return packed[window].length;
  }

  /**
   * Adds {@code weight} × impact to the sums of a part of a window: the documents {@code from} to
   * before {@code to} of each run.
   *
   * @param sums of each run
   */
  void addTo(int[][] sums, int window, int from, int to, int weight) {
    int[] four = packed[window];
    for (int r = 0; r < RUNS; r++) {
      add(four, sums[r], 8 * r, from, to, weight);
    }
  }

  private static void add(int[] four, int[] sums, int shift, int from, int to, int weight) {
    for (int i = from; i < to; i++) {
      sums[i] += weight * (four[i] >>> shift & 0xff);
    }
  }

  /** Copies sums of a window to its documents' scores. */
  void copy(int[][] sums, int window, int[] scores) {
    int run = run(window);
    for (int r = 0; r < RUNS; r++) {
      System.arraycopy(sums[r], 0, scores, r * run, run);
    }
  }

  /** Adds {@code weight} × impact of each document of a block to the scores from {@code to} on. */
  void addBlockTo(int[] scores, int to, int block, int weight) {
    int window = block >>> BlockMaxima.WINDOW_BITS;
    int place = block * BlockMaxima.BLOCK - window * TermPostings.WINDOW;
    int[] four = packed[window];
    int from = place % four.length;
    int shift = 8 * (place / four.length);
    for (int d = 0; d < BlockMaxima.BLOCK; d++) {
      scores[to + d] += weight * (four[from + d] >>> shift & 0xff);
    }
  }

  /** Returns the length of a run: whole blocks. */
  private static int run(int documents, int window) {
    int own = Math.min(documents - window * TermPostings.WINDOW, TermPostings.WINDOW);
    int blocks = (own + RUNS * BlockMaxima.BLOCK - 1) / (RUNS * BlockMaxima.BLOCK);
    return blocks * BlockMaxima.BLOCK;
  }
}
