package lexlip.build;

import java.util.HashMap;
import java.util.Map;

/**
 * The sums over documents: {@code {"red": 3, "cat": 2, "dog": 0}} and {@code {}} are 2 documents, 1
 * empty, 2 postings, sum 5, 1 zero.
 */
final class Totals {
  long documents;
  long empty;
  long postings;
  long impactSum;
  long zeros;
  long captionPostings;
  long captionsOnly;

  void add(Block block) {
    documents += block.documents;
    empty += block.empty;
    postings += block.postings;
    impactSum += block.impactSum;
    zeros += block.zeros;
    captionPostings += block.captionPostings;
    captionsOnly += block.captionsOnly;
  }

  void add(Totals other) {
    documents += other.documents;
    empty += other.empty;
    postings += other.postings;
    impactSum += other.impactSum;
    zeros += other.zeros;
    captionPostings += other.captionPostings;
    captionsOnly += other.captionsOnly;
  }

  /**
   * Returns {@code documents}, {@code empty}, {@code postings} and {@code impact_sum}, with a
   * prefix.
   */
  Map<String, Long> named(String prefix) {
    Map<String, Long> named = new HashMap<>();
    named.put(prefix + "documents", documents);
    named.put(prefix + "empty", empty);
    named.put(prefix + "postings", postings);
    named.put(prefix + "impact_sum", impactSum);
    return named;
  }
}
