package lexlip.search;

import java.util.Arrays;
import java.util.Map;
import org.apache.lucene.util.BytesRef;

/**
 * The postings of one segment with only the heaviest tokens of each document: what the first step
 * of {@link TwoStepSearch} may search. Two-Step SPLADE (arXiv 2404.13357) prunes documents like
 * this.
 */
final class PrunedPostings {

  /** A token's postings that were kept, and the largest impact of those that were not. */
  record Token(TermPostings kept, int leftOut) {}

  private final Map<BytesRef, Integer> numbers;
  private final Token[] tokens;

  private PrunedPostings(Map<BytesRef, Integer> numbers, Token[] tokens) {
    this.numbers = numbers;
    this.tokens = tokens;
  }

  /** The token's postings; null where no document of the segment holds it. */
  Token get(BytesRef token) {
    Integer number = numbers.get(token);
    return number == null ? null : tokens[number];
  }

  /**
   * Keeps {@code most} tokens of each document; of equal impacts those with the higher numbers.
   *
   * @param documents the segment's documents with their tokens
   */
  static PrunedPostings of(ForwardIndex documents, int most) {
    int tokens = documents.numbers().size();
    int[] counts = new int[tokens + 1];
    int[] leftOut = new int[tokens];
    long[] entries = new long[0];
    for (int d = 0; d < documents.size(); d++) {
      entries = documents.heaviestLast(d, entries);
      int count = documents.tokens(d);
      for (int i = 0; i < count; i++) {
        int token = (int) entries[i];
        if (i >= count - most) {
          counts[token + 1]++;
        } else {
          leftOut[token] = Math.max(leftOut[token], (int) (entries[i] >>> 32));
        }
      }
    }
    Arrays.parallelPrefix(counts, Math::addExact);
    int[] holders = new int[counts[tokens]];
    int[] impacts = new int[counts[tokens]];
    int[] next = counts.clone();
    for (int d = 0; d < documents.size(); d++) {
      entries = documents.heaviestLast(d, entries);
      int count = documents.tokens(d);
      for (int i = Math.max(0, count - most); i < count; i++) {
        int at = next[(int) entries[i]]++;
        holders[at] = d;
        impacts[at] = (int) (entries[i] >>> 32);
      }
    }
    Token[] kept = new Token[tokens];
    for (int t = 0; t < tokens; t++) {
      int[] theirs = Arrays.copyOfRange(holders, counts[t], counts[t + 1]);
      int[] values = Arrays.copyOfRange(impacts, counts[t], counts[t + 1]);
      kept[t] = new Token(new TermPostings(theirs, values, theirs.length), leftOut[t]);
    }
    return new PrunedPostings(documents.numbers(), kept);
  }
}
