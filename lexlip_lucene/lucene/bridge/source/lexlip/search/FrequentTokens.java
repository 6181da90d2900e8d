package lexlip.search;

import java.io.IOException;
import java.util.Arrays;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;

/**
 * The number of documents from which on a token of a segment is frequent: its largest impact in
 * each block of documents is kept ({@link BlockMaxima}).
 *
 * <p>Below one document of {@link #SHARE}, adding its postings to the bounds is as fast. More have
 * to be rare if the blocks of all tokens together would take more than {@link #MOST} bytes a
 * posting.
 */
final class FrequentTokens implements PostingsCache.Sized {

  private static final int SHARE = 64;
  private static final double MOST = 2.2;

  /** Bytes that the blocks of a segment may take if it has few postings. */
  private static final long SMALL = 1 << 18;

  /** The lowest document frequency of a frequent token. */
  final int least;

  private FrequentTokens(int least) {
    this.least = least;
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
    int least = Math.max(documents / SHARE, 1);
    double room = Math.max(MOST * postings, SMALL);
    room -= (double) BlockMaxima.OWN_BYTES * count + BlockMaxima.RARE_BYTES * postings;
    for (int i = count - 1; i >= 0 && frequencies[i] >= least; i--) {
      room -= BlockMaxima.bytes(frequencies[i], documents);
      if (room < 0) {
        return new FrequentTokens(frequencies[i] + 1);
      }
    }
    return new FrequentTokens(least);
  }

  @Override
  public long bytes() {
    return 16;
  }
}
