package lexlip.order;

import java.util.Arrays;

/**
 * Some of the documents with their terms, in flat arrays of its own. Its terms have numbers of
 * their own, without those that have no say in its halving (in one of its documents or in all), so
 * that a small part is little work.
 */
final class Part {

  /** The documents' numbers in the whole collection, in the order found so far. */
  final int[] documents;

  /** The i-th document has the terms from starts[i] to before starts[i + 1]. */
  final int[] starts;

  /** Numbers of the part's own terms. */
  final int[] terms;

  /** Number of the documents that have each term. */
  final int[] frequencies;

  private Part(int[] documents, int[] starts, int[] terms, int[] frequencies) {
    this.documents = documents;
    this.starts = starts;
    this.terms = terms;
    this.frequencies = frequencies;
  }

  /**
   * Returns all documents in the order of their numbers; the arguments are those of {@link
   * DocumentOrder#of}.
   */
  static Part whole(int count, int[] starts, int[] terms, int termCount) {
    int[] documents = new int[count];
    Arrays.setAll(documents, document -> document);
    int[] frequencies = new int[termCount];
    for (int place = 0; place < starts[count]; place++) {
      frequencies[terms[place]]++;
    }
    return chosen(documents, documents, starts, terms, frequencies);
  }

  /**
   * Returns the {@code size} documents i with right[i] == side, in which the terms have these
   * frequencies.
   */
  Part side(boolean[] right, boolean side, int size, int[] frequenciesThere) {
    int[] places = new int[size];
    int[] numbers = new int[size];
    int filled = 0;
    for (int document = 0; document < documents.length; document++) {
      if (right[document] == side) {
        places[filled] = document;
        numbers[filled++] = documents[document];
      }
    }
    return chosen(numbers, places, starts, terms, frequenciesThere);
  }

  /**
   * Copies the documents at {@code places} of a forward index, with the terms that matter for
   * halving it.
   */
  private static Part chosen(
      int[] numbers, int[] places, int[] starts, int[] terms, int[] frequencies) {
    int[] renumbered = new int[frequencies.length];
    int[] kept = new int[frequencies.length];
    int termCount = 0;
    int postings = 0;
    for (int term = 0; term < frequencies.length; term++) {
      boolean tells = frequencies[term] > 1 && frequencies[term] < places.length;
      renumbered[term] = tells ? termCount : -1;
      if (tells) {
        kept[termCount++] = frequencies[term];
        postings += frequencies[term];
      }
    }
    int[] newStarts = new int[places.length + 1];
    int[] newTerms = new int[postings];
    int filled = 0;
    for (int document = 0; document < places.length; document++) {
      for (int place = starts[places[document]]; place < starts[places[document] + 1]; place++) {
        int term = renumbered[terms[place]];
        if (term >= 0) {
          newTerms[filled++] = term;
        }
      }
      newStarts[document + 1] = filled;
    }
    return new Part(numbers, newStarts, newTerms, Arrays.copyOf(kept, termCount));
  }
}
