package lexlip.search;

import java.io.IOException;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.BoostQuery;
import org.apache.lucene.search.Collector;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.Scorable;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;

/**
 * Lucene's own execution (block-max MAXSCORE, org.apache.lucene.search.MaxScoreBulkScorer), which
 * reads postings from disk and skips what it can. It keeps all that tie with the k-th document, so
 * that the docid can decide.
 */
final class LuceneSearch {

  private LuceneSearch() {}

  /**
   * Makes the Lucene query for Σ weight × impact over the tokens, exact while scores stay below
   * 2^24.
   */
  static Query query(String field, BytesRef[] tokens, int[] weights) {
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    for (int t = 0; t < tokens.length; t++) {
      query.add(
          new BoostQuery(new TermQuery(new Term(field, tokens[t])), weights[t]),
          BooleanClause.Occur.SHOULD);
    }
    return query.build();
  }

  /**
   * Shows {@code top} every document that may be among its best.
   *
   * @param allowed the documents of each segment that count, null entries for all; or null
   * @param bits whether {@code top} gets a score's bits ({@link Float#floatToIntBits}) and not its
   *     whole number
   */
  static void search(IndexSearcher searcher, Query query, Bits[] allowed, boolean bits, TopK top)
      throws IOException {
    searcher.search(query, new Ties(allowed, bits, top));
  }

  private record Ties(Bits[] allowed, boolean bits, TopK top) implements Collector {

    @Override
    public ScoreMode scoreMode() {
      return ScoreMode.TOP_SCORES;
    }

    @Override
    public LeafCollector getLeafCollector(LeafReaderContext context) {
      Bits here = allowed == null ? null : allowed[context.ord];
      return new LeafCollector() {
        private Scorable scorer;
        private long told;

        @Override
        public void setScorer(Scorable scorer) throws IOException {
          this.scorer = scorer;
          told = 0;
          tell();
        }

        @Override
        public void collect(int document) throws IOException {
          if (here == null || here.get(document)) {
            float score = scorer.score();
            top.add(bits ? Float.floatToIntBits(score) : (long) score, context.docBase + document);
            tell();
          }
        }

        private void tell() throws IOException {
          if (top.threshold() > told) {
            told = top.threshold();
            scorer.setMinCompetitiveScore(bits ? Float.intBitsToFloat((int) told) : told);
          }
        }
      };
    }
  }
}
