package lexlip.build;

import java.util.Arrays;

/**
 * Documents that one thread read, one after the other, in a compact form.
 *
 * <p>Postings of a document: its number of terms, then for each the number in {@code table} and the
 * impact; all varints. Extras, only if keys are to be kept: their number, then for each its code
 * (see {@link KeptKeys}), its length and its bytes. {"red": 3, "cat": 2} as terms 0 and 1 is 2 0 3
 * 1 2, five bytes.
 */
final class Block {
  final long sequence;
  final TermTable table;
  int documents;
  int empty;
  long postings;
  long impactSum;
  long zeros;
  long captionPostings; // among postings
  long captionsOnly; // documents that would be empty without
  int maxImpact;

  final Bytes vectors = new Bytes(1 << 16);
  final Bytes ids = new Bytes(1 << 12);
  final Bytes extras = new Bytes(16);
  private int[] vectorStarts = new int[1 << 8];
  private int[] idStarts = new int[1 << 8];
  private int[] extraStarts = new int[1 << 8];

  /**
   * Makes the block of that place among all blocks of an input; its term numbers are those of
   * {@code table}.
   */
  Block(long sequence, TermTable table) {
    this.sequence = sequence;
    this.table = table;
  }

  /** Counts the terms of captions among the {@code all} of the document that is added next. */
  void addCaptions(int terms, int all) {
    captionPostings += terms;
    captionsOnly += terms > 0 && terms == all ? 1 : 0;
  }

  /** Ends a document whose id and extras were written before. */
  void add(VectorBuilder vector) {
    vectors.writeVarint(vector.size);
    for (int i = 0; i < vector.size; i++) {
      int impact = vector.impacts[i];
      vectors.writeVarint(vector.terms[i]);
      vectors.writeVarint(impact);
      impactSum += impact;
      maxImpact = Math.max(maxImpact, impact);
    }
    postings += vector.size;
    zeros += vector.zeros;
    empty += vector.size == 0 ? 1 : 0;
    documents++;
    if (documents == idStarts.length) {
      idStarts = Arrays.copyOf(idStarts, 2 * documents);
      vectorStarts = Arrays.copyOf(vectorStarts, 2 * documents);
      extraStarts = Arrays.copyOf(extraStarts, 2 * documents);
    }
    idStarts[documents] = ids.length;
    vectorStarts[documents] = vectors.length;
    extraStarts[documents] = extras.length;
  }

  int idStart(int document) {
    return idStarts[document];
  }

  Varints vector(int document) {
    return new Varints(vectors.array, vectorStarts[document]);
  }

  Varints extras(int document) {
    return new Varints(extras.array, extraStarts[document]);
  }

  /** Frees unused space; no document is added afterwards. */
  void finish() {
    vectors.trim();
    ids.trim();
    extras.trim();
    idStarts = Arrays.copyOf(idStarts, documents + 1);
    vectorStarts = Arrays.copyOf(vectorStarts, documents + 1);
    extraStarts = Arrays.copyOf(extraStarts, documents + 1);
  }

  long bytes() {
    return vectors.length + ids.length + extras.length + 12L * documents;
  }
}
