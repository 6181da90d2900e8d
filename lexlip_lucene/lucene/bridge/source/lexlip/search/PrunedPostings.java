package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.Terms;
import org.apache.lucene.util.BytesRef;

/**
 * The postings of one segment with only the heaviest tokens of each document: searched by the first
 * step of {@link TwoStepSearch}. Two-Step SPLADE (arXiv 2404.13357) prunes documents like this.
 */
final class PrunedPostings implements PostingsCache.Sized {

  /** Bytes of the token in {@code numbers}, which may be its only holder, and of its record. */
  private static final int TOKEN_BYTES = ForwardIndex.TOKEN_BYTES + 24;

  /** A token's postings that were kept, and the largest impact of those that were not. */
  record Token(TermPostings kept, int leftOut) {}

  private final Map<BytesRef, Integer> numbers;
  private final Token[] tokens;
  private final long bytes;

  private PrunedPostings(Map<BytesRef, Integer> numbers, Token[] tokens) {
    this.numbers = numbers;
    this.tokens = tokens;
    long sum = (long) TOKEN_BYTES * tokens.length;
    for (Token token : tokens) {
      sum += token.kept().bytes();
    }
    bytes = sum;
  }

  /** Estimates the bytes that a segment will take, if its impacts are at most 255. */
  static long bytes(LeafReader reader, String field, int most) throws IOException {
    Terms terms = reader.terms(field);
    if (terms == null) {
      return 0;
    }
    long kept = Math.min(terms.getSumDocFreq(), (long) most * reader.maxDoc());
    return (TOKEN_BYTES + TermPostings.OWN_BYTES) * terms.size()
        + TermPostings.POSTING_BYTES * kept;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  /** Returns the token's postings; null if no document of the segment holds it. */
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
