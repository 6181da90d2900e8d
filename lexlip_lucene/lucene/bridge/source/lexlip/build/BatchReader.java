package lexlip.build;

import java.io.IOException;
import java.util.Map;
import org.apache.lucene.codecs.DocValuesProducer;
import org.apache.lucene.codecs.FieldsProducer;
import org.apache.lucene.codecs.NormsProducer;
import org.apache.lucene.codecs.StoredFieldsReader;
import org.apache.lucene.index.FilterCodecReader;
import org.apache.lucene.util.Bits;

/**
 * A batch as a segment in memory, for {@code IndexWriter.addIndexes}: the template's fields, the
 * batch's content.
 */
final class BatchReader extends FilterCodecReader {
  private final Documents documents;
  private final Map<String, Postings> fields;
  private final StoredFieldsReader stored;

  /**
   * Makes a view of the batch.
   *
   * @param fields field → its inverted lists
   */
  BatchReader(Template template, Documents documents, KeptKeys kept, Map<String, Postings> fields) {
    super(template.segment());
    this.documents = documents;
    this.fields = fields;
    this.stored = new ArrayStored(documents, kept, template.segment().getFieldInfos());
  }

  @Override
  public int maxDoc() {
    return documents.count;
  }

  @Override
  public int numDocs() {
    return documents.count;
  }

  @Override
  public Bits getLiveDocs() {
    return null;
  }

  @Override
  public FieldsProducer getPostingsReader() {
    return new ArrayFields(fields);
  }

  @Override
  public NormsProducer getNormsReader() {
    return new ArrayNorms(documents);
  }

  @Override
  public DocValuesProducer getDocValuesReader() {
    return new ArrayIds(documents);
  }

  @Override
  public StoredFieldsReader getFieldsReader() {
    return stored;
  }

  @Override
  public void checkIntegrity() throws IOException {
    // nothing of it comes from a file
  }

  @Override
  public CacheHelper getCoreCacheHelper() {
    return null;
  }

  @Override
  public CacheHelper getReaderCacheHelper() {
    return null;
  }
}
