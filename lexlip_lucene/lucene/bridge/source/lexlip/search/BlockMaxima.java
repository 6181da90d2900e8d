package lexlip.search;

/**
 * One token's largest impact in each block of {@link #BLOCK} neighbouring documents, for bounds of
 * scores; and where its postings of a block begin, to score it.
 *
 * <p>A largest impact m takes one byte, ⌈m × {@link #LEVELS} / the token's maximum⌉: 0 only without
 * a posting, and never too small. Four bytes are packed into an int, because HotSpot turns loops
 * over ints into vector instructions. A rare token has no such bytes: its own postings are fewer.
 */
final class BlockMaxima {

  /** Documents of a block. */
  static final int BLOCK = 8;

  static final int BLOCK_BITS = 3;

  /** Bits of the number of blocks in a window of postings. */
  static final int WINDOW_BITS = TermPostings.WINDOW_BITS - BLOCK_BITS;

  /** The byte of the token's largest impact. */
  static final int LEVELS = 127;

  /** Blocks of a group: integers of maxima come in whole groups. */
  static final int GROUP = 64;

  /** Integers of a group. */
  static final int GROUP_INTS = GROUP / 4;

  /** Bits of the least number of blocks whose postings' place is kept together: a run. */
  private static final int RUN_BITS = 3;

  /** Bytes that a posting of a rare token takes at most. */
  static final double RARE_BYTES = 0.25;

  /** Postings of a run, where a run of so few is not shorter than that. */
  private static final int RUN_POSTINGS = 8;

  /** Bytes of an object without any array's content. */
  static final long OWN_BYTES = 128;

  /** Four bytes each, the first block's lowest; null for a rare token. */
  final int[] packed;

  /** The place of the first posting of each window among all, for all windows and one more. */
  private final int[] firsts;

  /** The number of postings in the same window before those of each run. */
  private final char[] starts;

  private final int runBits;

  /**
   * @param postings by ascending document
   * @param documents of the segment
   * @param tokens what is kept of which token
   */
  BlockMaxima(TermPostings postings, int documents, FrequentTokens tokens) {
    int frequency = postings.places.length;
    firsts = postings.firsts(documents);
    packed = frequency >= tokens.least ? packed(postings, firsts, documents) : null;
    runBits = runBits(postings.places.length, documents);
    starts = starts(postings, firsts, runBits, documents);
  }

  private static int[] packed(TermPostings postings, int[] firsts, int documents) {
    int[] packed = new int[ints(documents)];
    char[] places = postings.places;
    int maximum = postings.maximum;
    for (int window = 0; window < firsts.length - 1; window++) {
      int end = firsts[window + 1];
      for (int at = firsts[window]; at < end; ) {
        int inWindow = places[at] >>> BLOCK_BITS;
        int most = 0;
        for (; at < end && places[at] >>> BLOCK_BITS == inWindow; at++) {
          most = Math.max(most, postings.impact(at));
        }
        int block = (window << WINDOW_BITS) + inWindow;
        int level = (int) (((long) most * LEVELS + maximum - 1) / maximum);
        packed[block >>> 2] |= level << ((block & 3) << 3);
      }
    }
    return packed;
  }

  private static char[] starts(TermPostings postings, int[] firsts, int runBits, int documents) {
    char[] starts = new char[runs(documents, runBits)];
    int inWindow = 1 << WINDOW_BITS - runBits;
    for (int window = 0; window < firsts.length - 1; window++) {
      int at = firsts[window];
      for (int run = 0; run < inWindow && window * inWindow + run < starts.length; run++) {
        while (at < firsts[window + 1] && postings.places[at] >>> BLOCK_BITS + runBits < run) {
          at++;
        }
        starts[window * inWindow + run] = (char) Math.min(at - firsts[window], Character.MAX_VALUE);
      }
    }
    return starts;
  }

  /** Returns the length of {@link #packed}: whole groups. */
  static int ints(int documents) {
    int blocks = (documents + BLOCK - 1) >>> BLOCK_BITS;
    return (blocks + GROUP - 1) / GROUP * GROUP_INTS;
  }

  private static int runBits(int frequency, int documents) {
    int bits = RUN_BITS;
    while (bits < WINDOW_BITS && (long) runs(documents, bits) * RUN_POSTINGS > frequency) {
      bits++;
    }
    return bits;
  }

  private static int runs(int documents, int runBits) {
    return ((documents - 1) >>> BLOCK_BITS + runBits) + 1;
  }

  /** Returns the bytes that a frequent token takes at most. */
  static long bytes(int documents) {
    return OWN_BYTES
        + 4L * ints(documents)
        + 2L * runs(documents, RUN_BITS)
        + 4L * (documents >>> TermPostings.WINDOW_BITS);
  }

  long bytes() {
    return OWN_BYTES
        + (packed == null ? 0 : 4L * packed.length)
        + 2L * starts.length
        + 4L * firsts.length;
  }

  /** Returns a place among the postings before which none is of a document of {@code block}. */
  int start(int block) {
    return firsts[block >>> WINDOW_BITS] + starts[block >>> runBits];
  }

  /** Returns the place after the last posting of the block's window. */
  int end(int block) {
    return firsts[(block >>> WINDOW_BITS) + 1];
  }
}
