package lexlip.search;

/**
 * One token's largest impact in each block of {@link #BLOCK} neighbouring documents, for bounds of
 * scores; and where its postings begin, every {@link #RUN} blocks, to score a block.
 *
 * <p>A largest impact m takes one byte, ⌈m × {@link #LEVELS} / the token's maximum⌉: 0 only without
 * a posting, and never too small. Four bytes are packed into an int, because HotSpot turns loops
 * over ints into vector instructions.
 */
final class BlockMaxima {

  /** Documents of a block. */
  static final int BLOCK = 8;

  static final int BLOCK_BITS = 3;

  /** Bits of the number of blocks in a window of postings. */
  static final int WINDOW_BITS = TermPostings.WINDOW_BITS - BLOCK_BITS;

  /** The byte of the token's largest impact. */
  static final int LEVELS = 255;

  /** Blocks of a group: integers of maxima come in whole groups. */
  static final int GROUP = 64;

  /** Integers of a group. */
  static final int GROUP_INTS = GROUP / 4;

  /** Blocks from one known place of the postings to the next. */
  static final int RUN = 16;

  private static final int RUN_BITS = 4;

  /** Four bytes each, the first block's lowest. */
  final int[] packed;

  /** The place of the first posting of each window among all, for all windows and one more. */
  private final int[] firsts;

  /** The number of postings in the same window before those of each {@link #RUN} blocks. */
  private final char[] starts;

  private BlockMaxima(int[] packed, int[] firsts, char[] starts) {
    this.packed = packed;
    this.firsts = firsts;
    this.starts = starts;
  }

  /**
   * Makes the maxima of a token.
   *
   * @param postings by ascending document
   * @param documents of the segment
   */
  static BlockMaxima of(TermPostings postings, int documents) {
    int[] packed = new int[ints(documents)];
    int[] firsts = postings.firsts(documents);
    char[] starts = new char[runs(documents)];
    int maximum = postings.maximum;
    for (int window = 0; window < firsts.length - 1; window++) {
      int end = firsts[window + 1];
      int run = window << WINDOW_BITS - RUN_BITS; // the first whose start is not known yet
      int last = Math.min(run + (1 << WINDOW_BITS - RUN_BITS), starts.length);
      for (int at = firsts[window]; at < end; ) {
        int inWindow = postings.places[at] >>> BLOCK_BITS;
        int block = (window << WINDOW_BITS) + inWindow;
        for (; run <= block >>> RUN_BITS; run++) {
          starts[run] = (char) (at - firsts[window]);
        }
        int most = 0;
        for (; at < end && postings.places[at] >>> BLOCK_BITS == inWindow; at++) {
          most = Math.max(most, postings.impact(at));
        }
        int level = (int) (((long) most * LEVELS + maximum - 1) / maximum);
        packed[block >>> 2] |= level << ((block & 3) << 3);
      }
      for (; run < last; run++) {
        starts[run] = (char) Math.min(end - firsts[window], Character.MAX_VALUE);
      }
    }
    return new BlockMaxima(packed, firsts, starts);
  }

  /** Returns the length of {@link #packed}: whole groups. */
  static int ints(int documents) {
    int blocks = (documents + BLOCK - 1) >>> BLOCK_BITS;
    return (blocks + GROUP - 1) / GROUP * GROUP_INTS;
  }

  private static int runs(int documents) {
    return (documents + RUN * BLOCK - 1) / (RUN * BLOCK);
  }

  /** Returns the bytes that a token's maxima take. */
  static long bytes(int documents) {
    return 96 + 4L * ints(documents) + 2L * runs(documents) + 4L * (documents >>> 16);
  }

  long bytes() {
    return 96 + 4L * packed.length + 2L * starts.length + 4L * firsts.length;
  }

  /** Returns the byte of a block. */
  int level(int block) {
    return packed[block >>> 2] >>> ((block & 3) << 3) & 0xff;
  }

  /** Returns a place among the postings before which none is of a document of {@code block}. */
  int start(int block) {
    return firsts[block >>> WINDOW_BITS] + starts[block >>> RUN_BITS];
  }

  /** Returns the place after the last posting of the block's window. */
  int end(int block) {
    return firsts[(block >>> WINDOW_BITS) + 1];
  }
}
