package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;

/** The search of one segment for one query, by windows or by blocks of its decoded postings. */
final class SegmentSearch {

  private final Engine engine;
  private final Snapshot snapshot;
  private final int leaf;
  private final LeafReader reader;
  private final int base;
  private final int documents;
  private final BytesRef[] tokens;
  private final TermPostings[] terms;
  private final int[] weights;

  /** Decodes the postings of the tokens that the segment has. */
  SegmentSearch(Engine engine, Snapshot snapshot, int leaf, BytesRef[] tokens, int[] weights)
      throws IOException {
    this.engine = engine;
    this.snapshot = snapshot;
    this.leaf = leaf;
    reader = snapshot.leaves[leaf];
    base = snapshot.bases[leaf];
    documents = reader.maxDoc();
    BytesRef[] there = new BytesRef[tokens.length];
    TermPostings[] theirs = new TermPostings[tokens.length];
    int[] used = new int[tokens.length];
    int count = 0;
    for (int t = 0; t < tokens.length; t++) {
      TermPostings postings = engine.cache.get(reader, engine.field, tokens[t]);
      if (postings != null) {
        there[count] = tokens[t];
        theirs[count] = postings;
        used[count++] = weights[t];
      }
    }
    this.tokens = Arrays.copyOf(there, count);
    this.terms = Arrays.copyOf(theirs, count);
    this.weights = Arrays.copyOf(used, count);
  }

  /** Shows {@code top} every document that may be among its best. */
  void exact(ImpactSearch.Execution execution, Bits allowed, TopK top) throws IOException {
    if (terms.length == 0) {
      return;
    }
    if (allowed == null) {
      raise(top);
    }
    if (!WindowSearch.fits(terms, weights)) {
      wide(allowed, top);
      return;
    }
    if (execution == ImpactSearch.Execution.BLOCKS) {
      if (byBlocks(allowed, top, BlockSearch.ALL, BlockSearch.ALL).givenUp()) {
        byWindows(allowed, top);
      }
    } else if (execution == ImpactSearch.Execution.WINDOWS || !triedByBlocks(allowed, top)) {
      byWindows(allowed, top);
    }
  }

  /** Raises the threshold to what {@code k} documents reach by one token only. */
  private void raise(TopK top) {
    for (int t = 0; t < terms.length; t++) {
      top.raise((long) weights[t] * terms[t].reachedBy(top.k));
    }
  }

  /**
   * Shows {@code top} the documents of the best blocks, {@code most} of them. It is exact where
   * sums leave the range of int, or bounds theirs.
   */
  BlockSearch.Visit blocks(Bits allowed, TopK top, int most) throws IOException {
    if (terms.length > 0 && WindowSearch.fits(terms, weights)) {
      BlockSearch.Visit visit = byBlocks(allowed, top, most, BlockSearch.ALL);
      if (!visit.givenUp()) {
        return visit;
      }
    }
    exact(ImpactSearch.Execution.WINDOWS, allowed, top);
    return new BlockSearch.Visit(0, 0);
  }

  /** Searches by blocks if that promises to be faster; returns false if windows are needed. */
  private boolean triedByBlocks(Bits allowed, TopK top) throws IOException {
    int k = top.k;
    BlockCosts costs = new BlockCosts(terms, engine.frequent(reader), documents);
    if (!costs.canPay(k)
        || costs.bytes() > engine.cache.limit() / snapshot.leaves.length
        || !engine.odds.promising(terms.length, k)) {
      return false;
    }
    BlockSearch.Visit visit = byBlocks(allowed, top, BlockSearch.ALL, costs.budget());
    engine.odds.learn(terms.length, k, costs.part(visit));
    if (visit.givenUp()) {
      engine.choices.givenUp.increment();
      top.forget(base); // windows show them again, and the threshold stays right
      return false;
    }
    return true;
  }

  private BlockSearch.Visit byBlocks(Bits allowed, TopK top, int most, int budget)
      throws IOException {
    engine.choices.blocks.increment();
    TermPostings[] made = with(true);
    return BlockSearch.search(made, weights, documents, allowed, base, top, most, budget);
  }

  private void byWindows(Bits allowed, TopK top) throws IOException {
    engine.choices.windows.increment();
    TermPostings[] made = roomy() ? with(false) : terms;
    WindowSearch.search(made, weights, null, documents, allowed, base, top);
  }

  /** Returns the postings with what a search by windows or by blocks adds up fastest. */
  private TermPostings[] with(boolean blocks) throws IOException {
    FrequentTokens tokens = engine.frequent(reader);
    TermPostings[] made = new TermPostings[terms.length];
    for (int t = 0; t < terms.length; t++) {
      made[t] = engine.cache.with(blocks, reader, this.tokens[t], terms[t], tokens);
    }
    return made;
  }

  /** Returns true if the cache can hold all postings of all segments with what is made of them. */
  private boolean roomy() throws IOException {
    double each = TermPostings.POSTING_BYTES + FrequentTokens.MOST + DenseImpacts.POSTING_BYTES;
    long postings = reader.terms(engine.field).getSumDocFreq();
    return each * postings <= engine.cache.limit() / (double) snapshot.leaves.length;
  }

  private void wide(Bits allowed, TopK top) {
    engine.choices.windows.increment();
    long[] scores =
        new long[(documents + TermPostings.WINDOW - 1) / TermPostings.WINDOW * TermPostings.WINDOW];
    for (int t = 0; t < terms.length; t++) {
      terms[t].addTo(scores, weights[t]);
    }
    for (int d = 0; d < documents; d++) {
      if (scores[d] >= top.threshold() && (allowed == null || allowed.get(d))) {
        top.add(Sums.exact(scores[d]), base + d);
      }
    }
  }
}
