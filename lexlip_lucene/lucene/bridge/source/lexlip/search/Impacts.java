package lexlip.search;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;

/** The impacts of tokens in single documents, read from the postings. */
final class Impacts {

  private Impacts() {}

  /**
   * Returns the impact of each token in the document {@code docid}, 0 for those that it lacks, as
   * bytes; null without the document.
   */
  static byte[] of(Engine engine, Snapshot snapshot, BytesRef docid, BytesRef[] tokens)
      throws IOException {
    for (LeafReader reader : snapshot.leaves) {
      int document = number(reader, engine.id, docid);
      if (document >= 0) {
        ByteBuffer out = ByteBuffer.allocate(4 * tokens.length).order(ByteOrder.LITTLE_ENDIAN);
        for (BytesRef token : tokens) {
          out.putInt(impact(reader.terms(engine.field), token, document));
        }
        return out.array();
      }
    }
    return null;
  }

  /**
   * Returns each token of the document {@code docid} and its impact, in turn, as {@link Texts};
   * null without the document.
   */
  static byte[] all(Engine engine, Snapshot snapshot, BytesRef docid) throws IOException {
    for (LeafReader reader : snapshot.leaves) {
      int document = number(reader, engine.id, docid);
      if (document >= 0) {
        List<String> pairs = new ArrayList<>();
        Terms terms = reader.terms(engine.field);
        TermsEnum all = terms == null ? TermsEnum.EMPTY : terms.iterator();
        PostingsEnum postings = null;
        for (BytesRef token = all.next(); token != null; token = all.next()) {
          postings = all.postings(postings, PostingsEnum.FREQS);
          if (postings.advance(document) == document) {
            pairs.addAll(List.of(token.utf8ToString(), Integer.toString(postings.freq())));
          }
        }
        return Texts.pack(pairs);
      }
    }
    return null;
  }

  /**
   * Adds up the score of each document, Σ over its tokens of weight × impact.
   *
   * @param scores of the documents from {@code documents[from]} on
   * @param documents ascending, with {@code base} added to their numbers
   */
  static void addTo(
      long[] scores,
      Terms terms,
      BytesRef[] tokens,
      int[] weights,
      int[] documents,
      int from,
      int base)
      throws IOException {
    TermsEnum all = terms == null ? TermsEnum.EMPTY : terms.iterator();
    PostingsEnum postings = null;
    for (int t = 0; t < tokens.length; t++) {
      if (!all.seekExact(tokens[t])) {
        continue;
      }
      postings = all.postings(postings, PostingsEnum.FREQS);
      for (int i = 0; i < scores.length; i++) {
        int document = documents[from + i] - base;
        int reached = postings.docID() < document ? postings.advance(document) : postings.docID();
        scores[i] += reached == document ? (long) weights[t] * postings.freq() : 0;
      }
    }
  }

  /** Returns the number of a document that is not deleted, or −1. */
  static int number(LeafReader reader, String id, BytesRef docid) throws IOException {
    Terms terms = reader.terms(id);
    TermsEnum all = terms == null ? null : terms.iterator();
    if (all != null && all.seekExact(docid)) {
      Bits live = reader.getLiveDocs();
      PostingsEnum having = all.postings(null, PostingsEnum.NONE);
      for (int d = having.nextDoc(); d != DocIdSetIterator.NO_MORE_DOCS; d = having.nextDoc()) {
        if (live == null || live.get(d)) {
          return d;
        }
      }
    }
    return -1;
  }

  private static int impact(Terms terms, BytesRef token, int document) throws IOException {
    TermsEnum all = terms == null ? null : terms.iterator();
    if (all == null || !all.seekExact(token)) {
      return 0;
    }
    PostingsEnum postings = all.postings(null, PostingsEnum.FREQS);
    return postings.advance(document) == document ? postings.freq() : 0;
  }
}
