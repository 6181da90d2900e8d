package lexlip.search;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Set;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DocValuesType;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.LeafReader;

/** The step from the best documents to hits: docids are read, break ties, and give the order. */
final class Docids {

  private Docids() {}

  private record ScoredDocid(long score, byte[] docid) {}

  /** The order of hits: the higher score first, then the smaller docid. */
  private static final Comparator<ScoredDocid> BEST_FIRST =
      Comparator.comparingLong(ScoredDocid::score)
          .reversed()
          .thenComparing(ScoredDocid::docid, Arrays::compareUnsigned);

  /**
   * Returns the best {@code k} of {@code top}: by score, then by docid in byte order.
   *
   * @param unseen the highest score that a document which {@code top} was not shown may have
   */
  static Answer rank(Snapshot snapshot, String id, TopK top, int k, long unseen)
      throws IOException {
    top.shrink();
    int size = top.size();
    // Document number, then place in `top`: docids are read in their order on disk.
    long[] byDocument = new long[size];
    for (int i = 0; i < size; i++) {
      byDocument[i] = ((long) top.document(i) << 32) | i;
    }
    Arrays.sort(byDocument);
    // All may tie, so no more than the best k of them are kept, the worst of those in front.
    PriorityQueue<ScoredDocid> best = new PriorityQueue<>(BEST_FIRST.reversed());
    Reader docids = new Reader(snapshot, id);
    for (long pair : byDocument) {
      best.add(new ScoredDocid(top.score((int) pair), docids.read((int) (pair >>> 32))));
      if (best.size() > k) {
        best.poll();
      }
    }
    ScoredDocid[] hits = best.toArray(new ScoredDocid[0]);
    Arrays.sort(hits, BEST_FIRST);
    long next = size > hits.length ? hits[hits.length - 1].score : top.threshold() - 1;
    return new Answer(
        Arrays.stream(hits).mapToLong(ScoredDocid::score).toArray(),
        Arrays.stream(hits).map(ScoredDocid::docid).toArray(byte[][]::new),
        Math.max(next, unseen));
  }

  /** A reader of docids, by ascending document number. */
  private static final class Reader {

    private final Snapshot snapshot;
    private final String id;
    private int leaf = -1;
    private BinaryDocValues values;

    Reader(Snapshot snapshot, String id) {
      this.snapshot = snapshot;
      this.id = id;
    }

    byte[] read(int document) throws IOException {
      while (leaf + 1 < snapshot.leaves.length && document >= snapshot.bases[leaf + 1]) {
        values = values(snapshot.leaves[++leaf], id);
      }
      int local = document - snapshot.bases[leaf];
      return values != null && values.advanceExact(local)
          ? copy(values)
          : stored(snapshot.leaves[leaf], id, local);
    }
  }

  private static BinaryDocValues values(LeafReader reader, String id) throws IOException {
    FieldInfo info = reader.getFieldInfos().fieldInfo(id);
    return info != null && info.getDocValuesType() == DocValuesType.BINARY
        ? reader.getBinaryDocValues(id)
        : null;
  }

  private static byte[] copy(BinaryDocValues values) throws IOException {
    var value = values.binaryValue();
    return Arrays.copyOfRange(value.bytes, value.offset, value.offset + value.length);
  }

  /** Reads the docid from the stored fields: indexes of others may have it only there. */
  private static byte[] stored(LeafReader reader, String id, int document) throws IOException {
    String value = reader.storedFields().document(document, Set.of(id)).get(id);
    if (value == null) {
      throw new IllegalStateException("a found document has no value in the field '" + id + "'");
    }
    return value.getBytes(StandardCharsets.UTF_8);
  }
}
