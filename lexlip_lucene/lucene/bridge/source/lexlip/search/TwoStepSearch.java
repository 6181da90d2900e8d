package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.util.BytesRef;

/**
 * Approximate search in two steps: the query's heaviest tokens over the heaviest postings of each find candidates, whose
 * scores are then computed exactly. As in Lassance et al., "Two-Step SPLADE", ECIR 2024 (arXiv 2404.13357), with posting
 * lists pruned by impact.
 *
 * <p>What it may lose: a document that is no candidate. Its score is at most {@code unseen}: the last candidate's score
 * in the first step, what a posting left out could add to it (weight × the lowest impact kept), and weight × largest
 * impact of each token left out. Where the k-th hit scores more, nothing was lost.
 */
final class TwoStepSearch {

  private static final ThreadLocal<int[]> BY_NUMBER = ThreadLocal.withInitial(() -> new int[0]);

  private final Engine engine;
  private final Snapshot snapshot;
  private final ImpactSearch first;

  TwoStepSearch(Engine engine, Snapshot snapshot, ImpactSearch first) {
    this.engine = engine;
    this.snapshot = snapshot;
    this.first = first;
  }

  /**
   * @param terms how many of the query's tokens the first step takes, the heaviest
   * @param postings how many postings of each it takes in a segment, the heaviest
   * @param candidates how many documents the second step scores, and all that tie with the last; at least k
   */
  Answer search(BytesRef[] tokens, int[] weights, int k, int terms, int postings, int candidates)
      throws IOException {
    Integer[] order = new Integer[tokens.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Integer.compare(weights[b], weights[a]));
    int count = Math.min(terms, tokens.length);
    BytesRef[] heaviest = new BytesRef[count];
    int[] theirs = new int[count];
    for (int t = 0; t < count; t++) {
      heaviest[t] = tokens[order[t]];
      theirs[t] = weights[order[t]];
    }
    TopK found = new TopK(Math.max(candidates, k));
    long leftOut = 0;
    for (int leaf = 0; leaf < snapshot.leaves.length; leaf++) {
      first.search(leaf, heaviest, theirs, postings, found);
      leftOut = Math.max(leftOut, leftOut(snapshot.leaves[leaf], tokens, weights, order, count, postings));
    }
    found.shrink();
    TopK top = rescore(found, tokens, weights, k);
    return Docids.rank(snapshot, engine.id, top, k, found.threshold() - 1 + leftOut);
  }

  private long leftOut(
      LeafReader reader, BytesRef[] tokens, int[] weights, Integer[] order, int count, int postings)
      throws IOException {
    long most = 0;
    for (int t = 0; t < order.length; t++) {
      int at = order[t];
      if (t < count) {
        TermPostings kept = engine.cache.get(reader, engine.field, tokens[at], postings);
        most += kept == null ? 0 : (long) weights[at] * kept.leftOut;
      } else {
        most += (long) weights[at] * engine.forward(reader).highest(tokens[at]);
      }
    }
    return most;
  }

  private TopK rescore(TopK found, BytesRef[] tokens, int[] weights, int k) throws IOException {
    TopK top = new TopK(k);
    long[] byDocument = new long[found.size()];
    for (int i = 0; i < byDocument.length; i++) {
      byDocument[i] = found.document(i);
    }
    Arrays.sort(byDocument);
    int at = 0;
    for (int leaf = 0; leaf < snapshot.leaves.length && at < byDocument.length; leaf++) {
      int base = snapshot.bases[leaf];
      int end = base + snapshot.leaves[leaf].maxDoc();
      if (byDocument[at] >= end) {
        continue;
      }
      ForwardIndex forward = engine.forward(snapshot.leaves[leaf]);
      int[] byNumber = byNumber(forward, tokens, weights, true);
      for (; at < byDocument.length && byDocument[at] < end; at++) {
        int document = (int) byDocument[at];
        top.add(forward.score(document - base, byNumber), document);
      }
      byNumber(forward, tokens, weights, false);
    }
    return top;
  }

  /** Sets the weights of the query's tokens by their number in the segment, or sets them back to 0. */
  private static int[] byNumber(ForwardIndex forward, BytesRef[] tokens, int[] weights, boolean set) {
    int[] byNumber = BY_NUMBER.get();
    if (byNumber.length < forward.tokens()) {
      byNumber = new int[forward.tokens()];
      BY_NUMBER.set(byNumber);
    }
    for (int t = 0; t < tokens.length; t++) {
      int number = forward.number(tokens[t]);
      if (number >= 0) {
        byNumber[number] = set ? weights[t] : 0;
      }
    }
    return byNumber;
  }
}
