package lexlip.search;

import java.io.IOException;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.util.BytesRef;

/**
 * The documents of a snapshot's segments as a two-step search needs them: pruned for its first
 * step, and scored exactly for its second. Safe for several threads.
 *
 * <p>Both are kept in the postings cache, under its limit. Without room for both, it keeps the
 * pruned postings, and documents are scored from Lucene's postings on disk: the scores are the
 * same, and a query takes milliseconds longer.
 */
final class SegmentDocuments {

  private final Engine engine;
  private final Snapshot snapshot;
  private final int most;
  private final boolean roomy;
  private final PrunedPostings[] pruned;
  private final ForwardIndex[] forward;

  /**
   * @param most number of each document's heaviest tokens in the pruned postings; {@link
   *     Integer#MAX_VALUE} without pruned postings
   */
  SegmentDocuments(Engine engine, Snapshot snapshot, int most) throws IOException {
    this.engine = engine;
    this.snapshot = snapshot;
    this.most = most;
    pruned = new PrunedPostings[snapshot.leaves.length];
    forward = new ForwardIndex[snapshot.leaves.length];
    long bytes = 0;
    for (LeafReader reader : snapshot.leaves) {
      bytes += engine.forwardBytes(reader);
      bytes += most == Integer.MAX_VALUE ? 0 : engine.prunedBytes(reader, most);
    }
    roomy = bytes <= engine.cache.limit();
  }

  /** Returns the pruned postings of a segment, kept here until the search ends. */
  synchronized PrunedPostings pruned(int leaf) throws IOException {
    if (pruned[leaf] == null) {
      pruned[leaf] = engine.pruned(snapshot.leaves[leaf], most, roomy);
    }
    return pruned[leaf];
  }

  /**
   * Shows {@code top} the score of each document of a segment, Σ over its tokens of weight ×
   * impact.
   *
   * @param documents ascending, in the snapshot's numbers; those from {@code from} to {@code to}
   */
  void score(
      int leaf, BytesRef[] tokens, int[] weights, int[] documents, int from, int to, TopK top)
      throws IOException {
    int base = snapshot.bases[leaf];
    if (roomy) {
      ForwardIndex.Query query = forward(leaf).query(tokens, weights);
      query.score(documents, from, to, base, top);
      query.end();
      return;
    }
    long[] scores = new long[to - from];
    LeafReader reader = snapshot.leaves[leaf];
    Impacts.addTo(scores, reader.terms(engine.field), tokens, weights, documents, from, base);
    for (int d = from; d < to; d++) {
      top.add(scores[d - from], documents[d]);
    }
  }

  private synchronized ForwardIndex forward(int leaf) throws IOException {
    if (forward[leaf] == null) {
      forward[leaf] = engine.forward(snapshot.leaves[leaf]);
    }
    return forward[leaf];
  }
}
