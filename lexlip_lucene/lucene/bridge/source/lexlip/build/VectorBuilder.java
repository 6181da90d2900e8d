package lexlip.build;

import java.util.Arrays;

/**
 * The vector of the document that is being read: term numbers with impacts, each term once. An
 * impact of 0 marks a value that is not an impact; a later value of the same term replaces it, as
 * in any reader of JSON objects.
 */
final class VectorBuilder {
  int size;
  int zeros; // weights of 0, which become no posting
  int[] terms = new int[256];
  int[] impacts = new int[256];
  private int[] places = new int[1 << 10]; // term → its place in terms, if present
  private int bad;

  void clear() {
    size = 0;
    zeros = 0;
    bad = 0;
  }

  boolean acceptable() {
    return bad == 0;
  }

  boolean has(int term) {
    return term < places.length && places[term] < size && terms[places[term]] == term;
  }

  void put(int term, int impact) {
    if (term >= places.length) {
      places = Arrays.copyOf(places, Math.max(term + 1, 2 * places.length));
    }
    int place = places[term];
    if (place < size && terms[place] == term) {
      bad -= impacts[place] == 0 ? 1 : 0;
    } else {
      place = places[term] = size++;
      if (size > terms.length) {
        terms = Arrays.copyOf(terms, 2 * terms.length);
        impacts = Arrays.copyOf(impacts, 2 * impacts.length);
      }
      terms[place] = term;
    }
    impacts[place] = impact;
    bad += impact == 0 ? 1 : 0;
  }

  /** Notes a weight of 0, which makes no posting and removes an earlier weight of the term. */
  void zero(int term) {
    zeros++;
    if (has(term)) {
      int place = places[term];
      bad -= impacts[place] == 0 ? 1 : 0;
      size--;
      terms[place] = terms[size];
      impacts[place] = impacts[size];
      places[terms[place]] = place;
    }
  }
}
