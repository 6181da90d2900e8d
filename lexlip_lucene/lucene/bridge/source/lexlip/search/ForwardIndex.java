package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.BytesRef;

/**
 * The documents of one segment, each with its tokens' numbers and impacts: the postings turned round, to score a few
 * documents exactly. Four bytes a posting where impacts are at most 255 (number × 256 + impact), eight otherwise.
 */
final class ForwardIndex {

  private final Map<BytesRef, Integer> numbers;
  private final int[] highest;
  private final long[] starts;
  private final int[] entries;
  private final int[] impacts;

  private ForwardIndex(Map<BytesRef, Integer> numbers, int[] highest, long[] starts, int[] entries, int[] impacts) {
    this.numbers = numbers;
    this.highest = highest;
    this.starts = starts;
    this.entries = entries;
    this.impacts = impacts;
  }

  /** Reads a segment twice: to count each document's postings, then to place them. */
  static ForwardIndex read(LeafReader reader, String field) throws IOException {
    long[] starts = new long[reader.maxDoc() + 1];
    Map<BytesRef, Integer> numbers = new HashMap<>();
    int[] highest = new int[0];
    Terms terms = reader.terms(field);
    if (terms != null) {
      highest = count(terms.iterator(), numbers, starts);
    }
    for (int d = 0; d < reader.maxDoc(); d++) {
      starts[d + 1] += starts[d];
    }
    long postings = starts[reader.maxDoc()];
    if (postings > Integer.MAX_VALUE - 8) {
      throw new IllegalStateException("a segment of " + postings + " postings is too large for two-step search");
    }
    boolean packed = Arrays.stream(highest).allMatch(impact -> impact <= 255) && numbers.size() <= 1 << 24;
    int[] entries = new int[(int) postings];
    int[] impacts = packed ? null : new int[(int) postings];
    if (terms != null) {
      place(terms.iterator(), starts, entries, impacts);
    }
    return new ForwardIndex(numbers, highest, starts, entries, impacts);
  }

  /** Leaves each document's number of postings at {@code starts[document + 1]}; returns each token's largest impact. */
  private static int[] count(TermsEnum terms, Map<BytesRef, Integer> numbers, long[] starts) throws IOException {
    int[] highest = new int[64];
    PostingsEnum postings = null;
    for (BytesRef token = terms.next(); token != null; token = terms.next()) {
      int number = numbers.size();
      numbers.put(BytesRef.deepCopyOf(token), number);
      if (number == highest.length) {
        highest = Arrays.copyOf(highest, 2 * number);
      }
      postings = terms.postings(postings, PostingsEnum.FREQS);
      for (int d = postings.nextDoc(); d != DocIdSetIterator.NO_MORE_DOCS; d = postings.nextDoc()) {
        starts[d + 1]++;
        highest[number] = Math.max(highest[number], postings.freq());
      }
    }
    return highest;
  }

  private static void place(TermsEnum terms, long[] starts, int[] entries, int[] impacts) throws IOException {
    int[] next = new int[starts.length];
    for (int d = 0; d < starts.length; d++) {
      next[d] = (int) starts[d];
    }
    PostingsEnum postings = null;
    int number = 0;
    for (BytesRef token = terms.next(); token != null; token = terms.next(), number++) {
      postings = terms.postings(postings, PostingsEnum.FREQS);
      for (int d = postings.nextDoc(); d != DocIdSetIterator.NO_MORE_DOCS; d = postings.nextDoc()) {
        int at = next[d]++;
        entries[at] = impacts == null ? number << 8 | postings.freq() : number;
        if (impacts != null) {
          impacts[at] = postings.freq();
        }
      }
    }
  }

  int tokens() {
    return numbers.size();
  }

  /** The number of {@code token} in this segment, or −1. */
  int number(BytesRef token) {
    return numbers.getOrDefault(token, -1);
  }

  /** The largest impact of {@code token} in this segment; 0 where it is in no document. */
  int highest(BytesRef token) {
    int number = number(token);
    return number < 0 ? 0 : highest[number];
  }

  /** Σ over the document's tokens of {@code weights[number]} × impact. */
  long score(int document, int[] weights) {
    long sum = 0;
    for (int i = (int) starts[document]; i < (int) starts[document + 1]; i++) {
      if (impacts == null) {
        sum += (long) weights[entries[i] >>> 8] * (entries[i] & 0xff);
      } else {
        sum += (long) weights[entries[i]] * impacts[i];
      }
    }
    return sum;
  }
}
