package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.util.BytesRef;

/**
 * All docids of a segment in byte order, and each document's rank among them: ties are then decided
 * by comparing integers. Deleted documents are included, because the object outlives deletions.
 */
final class SegmentDocids implements PostingsCache.Sized {

  private static final long OWN_BYTES = 120;

  private final DocidBytes docids;

  /** The rank of each document; null if it is the document's number. */
  private final int[] ranks;

  private SegmentDocids(DocidBytes docids, int[] ranks) {
    this.docids = docids;
    this.ranks = ranks;
  }

  /**
   * Reads the docids of a segment; null if they would take more than {@code most} bytes, or are not
   * all in Lucene's doc values.
   */
  static SegmentDocids read(LeafReader reader, String id, long most) throws IOException {
    BinaryDocValues values = DocidReader.values(reader, id);
    int documents = reader.maxDoc();
    if (values == null || bytes(documents, 0) > most) {
      return null;
    }
    DocidBytes docids = new DocidBytes(documents, 0);
    boolean sorted = true;
    for (int document = 0; document < documents; document++) {
      if (values.nextDoc() != document) {
        return null;
      }
      BytesRef docid = values.binaryValue();
      if (bytes(documents, (long) docids.length() + docid.length) > most) {
        return null;
      }
      docids.add(docid.bytes, docid.offset, docid.length);
      sorted &= document == 0 || docids.compare(document - 1, docids, document) <= 0;
    }
    return sorted ? new SegmentDocids(docids.trimmed(), null) : sorted(docids);
  }

  private static SegmentDocids sorted(DocidBytes docids) {
    long[] order = new long[docids.size()];
    Arrays.setAll(order, i -> i);
    docids.sort(order, 0, order.length);
    DocidBytes sorted = new DocidBytes(order.length, docids.length());
    int[] ranks = new int[order.length];
    for (int rank = 0; rank < order.length; rank++) {
      sorted.add(docids, (int) order[rank]);
      ranks[(int) order[rank]] = rank;
    }
    return new SegmentDocids(sorted, ranks);
  }

  int rank(int document) {
    return ranks == null ? document : ranks[document];
  }

  /** Returns the docids by rank. */
  DocidBytes docids() {
    return docids;
  }

  private static long bytes(int documents, long text) {
    return OWN_BYTES + 8L * documents + text;
  }

  @Override
  public long bytes() {
    return bytes(ranks == null ? docids.size() / 2 : docids.size(), docids.length());
  }
}
