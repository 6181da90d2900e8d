package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;

/**
 * Approximate search in two steps: the postings that contribute most (weight × impact) find
 * candidates, whose scores are then computed exactly. Query and documents may be pruned to their
 * heaviest tokens, as in Lassance et al., "Two-Step SPLADE", ECIR 2024 (arXiv 2404.13357); or each
 * query draws its own line through the impacts, as in Lin and Trotman, "Anytime Ranking for
 * Impact-Ordered Indexes", ICTIR 2015.
 *
 * <p>It may lose a document that is not a candidate. Such a score is at most {@code unseen}: the
 * last candidate's score in the first step, and for each token weight × the largest impact left
 * out. If the k-th hit scores more, nothing was lost.
 */
final class TwoStepSearch {

  private final Engine engine;
  private final Snapshot snapshot;
  private final Bits[] allowed;
  private final int terms;
  private final int postings;
  private final boolean pruning;
  private final SegmentDocuments documents;
  private final int candidates;

  /**
   * @param terms number of a query's heaviest tokens that the first step takes
   * @param postings number of postings that it adds up at most, over all segments
   * @param documentTerms number of each document's heaviest tokens that it sees
   * @param candidates number of documents that the second step scores, and all that tie with the
   *     last; k if that is more
   */
  TwoStepSearch(
      Engine engine,
      Snapshot snapshot,
      Bits[] allowed,
      int terms,
      int postings,
      int documentTerms,
      int candidates)
      throws IOException {
    this.engine = engine;
    this.snapshot = snapshot;
    this.allowed = allowed;
    this.terms = terms;
    this.postings = postings;
    this.documents = new SegmentDocuments(engine, snapshot, documentTerms);
    this.pruning = documentTerms < Integer.MAX_VALUE;
    this.candidates = candidates;
  }

  Answer search(BytesRef[] tokens, int[] weights, int k) throws IOException {
    int[] order = heaviestFirst(weights);
    TopK found = new TopK(Math.max(candidates, k));
    long leftOut = 0;
    for (int leaf = 0; leaf < snapshot.leaves.length; leaf++) {
      leftOut = Math.max(leftOut, find(leaf, tokens, weights, order, found));
    }
    found.shrink();
    TopK top = rescore(found, tokens, weights, k);
    return Docids.rank(engine, snapshot, top, k, Sums.add(found.threshold() - 1, leftOut));
  }

  /**
   * Shows {@code found} the documents of a segment; returns the most that a document may score
   * beyond that.
   */
  private long find(int leaf, BytesRef[] tokens, int[] weights, int[] order, TopK found)
      throws IOException {
    LeafReader reader = snapshot.leaves[leaf];
    PrunedPostings pruned = pruning ? documents.pruned(leaf) : null;
    TermPostings[] there = new TermPostings[tokens.length];
    int[] theirs = new int[tokens.length];
    int[] beyond = new int[tokens.length]; // the largest impact left out of each
    int count = 0;
    long leftOut = 0;
    // the score that a document may have, above all sums here and in the second step
    long highest = 0;
    long postings = 0;
    for (int i = 0; i < order.length; i++) {
      PrunedPostings.Token token =
          pruned == null ? token(reader, tokens[order[i]]) : pruned.get(tokens[order[i]]);
      if (token == null) {
        continue;
      }
      int weight = weights[order[i]];
      long most = (long) weight * Math.max(token.leftOut(), token.kept().maximum);
      highest = Sums.add(highest, most);
      if (i < terms) {
        there[count] = token.kept();
        beyond[count] = token.leftOut();
        theirs[count++] = weight;
        postings += token.kept().places.length;
      } else {
        leftOut += most;
      }
    }
    there = Arrays.copyOf(there, count);
    if (!WindowSearch.fits(there, theirs)) {
      throw new IllegalArgumentException("two-step search needs scores below 2^31: search exactly");
    }
    int[] lowest = null;
    long allowance = (long) this.postings * reader.maxDoc() / snapshot.reader.maxDoc();
    if (postings > allowance) {
      for (int t = 0; t < count; t++) {
        there[t] = there[t].byImpact();
      }
      lowest = lowest(there, theirs, line(there, theirs, allowance));
      for (int t = 0; t < count; t++) {
        beyond[t] = Math.max(beyond[t], Math.min(lowest[t] - 1, there[t].maximum));
      }
    }
    for (int t = 0; t < count; t++) {
      leftOut += (long) theirs[t] * beyond[t];
    }
    WindowSearch.search(
        there, theirs, lowest, reader.maxDoc(), allowed[leaf], snapshot.bases[leaf], found);
    return leftOut;
  }

  private PrunedPostings.Token token(LeafReader reader, BytesRef token) throws IOException {
    TermPostings all =
        postings < Integer.MAX_VALUE
            ? engine.cache.byImpact(reader, engine.field, token)
            : engine.cache.get(reader, engine.field, token);
    return all == null ? null : new PrunedPostings.Token(all, 0);
  }

  /** Returns the impact from which on each token contributes at least {@code line}. */
  private static int[] lowest(TermPostings[] terms, int[] weights, long line) {
    int[] lowest = new int[terms.length];
    for (int t = 0; t < terms.length; t++) {
      lowest[t] = (int) Math.min((line + weights[t] - 1) / weights[t], Integer.MAX_VALUE);
    }
    return lowest;
  }

  /** Returns the lowest contribution, at least 1, that at most {@code most} postings reach. */
  private static long line(TermPostings[] terms, int[] weights, long most) {
    long low = 1;
    long high = 1;
    for (int t = 0; t < terms.length; t++) {
      high = Math.max(high, (long) weights[t] * terms[t].maximum + 1);
    }
    while (low < high) {
      long middle = (low + high) >>> 1;
      long count = 0;
      for (int t = 0; t < terms.length; t++) {
        count += terms[t].from((middle + weights[t] - 1) / weights[t]);
      }
      if (count <= most) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private TopK rescore(TopK found, BytesRef[] tokens, int[] weights, int k) throws IOException {
    TopK top = new TopK(k);
    int[] numbers = new int[found.size()];
    Arrays.setAll(numbers, found::document);
    Arrays.sort(numbers);
    int at = 0;
    for (int leaf = 0; leaf < snapshot.leaves.length && at < numbers.length; leaf++) {
      int end = snapshot.bases[leaf] + snapshot.leaves[leaf].maxDoc();
      int from = at;
      while (at < numbers.length && numbers[at] < end) {
        at++;
      }
      if (at > from) {
        documents.score(leaf, tokens, weights, numbers, from, at, top);
      }
    }
    return top;
  }

  private static int[] heaviestFirst(int[] weights) {
    long[] pairs = new long[weights.length];
    for (int i = 0; i < pairs.length; i++) {
      pairs[i] = (long) -weights[i] << 32 | i;
    }
    Arrays.sort(pairs);
    int[] order = new int[pairs.length];
    Arrays.setAll(order, i -> (int) pairs[i]);
    return order;
  }
}
