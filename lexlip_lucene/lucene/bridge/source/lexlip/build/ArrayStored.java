package lexlip.build;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.lucene.codecs.StoredFieldsReader;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.FieldInfos;
import org.apache.lucene.index.StoredFieldVisitor;

/** The stored fields of a batch: each document's id, and the values to be kept beside it. */
final class ArrayStored extends StoredFieldsReader {
  private final Documents documents;
  private final FieldInfo id;
  private final FieldInfo[] stored; // number of a wanted key → its field, or null

  ArrayStored(Documents documents, KeptKeys wanted, FieldInfos fields) {
    this.documents = documents;
    id = fields.fieldInfo(Template.ID);
    stored = new FieldInfo[wanted.keys.length];
    for (int key = 0; key < stored.length; key++) {
      stored[key] = wanted.stored(key) ? fields.fieldInfo(wanted.keys[key]) : null;
    }
  }

  private ArrayStored(ArrayStored other) {
    documents = other.documents;
    id = other.id;
    stored = other.stored;
  }

  @Override
  public void document(int position, StoredFieldVisitor visitor) throws IOException {
    int number = documents.number(position);
    int from = documents.idStarts[number];
    visit(visitor, id, documents.ids, from, documents.idStarts[number + 1] - from);
    if (stored.length == 0) {
      return;
    }
    Varints extras = documents.extras(number);
    for (int left = extras.next(); left > 0; left--) {
      int code = extras.next();
      int length = extras.next();
      if ((code & 1) == 0) {
        visit(visitor, stored[code / 2], extras.bytes, extras.place, length);
      }
      extras.place += length;
    }
  }

  private static void visit(
      StoredFieldVisitor visitor, FieldInfo field, byte[] bytes, int from, int length)
      throws IOException {
    if (visitor.needsField(field) == StoredFieldVisitor.Status.YES) {
      visitor.stringField(field, new String(bytes, from, length, StandardCharsets.UTF_8));
    }
  }

  @Override
  public StoredFieldsReader clone() {
    return new ArrayStored(this);
  }

  @Override
  public void checkIntegrity() {}

  @Override
  public void close() {}
}
