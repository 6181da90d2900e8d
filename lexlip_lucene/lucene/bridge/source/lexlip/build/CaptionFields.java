package lexlip.build;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.lucene.analysis.Analyzer;

/**
 * The keys of a line whose texts are searched by BM25 in the field of the vectors: each term of a
 * text becomes the term {@code key:term}.
 *
 * <p>Its impact is the part of BM25 that a document decides, {@code peak × f / (f + k1 × (1 − b + b
 * × length / mean))}; idf is in the query. With {@code peak} 255, {@code dog} once in a text of
 * mean length has 255 / 1.9, the impact 134.
 */
final class CaptionFields {
  private static final double K1 = 0.9; // Anserini's
  private static final double B = 0.4;

  final byte[][] names;
  final byte[][] prefixes;
  final Analyzer analyzer;
  private final double[] means;
  private final int peak;

  /**
   * @param analyzer makes terms of texts, as it does of queries
   * @param means of each key, how many terms a text has; from 1 on
   * @param peak of impacts, which one comes near when a text is full of it
   */
  CaptionFields(Analyzer analyzer, List<String> keys, List<String> means, int peak) {
    this.analyzer = analyzer;
    names = new byte[keys.size()][];
    prefixes = new byte[keys.size()][];
    this.means = means.stream().mapToDouble(Double::parseDouble).toArray();
    this.peak = peak;
    for (int key = 0; key < names.length; key++) {
      names[key] = keys.get(key).getBytes(StandardCharsets.UTF_8);
      prefixes[key] = (keys.get(key) + ':').getBytes(StandardCharsets.UTF_8);
    }
  }

  /** Returns what adds the terms to a line's vector, for one thread; null without keys. */
  Captions parser() {
    return names.length == 0 ? null : new Captions(this);
  }

  /** Returns the impact of a term that a text of {@code length} terms has so often. */
  int impact(int key, int frequency, int length) {
    double part = frequency / (frequency + K1 * (1 - B + B * length / means[key]));
    return Math.max(1, (int) Math.rint(peak * part));
  }
}
