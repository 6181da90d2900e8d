package lexlip.build;

import java.io.IOException;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.util.BytesRef;

/**
 * A segment of one document with the fields of Anserini's DefaultLuceneDocumentGenerator, written
 * by the Lucene in use. A batch gives this segment with its own content to the merger, so that no
 * part that differs between versions of Lucene is made by hand.
 */
final class Template implements AutoCloseable {
  static final String ID = "id";
  static final String CONTENTS = "contents";

  private final ByteBuffersDirectory directory = new ByteBuffersDirectory();
  private final DirectoryReader reader;

  /**
   * @param created major version of the Lucene that made the index: it takes segments of no other
   */
  Template(KeptKeys kept, int created) throws IOException {
    IndexWriterConfig config = new IndexWriterConfig().setIndexCreatedVersionMajor(created);
    try (IndexWriter writer = new IndexWriter(directory, config)) {
      Document document = new Document();
      document.add(new StringField(ID, "x", Field.Store.YES));
      document.add(new BinaryDocValuesField(ID, new BytesRef("x")));
      FieldType impacts = new FieldType();
      impacts.setIndexOptions(IndexOptions.DOCS_AND_FREQS);
      impacts.setTokenized(false);
      document.add(new Field(CONTENTS, "x", impacts));
      for (int key = 0; key < kept.keys.length; key++) {
        if (kept.stored(key)) {
          document.add(new StoredField(kept.keys[key], "x"));
        }
        if (kept.keyword(key)) {
          document.add(new StringField(kept.keys[key], "x", Field.Store.NO));
        }
      }
      writer.addDocument(document);
    }
    reader = DirectoryReader.open(directory);
  }

  CodecReader segment() {
    return (CodecReader) reader.leaves().get(0).reader();
  }

  @Override
  public void close() throws IOException {
    reader.close();
    directory.close();
  }
}
