package lexlip.search;

import java.util.Arrays;

/**
 * The best k of the documents shown to it so far, with all that tie with the last of them: docids
 * decide between those at the end.
 *
 * <p>With k = 2 and the scores 5, 9, 5, 7, 5 it ends with threshold 7 and the documents that have 9
 * and 7; with 5, 9, 5 it ends with threshold 5 and all three.
 */
final class TopK {

  final int k;
  private long[] scores;
  private int[] documents;
  private int size;
  private long threshold = 1;

  /**
   * @param k at least 1
   */
  TopK(int k) {
    this.k = k;
    int room = (int) Math.min(Math.max(2L * k, k + 128L), 1 << 20);
    scores = new long[room];
    documents = new int[room];
  }

  /** Returns the score below which a document is not among the best k; at least 1. */
  long threshold() {
    return threshold;
  }

  /** Says that {@code k} documents, shown or to be shown, have at least that score. */
  void raise(long score) {
    threshold = Math.max(threshold, score);
  }

  int size() {
    return size;
  }

  long score(int i) {
    return scores[i];
  }

  int document(int i) {
    return documents[i];
  }

  void add(long score, int document) {
    if (score < threshold) {
      return;
    }
    if (size == scores.length) {
      shrink();
      if (size > scores.length - scores.length / 4) {
        int room = (int) Math.min(2L * scores.length, Integer.MAX_VALUE - 8);
        scores = Arrays.copyOf(scores, room);
        documents = Arrays.copyOf(documents, room);
      }
      if (score < threshold) {
        return;
      }
    }
    scores[size] = score;
    documents[size++] = document;
  }

  /** Raises the threshold to the k-th best score and drops what is below. */
  void shrink() {
    if (size <= k) {
      return;
    }
    long[] copy = Arrays.copyOf(scores, size);
    Selection.smallest(copy, size, size - k + 1);
    threshold = Math.max(threshold, copy[size - k]);
    int kept = 0;
    for (int i = 0; i < size; i++) {
      if (scores[i] >= threshold) {
        scores[kept] = scores[i];
        documents[kept++] = documents[i];
      }
    }
    size = kept;
  }

  /** Raises the threshold like {@link #shrink}, if enough was added to be worth the time. */
  void shrinkIfLarge() {
    if (size > k + k / 8) {
      shrink();
    }
  }

  /** Drops the documents from a number on, to be shown again; the threshold stays. */
  void forget(int from) {
    int kept = 0;
    for (int i = 0; i < size; i++) {
      if (documents[i] < from) {
        scores[kept] = scores[i];
        documents[kept++] = documents[i];
      }
    }
    size = kept;
  }
}
