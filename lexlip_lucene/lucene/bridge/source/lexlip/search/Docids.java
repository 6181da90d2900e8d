package lexlip.search;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DocValuesType;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.LeafReader;

/** From the best documents to hits: reads their docids, breaks ties by them, and puts them in order. */
final class Docids {

  private Docids() {}

  /**
   * The best {@code k} of {@code top}: by score, then by docid in byte order.
   *
   * @param unseen the highest score that a document which {@code top} was not shown may have
   */
  static Answer rank(Snapshot snapshot, String id, TopK top, int k, long unseen) throws IOException {
    top.shrink();
    int size = top.size();
    long[] byDocument = new long[size]; // document number, then place in `top`
    for (int i = 0; i < size; i++) {
      byDocument[i] = ((long) top.document(i) << 32) | i;
    }
    Arrays.sort(byDocument);
    byte[][] docids = new byte[size][];
    read(snapshot, id, byDocument, docids);
    Integer[] order = new Integer[size];
    Arrays.setAll(order, i -> i);
    Arrays.sort(
        order,
        (a, b) -> {
          int byScore = Long.compare(top.score(b), top.score(a));
          return byScore != 0 ? byScore : Arrays.compareUnsigned(docids[a], docids[b]);
        });
    int count = Math.min(k, size);
    long[] scores = new long[count];
    byte[][] hits = new byte[count][];
    for (int i = 0; i < count; i++) {
      scores[i] = top.score(order[i]);
      hits[i] = docids[order[i]];
    }
    long next = size > count ? top.score(order[count]) : top.threshold() - 1;
    return new Answer(scores, hits, Math.max(next, unseen));
  }

  private static void read(Snapshot snapshot, String id, long[] byDocument, byte[][] docids) throws IOException {
    int leaf = -1;
    BinaryDocValues values = null;
    for (long pair : byDocument) {
      int document = (int) (pair >>> 32);
      while (leaf + 1 < snapshot.leaves.length && document >= snapshot.bases[leaf + 1]) {
        values = values(snapshot.leaves[++leaf], id);
      }
      int local = document - snapshot.bases[leaf];
      docids[(int) pair] =
          values != null && values.advanceExact(local)
              ? copy(values)
              : stored(snapshot.leaves[leaf], id, local);
    }
  }

  private static BinaryDocValues values(LeafReader reader, String id) throws IOException {
    FieldInfo info = reader.getFieldInfos().fieldInfo(id);
    return info != null && info.getDocValuesType() == DocValuesType.BINARY ? reader.getBinaryDocValues(id) : null;
  }

  private static byte[] copy(BinaryDocValues values) throws IOException {
    var value = values.binaryValue();
    return Arrays.copyOfRange(value.bytes, value.offset, value.offset + value.length);
  }

  /** Indexes of others may have the docid as a stored field alone. */
  private static byte[] stored(LeafReader reader, String id, int document) throws IOException {
    String value = reader.storedFields().document(document, Set.of(id)).get(id);
    if (value == null) {
      throw new IllegalStateException("a found document has no value in the field '" + id + "'");
    }
    return value.getBytes(StandardCharsets.UTF_8);
  }
}
