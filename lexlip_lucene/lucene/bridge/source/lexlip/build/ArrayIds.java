package lexlip.build;

import org.apache.lucene.codecs.DocValuesProducer;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.SortedDocValues;
import org.apache.lucene.index.SortedNumericDocValues;
import org.apache.lucene.index.SortedSetDocValues;
import org.apache.lucene.util.BytesRef;

/** The ids as binary doc values, the only doc values of a batch. */
final class ArrayIds extends DocValuesProducer {
  private final Documents documents;

  ArrayIds(Documents documents) {
    this.documents = documents;
  }

  @Override
  public BinaryDocValues getBinary(FieldInfo field) {
    return new Walk(documents);
  }

  @Override
  public NumericDocValues getNumeric(FieldInfo field) {
    return null;
  }

  @Override
  public SortedDocValues getSorted(FieldInfo field) {
    return null;
  }

  @Override
  public SortedNumericDocValues getSortedNumeric(FieldInfo field) {
    return null;
  }

  @Override
  public SortedSetDocValues getSortedSet(FieldInfo field) {
    return null;
  }

  @Override
  public void checkIntegrity() {}

  @Override
  public void close() {}

  private static final class Walk extends BinaryDocValues {
    private final Documents documents;
    private final BytesRef id = new BytesRef();
    private int position = -1;

    Walk(Documents documents) {
      this.documents = documents;
      id.bytes = documents.ids;
    }

    @Override
    public BytesRef binaryValue() {
      int number = documents.number(position);
      id.offset = documents.idStarts[number];
      id.length = documents.idStarts[number + 1] - id.offset;
      return id;
    }

    @Override
    public boolean advanceExact(int target) {
      position = target;
      return true;
    }

    @Override
    public int docID() {
      return position;
    }

    @Override
    public int nextDoc() {
      return advance(position + 1);
    }

    @Override
    public int advance(int target) {
      position = target < documents.count ? target : NO_MORE_DOCS;
      return position;
    }

    @Override
    public long cost() {
      return documents.count;
    }
  }
}
