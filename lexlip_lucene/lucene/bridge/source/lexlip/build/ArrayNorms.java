package lexlip.build;

import java.io.IOException;
import org.apache.lucene.codecs.NormsProducer;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.util.BitSetIterator;
import org.apache.lucene.util.FixedBitSet;

/** Anserini's norms of impacts: 1 for every document that has postings, none for the others. */
final class ArrayNorms extends NormsProducer {
  private final FixedBitSet filled;

  ArrayNorms(Documents documents) {
    filled = new FixedBitSet(documents.count);
    for (int position = 0; position < documents.count; position++) {
      if (documents.vector(documents.number(position)).next() > 0) {
        filled.set(position);
      }
    }
  }

  @Override
  public NumericDocValues getNorms(FieldInfo field) {
    return new Ones(filled);
  }

  @Override
  public void checkIntegrity() {}

  @Override
  public void close() {}

  private static final class Ones extends NumericDocValues {
    private final FixedBitSet filled;
    private final BitSetIterator walk;

    Ones(FixedBitSet filled) {
      this.filled = filled;
      walk = new BitSetIterator(filled, filled.length());
    }

    @Override
    public long longValue() {
      return 1;
    }

    @Override
    public boolean advanceExact(int target) {
      return walk.advance(target) == target; // only asked in ascending order
    }

    @Override
    public int docID() {
      return walk.docID();
    }

    @Override
    public int nextDoc() throws IOException {
      return walk.nextDoc();
    }

    @Override
    public int advance(int target) {
      return walk.advance(target);
    }

    @Override
    public long cost() {
      return filled.length();
    }
  }
}
