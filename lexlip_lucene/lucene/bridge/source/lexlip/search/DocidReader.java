package lexlip.search;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DocValuesType;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.util.BytesRef;

/** A reader of a segment's docids, by ascending document number. */
final class DocidReader {

  private final LeafReader reader;
  private final String id;
  private final BinaryDocValues values;

  DocidReader(LeafReader reader, String id) throws IOException {
    this.reader = reader;
    this.id = id;
    this.values = values(reader, id);
  }

  /** Adds a document's docid to {@code docids}. */
  void read(int document, DocidBytes docids) throws IOException {
    if (values != null && values.advanceExact(document)) {
      BytesRef docid = values.binaryValue();
      docids.add(docid.bytes, docid.offset, docid.length);
    } else {
      byte[] docid = stored(document);
      docids.add(docid, 0, docid.length);
    }
  }

  /** Returns the docids where they are fast to read; null in indexes of others that lack these. */
  static BinaryDocValues values(LeafReader reader, String id) throws IOException {
    FieldInfo info = reader.getFieldInfos().fieldInfo(id);
    return info != null && info.getDocValuesType() == DocValuesType.BINARY
        ? reader.getBinaryDocValues(id)
        : null;
  }

  /** Reads the docid from the stored fields: indexes of others may have it only there. */
  private byte[] stored(int document) throws IOException {
    String value = reader.storedFields().document(document, Set.of(id)).get(id);
    if (value == null) {
      throw new IllegalStateException("a found document has no value in the field '" + id + "'");
    }
    return value.getBytes(StandardCharsets.UTF_8);
  }
}
