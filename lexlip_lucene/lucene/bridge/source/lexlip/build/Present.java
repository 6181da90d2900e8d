package lexlip.build;

import java.io.IOException;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.SegmentReader;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.BytesRef;

/** A look-up of ids in an index, among the documents that are not deleted. */
final class Present {
  /** A receiver of the ids found. */
  interface Receiver {
    /** Takes the id's rank among those looked for, and the name of the segment that has it. */
    void found(int rank, String segment) throws BuildError, IOException;
  }

  private Present() {}

  /**
   * Looks for all ids; both sides are sorted, so a run of ids that only one side has is skipped in
   * one step.
   */
  static void lookUp(DirectoryReader index, SortedTexts ids, Receiver found)
      throws BuildError, IOException {
    for (LeafReaderContext leaf : index.leaves()) {
      lookUp(leaf.reader(), ids, found);
    }
  }

  static String name(LeafReader segment) {
    return ((SegmentReader) segment).getSegmentName();
  }

  private static void lookUp(LeafReader segment, SortedTexts ids, Receiver found)
      throws BuildError, IOException {
    Terms terms = segment.terms(Template.ID);
    if (terms == null) {
      return;
    }
    TermsEnum walk = terms.iterator();
    BytesRef id = new BytesRef();
    int rank = 0;
    while (rank < ids.size()) {
      ids.get(rank, id);
      TermsEnum.SeekStatus status = walk.seekCeil(id);
      if (status == TermsEnum.SeekStatus.END) {
        return;
      }
      if (status == TermsEnum.SeekStatus.FOUND) {
        if (alive(segment, walk)) {
          found.found(rank, name(segment));
        }
        rank++;
      } else {
        rank = ids.ceiling(walk.term(), rank + 1);
      }
    }
  }

  private static boolean alive(LeafReader segment, TermsEnum at) throws IOException {
    PostingsEnum walk = at.postings(null, PostingsEnum.NONE);
    for (int document; (document = walk.nextDoc()) != PostingsEnum.NO_MORE_DOCS; ) {
      if (segment.getLiveDocs() == null || segment.getLiveDocs().get(document)) {
        return true;
      }
    }
    return false;
  }
}
