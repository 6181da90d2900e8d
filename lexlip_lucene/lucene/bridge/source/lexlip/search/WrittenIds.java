package lexlip.search;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.BytesRef;

/** Docids in the written form of TREC files, with only ASCII white space percent-encoded. */
final class WrittenIds {
  private static final char[] HEXADECIMAL = "0123456789ABCDEF".toCharArray();

  private WrittenIds() {}

  /**
   * Returns two docids with one written form, or none. Only a docid with white space can be written
   * like another.
   */
  static List<String> alike(Snapshot snapshot, String id) throws IOException {
    Map<BytesRef, BytesRef> changed = new HashMap<>();
    for (LeafReader reader : snapshot.leaves) {
      TermsEnum all = terms(reader, id);
      for (BytesRef docid = all.next(); docid != null; docid = all.next()) {
        BytesRef written = written(docid);
        if (written != null) {
          BytesRef other = changed.put(written, BytesRef.deepCopyOf(docid));
          if (other != null
              && !other.equals(docid)
              && live(snapshot, id, other)
              && live(snapshot, id, docid)) {
            return List.of(other.utf8ToString(), docid.utf8ToString());
          }
        }
      }
    }
    for (LeafReader reader : snapshot.leaves) {
      TermsEnum all = terms(reader, id);
      for (Map.Entry<BytesRef, BytesRef> one : changed.entrySet()) {
        if (all.seekExact(one.getKey())
            && live(snapshot, id, one.getKey())
            && live(snapshot, id, one.getValue())) {
          return List.of(one.getValue().utf8ToString(), one.getKey().utf8ToString());
        }
      }
    }
    return List.of();
  }

  private static boolean live(Snapshot snapshot, String id, BytesRef docid) throws IOException {
    for (LeafReader reader : snapshot.leaves) {
      if (Impacts.number(reader, id, docid) >= 0) {
        return true;
      }
    }
    return false;
  }

  private static TermsEnum terms(LeafReader reader, String id) throws IOException {
    Terms terms = reader.terms(id);
    return terms == null ? TermsEnum.EMPTY : terms.iterator();
  }

  /** Returns the written form; null if it is the docid itself. */
  private static BytesRef written(BytesRef docid) {
    ByteArrayOutputStream out = null;
    for (int i = 0; i < docid.length; i++) {
      byte b = docid.bytes[docid.offset + i];
      boolean white = b == ' ' || (b >= '\t' && b <= '\r');
      if (white && out == null) {
        out = new ByteArrayOutputStream(docid.length + 8);
        out.write(docid.bytes, docid.offset, i);
      }
      if (white) {
        out.write('%');
        out.write(HEXADECIMAL[b >> 4]);
        out.write(HEXADECIMAL[b & 15]);
      } else if (out != null) {
        out.write(b);
      }
    }
    return out == null ? null : new BytesRef(out.toByteArray());
  }
}
