package lexlip.search;

import java.io.IOException;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;

/**
 * Search for one query: score = Σ over shared tokens of weight × impact. It chooses the execution;
 * the hits are the same.
 *
 * <p>Decoded postings serve queries whose postings fit into the cache: {@link SegmentSearch} adds
 * them up by windows or by blocks. Lucene's own execution serves the others, because it reads from
 * disk and skips. Scores of 2^31 and more take 64-bit sums, and those beyond these are refused.
 */
final class ImpactSearch {

  /** The executions of a query; Python passes their places here. */
  enum Execution {
    AUTO,
    WINDOWS,
    BLOCKS,
    LUCENE;

    private static final Execution[] ALL = values();

    static Execution of(int place) {
      return ALL[place];
    }
  }

  private final Engine engine;
  private final Snapshot snapshot;
  private final Bits[] allowed;

  ImpactSearch(Engine engine, Snapshot snapshot, Bits[] allowed) {
    this.engine = engine;
    this.snapshot = snapshot;
    this.allowed = allowed;
  }

  /**
   * Searches.
   *
   * @param blocks number of blocks of documents that are scored at most; the hits are exact with
   *     {@link BlockSearch#ALL}, or if the cache has no room for the query's postings
   */
  Answer search(BytesRef[] tokens, int[] weights, int k, Execution execution, int blocks)
      throws IOException {
    boolean lucene =
        execution == Execution.LUCENE && blocks == BlockSearch.ALL
            || (execution == Execution.AUTO && bytes(tokens) > engine.cache.limit());
    TopK top = new TopK(k);
    if (lucene) {
      engine.choices.lucene.increment();
      LuceneSearch.search(
          snapshot.searcher,
          LuceneSearch.query(engine.field, tokens, weights),
          allowed,
          false,
          top);
      top.shrink();
      if (!inexact(top)) {
        return Docids.rank(engine, snapshot, top, k, 0);
      }
      top = new TopK(k);
    }
    long unseen = 0;
    long left = blocks;
    for (int leaf = 0; leaf < snapshot.leaves.length; leaf++) {
      SegmentSearch search = new SegmentSearch(engine, snapshot, leaf, tokens, weights);
      if (blocks == BlockSearch.ALL) {
        search.exact(execution, allowed[leaf], top);
      } else {
        int documents = snapshot.reader.maxDoc() - snapshot.bases[leaf];
        int share = (int) (left * snapshot.leaves[leaf].maxDoc() / documents);
        BlockSearch.Visit visit = search.blocks(allowed[leaf], top, share);
        unseen = Math.max(unseen, visit.unseen());
        left -= visit.blocks();
      }
    }
    return Docids.rank(engine, snapshot, top, k, unseen);
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
