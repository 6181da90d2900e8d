package lexlip.search;

/**
 * The work of one query on one segment in both ways of adding up, counted in postings of {@link
 * WindowSearch}: what is known before it begins. The factors are times measured on photos' vectors.
 */
final class BlockCosts {

  /** Of one token in one block that is scored. */
  private static final double SCORED = 30;

  /** Of one token in one block, for its bound. */
  private static final double BOUND = 0.08;

  /** Of one block, to look for high bounds. */
  private static final double LOOKED_AT = 0.7;

  /** Of one document and a common token, whose impacts are added all at once. */
  private static final double DENSE = 0.15;

  /** Of a posting of a rare token, for bounds. */
  private static final double RARE = 1.5;

  /** The part of the windows' work that scoring blocks may take before it is given up. */
  private static final double WORTH = 0.8;

  private final double windows;
  private final double bounds;
  private final int terms;
  private final long bytes;

  /**
   * @param terms the tokens' postings
   * @param tokens what is kept of which token
   * @param documents of the segment
   */
  BlockCosts(TermPostings[] terms, FrequentTokens tokens, int documents) {
    double blocks = (double) documents / BlockMaxima.BLOCK;
    double all = documents / 4.0; // to look through the scores
    double some = blocks * LOOKED_AT;
    long memory = 0;
    for (TermPostings term : terms) {
      int postings = term.places.length;
      memory += term.bytes() + BlockMaxima.bytes(documents);
      memory += postings < tokens.leastCommon ? 0 : DenseImpacts.bytes(documents);
      all += postings < tokens.leastCommon ? postings : DENSE * documents;
      some += postings < tokens.least ? RARE * postings : BOUND * blocks;
    }
    this.terms = terms.length;
    windows = all;
    bounds = some;
    bytes = memory;
  }

  /** Returns the number of blocks that may be scored before windows are better. */
  int budget() {
    return (int) Math.min(WORTH * windows / (SCORED * terms), Integer.MAX_VALUE);
  }

  /** Returns about the memory that a search by blocks keeps in the cache. */
  long bytes() {
    return bytes;
  }

  /** Returns true if a search by blocks for the best {@code k} can be faster than by windows. */
  boolean canPay(int k) {
    return bounds < WORTH * windows && k / 4 + BlockScores.BATCH <= budget();
  }

  /** Returns the work of a search by blocks as a part of the windows' work. */
  double part(BlockSearch.Visit visit) {
    double blocks = (bounds + SCORED * terms * visit.blocks()) / windows;
    return visit.givenUp() ? 1 + blocks : blocks;
  }
}
