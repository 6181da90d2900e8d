package lexlip.build;

import java.util.Iterator;
import java.util.Map;
import java.util.TreeSet;
import org.apache.lucene.codecs.FieldsProducer;
import org.apache.lucene.index.Terms;

/** The inverted fields of a batch. */
final class ArrayFields extends FieldsProducer {
  private final Map<String, Postings> fields;

  ArrayFields(Map<String, Postings> fields) {
    this.fields = fields;
  }

  @Override
  public Iterator<String> iterator() {
    return new TreeSet<>(fields.keySet()).iterator();
  }

  @Override
  public Terms terms(String field) {
    Postings postings = fields.get(field);
    return postings == null ? null : new ArrayTerms(postings);
  }

  @Override
  public int size() {
    return fields.size();
  }

  @Override
  public void checkIntegrity() {}

  @Override
  public void close() {}
}
