package lexlip.build;

import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.util.BytesRef;

/**
 * The inverted lists of one field: term of rank r has {@code documents[starts[r], starts[r + 1])},
 * ascending, with the impacts beside them in {@code small} (one unsigned byte each) or {@code
 * large}; neither for a field without.
 */
final class Postings {
  final SortedTexts terms;
  final int[] starts;
  final int[] documents;
  final byte[] small;
  final int[] large;

  Postings(SortedTexts terms, int[] starts, int[] documents, byte[] small, int[] large) {
    this.terms = terms;
    this.starts = starts;
    this.documents = documents;
    this.small = small;
    this.large = large;
  }

  boolean weighted() {
    return small != null || large != null;
  }

  int impact(int place) {
    return small != null ? small[place] & 0xff : large != null ? large[place] : 1;
  }

  /** Walks the documents of one term. */
  PostingsEnum of(int rank) {
    return new Walk(starts[rank], starts[rank + 1]);
  }

  private final class Walk extends PostingsEnum {
    private final int from;
    private final int to;
    private int place;

    Walk(int from, int to) {
      this.from = from;
      this.to = to;
      place = from - 1;
    }

    @Override
    public int nextDoc() {
      return ++place < to ? documents[place] : NO_MORE_DOCS;
    }

    @Override
    public int docID() {
      return place < from ? -1 : place < to ? documents[place] : NO_MORE_DOCS;
    }

    @Override
    public int freq() {
      return impact(place);
    }

    @Override
    public int advance(int target) {
      int document = nextDoc();
      while (document < target) {
        document = nextDoc();
      }
      return document;
    }

    @Override
    public long cost() {
      return to - from;
    }

    @Override
    public int nextPosition() {
      return -1;
    }

    @Override
    public int startOffset() {
      return -1;
    }

    @Override
    public int endOffset() {
      return -1;
    }

    @Override
    public BytesRef getPayload() {
      return null;
    }
  }
}
