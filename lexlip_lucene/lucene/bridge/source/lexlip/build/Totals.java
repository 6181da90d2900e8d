package lexlip.build;

/**
 * What documents add up to: {@code {"red": 3, "cat": 2, "dog": 0}} and {@code {}} are 2 documents,
 * 1 empty, 2 postings, sum 5, 1 zero.
 */
final class Totals {
  long documents;
  long empty;
  long postings;
  long impactSum;
  long zeros;

  void add(Block block) {
    documents += block.documents;
    empty += block.empty;
    postings += block.postings;
    impactSum += block.impactSum;
    zeros += block.zeros;
  }

  void add(Totals other) {
    documents += other.documents;
    empty += other.empty;
    postings += other.postings;
    impactSum += other.impactSum;
    zeros += other.zeros;
  }
}
