package lexlip.search;

import java.io.IOException;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.BitSet;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.FixedBitSet;

/**
 * The documents that count: those not deleted that have, for each filter, one of its values in its
 * field. A filter is a bag whose first token is the field and whose others are the values; if the
 * field's weight is {@link #WITHOUT}, the documents that count have none of them.
 */
final class Filters {

  static final int WITHOUT = 1;

  private Filters() {}

  /** Returns the documents of each segment that count; a null entry if all do. */
  static Bits[] allowed(Snapshot snapshot, Request filters) throws IOException {
    Bits[] allowed = new Bits[snapshot.leaves.length];
    for (int leaf = 0; leaf < allowed.length; leaf++) {
      LeafReader reader = snapshot.leaves[leaf];
      allowed[leaf] = reader.getLiveDocs();
      FixedBitSet chosen = null;
      for (int f = 0; f < filters.size(); f++) {
        FixedBitSet having = having(reader, filters.tokens(f));
        if (filters.weights(f)[0] == WITHOUT) {
          having.flip(0, having.length());
        }
        if (chosen == null) {
          chosen = having;
        } else {
          chosen.and(having);
        }
      }
      if (chosen != null) {
        allowed[leaf] = both(chosen, reader.getLiveDocs());
      }
    }
    return allowed;
  }

  private static FixedBitSet having(LeafReader reader, BytesRef[] filter) throws IOException {
    FixedBitSet having = new FixedBitSet(reader.maxDoc());
    Terms terms = reader.terms(filter[0].utf8ToString());
    if (terms != null) {
      TermsEnum all = terms.iterator();
      for (int v = 1; v < filter.length; v++) {
        if (all.seekExact(filter[v])) {
          having.or((DocIdSetIterator) all.postings(null, PostingsEnum.NONE));
        }
      }
    }
    return having;
  }

  private static BitSet both(FixedBitSet chosen, Bits live) {
    if (live != null) {
      for (int d = 0; d < chosen.length(); d++) {
        if (chosen.get(d) && !live.get(d)) {
          chosen.clear(d);
        }
      }
    }
    return chosen;
  }
}
