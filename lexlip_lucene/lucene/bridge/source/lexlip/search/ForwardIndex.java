package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.BytesRef;

/**
 * The documents of one segment, each with its tokens' numbers and impacts: the postings turned
 * round, to score a few documents exactly. Four bytes a posting if impacts are at most 255 (number
 * × 256 + impact), eight otherwise.
 */
final class ForwardIndex implements PostingsCache.Sized {

  /**
   * Approximate bytes of a token in {@code numbers}: its text, two objects and an entry of the map.
   */
  static final int TOKEN_BYTES = 128;

  private static final int BATCH = 32;
  private static final int LINE = 16; // integers in a cache line

  private final Map<BytesRef, Integer> numbers;
  private final long[] starts;
  private final int[] entries;
  private final int[] impacts;

  /** Weights by token number, all 0, that queries hand on to one another. */
  private final Queue<int[]> spare =
      new ArrayBlockingQueue<>(Runtime.getRuntime().availableProcessors());

  private ForwardIndex(
      Map<BytesRef, Integer> numbers, long[] starts, int[] entries, int[] impacts) {
    this.numbers = numbers;
    this.starts = starts;
    this.entries = entries;
    this.impacts = impacts;
  }

  /** Reads a segment twice: to count each document's postings, then to place them. */
  static ForwardIndex read(LeafReader reader, String field) throws IOException {
    long[] starts = new long[reader.maxDoc() + 1];
    Map<BytesRef, Integer> numbers = new HashMap<>();
    int highest = 0;
    Terms terms = reader.terms(field);
    if (terms != null) {
      highest = count(terms.iterator(), numbers, starts);
    }
    for (int d = 0; d < reader.maxDoc(); d++) {
      starts[d + 1] += starts[d];
    }
    long postings = starts[reader.maxDoc()];
    if (postings > Integer.MAX_VALUE - 8) {
      throw new IllegalStateException(
          "a segment of " + postings + " postings is too large for two-step search");
    }
    boolean packed = highest <= 255 && numbers.size() <= 1 << 24;
    int[] entries = new int[(int) postings];
    int[] impacts = packed ? null : new int[(int) postings];
    if (terms != null) {
      place(terms.iterator(), starts, entries, impacts);
    }
    return new ForwardIndex(numbers, starts, entries, impacts);
  }

  /**
   * Counts each document's postings at {@code starts[document + 1]}; returns the largest impact.
   */
  private static int count(TermsEnum terms, Map<BytesRef, Integer> numbers, long[] starts)
      throws IOException {
    int highest = 0;
    PostingsEnum postings = null;
    for (BytesRef token = terms.next(); token != null; token = terms.next()) {
      numbers.put(BytesRef.deepCopyOf(token), numbers.size());
      postings = terms.postings(postings, PostingsEnum.FREQS);
      for (int d = postings.nextDoc(); d != DocIdSetIterator.NO_MORE_DOCS; d = postings.nextDoc()) {
        starts[d + 1]++;
        highest = Math.max(highest, postings.freq());
      }
    }
    return highest;
  }

  private static void place(TermsEnum terms, long[] starts, int[] entries, int[] impacts)
      throws IOException {
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

  /** Estimates the bytes that a segment will take, if its impacts are at most 255. */
  static long bytes(LeafReader reader, String field) throws IOException {
    Terms terms = reader.terms(field);
    return terms == null ? 0 : bytes(terms.size(), reader.maxDoc(), 4 * terms.getSumDocFreq());
  }

  @Override
  public long bytes() {
    return bytes(numbers.size(), size(), 4L * entries.length * (impacts == null ? 1 : 2));
  }

  private static long bytes(long tokens, int documents, long entries) {
    int weights = 4 * Runtime.getRuntime().availableProcessors(); // of each token, in `spare`
    return (TOKEN_BYTES + weights) * tokens + 8L * documents + entries;
  }

  /** Returns the tokens' numbers. */
  Map<BytesRef, Integer> numbers() {
    return numbers;
  }

  /** Returns the number of documents. */
  int size() {
    return starts.length - 1;
  }

  /** Returns the number of tokens of a document. */
  int tokens(int document) {
    return (int) (starts[document + 1] - starts[document]);
  }

  /**
   * Returns the tokens of a document by rising impact, each as impact × 2^32 + number.
   *
   * @param room used for the result if it is large enough
   */
  long[] heaviestLast(int document, long[] room) {
    int from = (int) starts[document];
    int count = tokens(document);
    long[] result = room.length < count ? new long[count] : room;
    for (int i = 0; i < count; i++) {
      int entry = entries[from + i];
      result[i] =
          impacts == null
              ? (long) (entry & 0xff) << 32 | entry >>> 8
              : (long) impacts[from + i] << 32 | entry;
    }
    Arrays.sort(result, 0, count);
    return result;
  }

  /** Prepares for scoring documents by a query, to be ended with {@link Query#end}. */
  Query query(BytesRef[] tokens, int[] weights) {
    int[] handedOn = spare.poll();
    int[] byNumber = handedOn == null ? new int[numbers.size()] : handedOn;
    int[] theirs = new int[tokens.length];
    int count = 0;
    for (int t = 0; t < tokens.length; t++) {
      Integer number = numbers.get(tokens[t]);
      if (number != null) {
        theirs[count++] = number;
        byNumber[number] = weights[t];
      }
    }
    return new Query(byNumber, Arrays.copyOf(theirs, count));
  }

  /** The weights of a query by their tokens' numbers. */
  final class Query {

    private final int[] byNumber;
    private final int[] theirs;
    private int readAhead;

    private Query(int[] byNumber, int[] theirs) {
      this.byNumber = byNumber;
      this.theirs = theirs;
    }

    /**
     * Shows {@code top} the score of each document, Σ over its tokens of weight × impact.
     *
     * @param documents ascending, with {@code base} added to their numbers
     */
    void score(int[] documents, int from, int to, int base, TopK top) {
      for (int batch = from; batch < to; batch += BATCH) {
        int end = Math.min(batch + BATCH, to);
        // Read ahead, so that the cache misses of many documents are waited for together and not
        // one after the other.
        for (int d = batch; d < end; d++) {
          for (long i = starts[documents[d] - base];
              i < starts[documents[d] - base + 1];
              i += LINE) {
            readAhead += entries[(int) i];
          }
        }
        for (int d = batch; d < end; d++) {
          top.add(score(documents[d] - base), documents[d]);
        }
      }
    }

    private long score(int document) {
      int[] entries = ForwardIndex.this.entries;
      int[] impacts = ForwardIndex.this.impacts;
      int[] byNumber = this.byNumber;
      int to = (int) starts[document + 1];
      long sum = 0;
      if (impacts == null) {
        for (int i = (int) starts[document]; i < to; i++) {
          sum += (long) byNumber[entries[i] >>> 8] * (entries[i] & 0xff);
        }
      } else {
        for (int i = (int) starts[document]; i < to; i++) {
          sum += (long) byNumber[entries[i]] * impacts[i];
        }
      }
      return sum;
    }

    void end() {
      for (int number : theirs) {
        byNumber[number] = 0;
      }
      spare.offer(byNumber);
    }
  }
}
