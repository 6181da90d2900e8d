package lexlip.build;

import java.io.IOException;
import java.util.Set;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.FixedBitSet;

/** The {@link Totals} of an index, and the number of its segments. */
final class Counts {
  final Totals totals = new Totals();
  int segments;

  private Counts() {}

  /**
   * Counts documents that are not deleted. Lucene keeps these numbers for segments without
   * deletions; in one with deletions all postings are walked, about half a second for 60 million.
   */
  static Counts alive(DirectoryReader index, Stop stop) throws BuildError, IOException {
    Counts counts = new Counts();
    for (LeafReaderContext leaf : index.leaves()) {
      if (leaf.reader().hasDeletions()) {
        counts.walk(leaf.reader(), stop);
      } else {
        counts.add(leaf.reader());
      }
    }
    return counts;
  }

  /** Counts the segments of these names, with documents deleted since. */
  static Counts of(DirectoryReader index, Set<String> names) throws IOException {
    Counts counts = new Counts();
    for (LeafReaderContext leaf : index.leaves()) {
      if (names.contains(Present.name(leaf.reader()))) {
        counts.add(leaf.reader());
      }
    }
    return counts;
  }

  private void add(LeafReader segment) throws IOException {
    segments++;
    totals.documents += segment.maxDoc();
    totals.empty += segment.maxDoc();
    Terms terms = segment.terms(Template.CONTENTS);
    if (terms != null) {
      totals.empty -= terms.getDocCount();
      totals.postings += terms.getSumDocFreq();
      totals.impactSum += terms.getSumTotalTermFreq();
    }
  }

  private void walk(LeafReader segment, Stop stop) throws BuildError, IOException {
    segments++;
    Bits alive = segment.getLiveDocs();
    FixedBitSet filled = new FixedBitSet(segment.maxDoc());
    Terms terms = segment.terms(Template.CONTENTS);
    TermsEnum term = terms == null ? TermsEnum.EMPTY : terms.iterator();
    PostingsEnum walk = null;
    while (term.next() != null) {
      stop.check();
      walk = term.postings(walk, PostingsEnum.FREQS);
      for (int document; (document = walk.nextDoc()) != PostingsEnum.NO_MORE_DOCS; ) {
        if (alive.get(document)) {
          filled.set(document);
          totals.postings++;
          totals.impactSum += walk.freq();
        }
      }
    }
    totals.documents += segment.numDocs();
    totals.empty += segment.numDocs() - filled.cardinality();
  }
}
