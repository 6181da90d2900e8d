package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;

/**
 * Exact search for one query: score = Σ over shared tokens of weight × impact. It chooses the
 * execution; the hits are the same.
 *
 * <p>Windows of decoded postings serve queries whose postings fit into the cache. Lucene's own
 * execution serves the others, because it reads from disk and skips. Scores of 2^31 and more take
 * 64-bit sums, and those beyond these are refused.
 */
final class ImpactSearch {

  /** The executions of a query; Python passes their values. */
  enum Execution {
    AUTO,
    WINDOWS,
    BLOCKS,
    LUCENE
  }

  private final Engine engine;
  private final Snapshot snapshot;
  private final Bits[] allowed;

  ImpactSearch(Engine engine, Snapshot snapshot, Bits[] allowed) {
    this.engine = engine;
    this.snapshot = snapshot;
    this.allowed = allowed;
  }

  Answer search(BytesRef[] tokens, int[] weights, int k, Execution execution) throws IOException {
    boolean lucene =
        execution == Execution.LUCENE
            || (execution == Execution.AUTO && bytes(tokens) > engine.cache.limit());
    TopK top = new TopK(k);
    if (lucene) {
      LuceneSearch.search(
          snapshot.searcher,
          LuceneSearch.query(engine.field, tokens, weights),
          allowed,
          false,
          top);
      top.shrink();
      if (!inexact(top)) {
        return Docids.rank(snapshot, engine.id, top, k, 0);
      }
      top = new TopK(k);
    }
    for (int leaf = 0; leaf < snapshot.leaves.length; leaf++) {
      search(leaf, tokens, weights, execution, top);
    }
    return Docids.rank(snapshot, engine.id, top, k, 0);
  }

  private void search(int leaf, BytesRef[] tokens, int[] weights, Execution execution, TopK top)
      throws IOException {
    TermPostings[] terms = new TermPostings[tokens.length];
    int[] used = new int[tokens.length];
    BytesRef[] theirs = new BytesRef[tokens.length];
    int count = 0;
    for (int t = 0; t < tokens.length; t++) {
      TermPostings postings = engine.cache.get(snapshot.leaves[leaf], engine.field, tokens[t]);
      if (postings != null) {
        theirs[count] = tokens[t];
        terms[count] = postings;
        used[count++] = weights[t];
      }
    }
    terms = Arrays.copyOf(terms, count);
    int documents = snapshot.leaves[leaf].maxDoc();
    if (execution == Execution.BLOCKS && WindowSearch.fits(terms, used)) {
      int least = Math.max(1, documents / 64);
      for (int t = 0; t < count; t++) {
        if (terms[t].places.length >= least) {
          terms[t] = engine.cache.withBlocks(snapshot.leaves[leaf], theirs[t], terms[t]);
        }
      }
      if (BlockSearch.search(
              terms,
              used,
              documents,
              allowed[leaf],
              snapshot.bases[leaf],
              top,
              Integer.MAX_VALUE,
              Integer.MAX_VALUE)
          >= 0) {
        return;
      }
    }
    if (WindowSearch.fits(terms, used)) {
      WindowSearch.search(terms, used, null, documents, allowed[leaf], snapshot.bases[leaf], top);
    } else {
      wide(terms, used, documents, allowed[leaf], snapshot.bases[leaf], top);
    }
  }

  private static void wide(
      TermPostings[] terms, int[] weights, int documents, Bits allowed, int base, TopK top) {
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

  /**
   * Returns true if a score reaches 2^24: float32 has every integer below that, and others may have
   * been rounded.
   */
  private static boolean inexact(TopK top) {
    for (int i = 0; i < top.size(); i++) {
      if (top.score(i) >= 1 << 24) {
        return true;
      }
    }
    return false;
  }

  private long bytes(BytesRef[] tokens) throws IOException {
    long postings = 0;
    for (LeafReader reader : snapshot.leaves) {
      Terms terms = reader.terms(engine.field);
      // If all postings of a segment fit, those of the query do.
      if (terms == null
          || TermPostings.POSTING_BYTES * terms.getSumDocFreq()
              <= engine.cache.limit() / snapshot.leaves.length) {
        continue;
      }
      TermsEnum all = terms.iterator();
      for (BytesRef token : tokens) {
        postings += all.seekExact(token) ? all.docFreq() : 0;
      }
    }
    return TermPostings.POSTING_BYTES * postings;
  }
}
