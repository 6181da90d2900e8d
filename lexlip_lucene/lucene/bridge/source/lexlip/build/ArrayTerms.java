package lexlip.build;

import org.apache.lucene.index.BaseTermsEnum;
import org.apache.lucene.index.ImpactsEnum;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.BytesRef;

/** {@link Postings} as Lucene's merger reads a field: from the first term to the last. */
final class ArrayTerms extends Terms {
  private final Postings postings;

  ArrayTerms(Postings postings) {
    this.postings = postings;
  }

  @Override
  public TermsEnum iterator() {
    return new Walk();
  }

  @Override
  public long size() {
    return -1; // terms without documents are passed over
  }

  @Override
  public long getSumTotalTermFreq() {
    throw new UnsupportedOperationException("the merger counts itself");
  }

  @Override
  public long getSumDocFreq() {
    return postings.documents.length;
  }

  @Override
  public int getDocCount() {
    throw new UnsupportedOperationException("the merger counts itself");
  }

  @Override
  public boolean hasFreqs() {
    return postings.weighted();
  }

  @Override
  public boolean hasOffsets() {
    return false;
  }

  @Override
  public boolean hasPositions() {
    return false;
  }

  @Override
  public boolean hasPayloads() {
    return false;
  }

  private final class Walk extends BaseTermsEnum {
    private final BytesRef term = new BytesRef();
    private int rank = -1;

    @Override
    public BytesRef next() {
      do {
        rank++;
      } while (rank < postings.terms.size() && docFreq() == 0);
      if (rank == postings.terms.size()) {
        return null;
      }
      postings.terms.get(rank, term);
      return term;
    }

    @Override
    public BytesRef term() {
      return term;
    }

    @Override
    public int docFreq() {
      return postings.starts[rank + 1] - postings.starts[rank];
    }

    @Override
    public PostingsEnum postings(PostingsEnum reuse, int flags) {
      return postings.of(rank);
    }

    @Override
    public long totalTermFreq() {
      throw new UnsupportedOperationException("the merger counts itself");
    }

    @Override
    public SeekStatus seekCeil(BytesRef text) {
      throw new UnsupportedOperationException("the merger does not seek");
    }

    @Override
    public void seekExact(long ord) {
      throw new UnsupportedOperationException("the merger does not seek");
    }

    @Override
    public long ord() {
      throw new UnsupportedOperationException("the merger does not seek");
    }

    @Override
    public ImpactsEnum impacts(int flags) {
      throw new UnsupportedOperationException("the merger does not search");
    }
  }
}
