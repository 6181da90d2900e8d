package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;

/**
 * The numbers of documents from which on a token of a segment is frequent, and common: its largest
 * impact in each block of documents is kept ({@link BlockMaxima}), and its impact in each document
 * ({@link DenseImpacts}).
 *
 * <p>Below one document of {@link #FREQUENT}, adding a token's postings to the bounds is as fast;
 * below one of {@link #COMMON}, adding them to the scores is. Fewer are frequent if the blocks of
 * all tokens together would take more than {@link #MOST} bytes a posting.
 */
final class FrequentTokens implements PostingsCache.Sized {

  private static final int FREQUENT = 64;
  private static final int COMMON = 4;

  /** Bytes a posting that the blocks of all tokens together may take. */
  static final double MOST = 2.2;

  /** Bytes that the blocks may take in a segment of few postings. */
  private static final long SMALL = 1 << 18;

  /** The lowest document frequency of a frequent token. */
  final int least;

  /** The lowest document frequency of a common token. */
  final int leastCommon;

  private FrequentTokens(int least, int leastCommon) {
    this.least = least;
    this.leastCommon = leastCommon;
  }

  /** Reads the document frequencies of a segment. */
  static FrequentTokens read(LeafReader reader, String field) throws IOException {
    int[] frequencies = new int[1024];
    int count = 0;
    long postings = 0;
    Terms terms = reader.terms(field);
    TermsEnum all = terms == null ? TermsEnum.EMPTY : terms.iterator();
    while (all.next() != null) {
      if (count == frequencies.length) {
        frequencies = Arrays.copyOf(frequencies, 2 * count);
      }
      frequencies[count++] = all.docFreq();
      postings += all.docFreq();
    }
    Arrays.sort(frequencies, 0, count);
    int documents = reader.maxDoc();
    double room = Math.max(MOST * postings, SMALL);
    room -= BlockMaxima.OWN_BYTES * (double) count + BlockMaxima.RARE_BYTES * postings;
    long each = BlockMaxima.bytes(documents);
    int frequent = taken(frequencies, count, Math.max(documents / FREQUENT, 1), room / each);
    return new FrequentTokens(least(frequencies, frequent, count), Math.max(documents / COMMON, 1));
  }

  /** Returns the place from which on frequencies are at least {@code least}, at most so many. */
  private static int taken(int[] frequencies, int count, int least, double most) {
    int first = count;
    while (first > 0 && frequencies[first - 1] >= least && count - first + 1 <= most) {
      first--;
    }
    return first;
  }

  private static int least(int[] frequencies, int first, int count) {
    int before = first > 0 ? frequencies[first - 1] + 1 : 1; // those that tie with it are left out
    return first < count ? Math.max(frequencies[first], before) : Integer.MAX_VALUE;
  }

  @Override
  public long bytes() {
    return 16;
  }
}
