package lexlip.build;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lexlip.order.DocumentOrder;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.Term;
import org.apache.lucene.util.BytesRef;

/** Documents on their way into an index, batch by batch; no id may occur twice in one input. */
final class Input {
  /**
   * The number of heaviest terms that decide a document's place: measured, all of 64 do no better
   * than 16.
   */
  private static final int TERMS_TO_ORDER_BY = 16;

  private final Session session;
  private final boolean replace;
  // names of the segments that hold the batches so far
  private final Set<String> written = new HashSet<>();
  private final Totals totals = new Totals();
  private Batch batch;
  long replaced;
  long invertNanos;
  long writeNanos;

  /**
   * Begins an input.
   *
   * @param replace whether a document replaces one of the same id in the index, which is else an
   *     error
   */
  Input(Session session, boolean replace) {
    this.session = session;
    this.replace = replace;
    batch = newBatch();
  }

  Batch batch() {
    return batch;
  }

  /** Writes the batch as a segment and begins a new one. */
  void flush() throws BuildError, IOException {
    Batch full = batch;
    batch = newBatch();
    if (full.isEmpty()) {
      return;
    }
    long begun = System.nanoTime();
    Documents documents = new Documents(full);
    SortedTexts ids = new SortedTexts(documents.ids, documents.idStarts);
    refuseOrReplace(ids);
    Map<String, Postings> fields = fields(documents, ids);
    invertNanos += System.nanoTime() - begun;
    begun = System.nanoTime();
    written.addAll(session.add(new BatchReader(session.template, documents, session.kept, fields)));
    writeNanos += System.nanoTime() - begun;
    totals.add(full.totals);
  }

  /** Ends the input; returns the totals of what was read, then those of the index's part of it. */
  List<Totals> end() throws BuildError, IOException {
    flush();
    try (DirectoryReader index = DirectoryReader.open(session.writer)) {
      return List.of(totals, Counts.of(index, written).totals);
    }
  }

  private Batch newBatch() {
    return new Batch(session.memory, session.ordered);
  }

  private void refuseOrReplace(SortedTexts ids) throws BuildError, IOException {
    int repeated = ids.firstRepeated();
    if (repeated >= 0) {
      throw new BuildError("repeated", text(ids, repeated).utf8ToString());
    }
    List<Term> old = new ArrayList<>();
    try (DirectoryReader index = DirectoryReader.open(session.writer)) {
      Present.lookUp(
          index,
          ids,
          (rank, segment) -> {
            BytesRef id = text(ids, rank);
            if (written.contains(segment)) {
              throw new BuildError("repeated", id.utf8ToString());
            }
            if (!replace) {
              throw new BuildError("present", id.utf8ToString());
            }
            old.add(new Term(Template.ID, id));
          });
    }
    if (!old.isEmpty()) {
      session.writer.deleteDocuments(old.toArray(new Term[0]));
      session.writer.flush(); // so that they go before the new documents come
      replaced += old.size();
    }
  }

  private static BytesRef text(SortedTexts texts, int rank) {
    BytesRef text = new BytesRef();
    texts.get(rank, text);
    return text;
  }

  private Map<String, Postings> fields(Documents documents, SortedTexts ids)
      throws BuildError, IOException {
    Vocabulary vocabulary = new Vocabulary(documents.blocks);
    if (session.ordered) {
      TermLists lists = new TermLists(documents, vocabulary, TERMS_TO_ORDER_BY);
      documents.reorder(
          DocumentOrder.of(
              documents.count,
              lists.starts,
              lists.terms,
              vocabulary.terms.size(),
              session.threads));
    }
    Map<String, Postings> fields = new HashMap<>();
    fields.put(Template.ID, byId(documents, ids));
    fields.put(
        Template.CONTENTS, Inverter.invert(documents, vocabulary, session.threads, session.stop));
    for (int key = 0; key < session.kept.keys.length; key++) {
      if (session.kept.keyword(key)) {
        fields.put(session.kept.keys[key], KeywordInverter.invert(documents, key));
      }
    }
    return fields;
  }

  private static Postings byId(Documents documents, SortedTexts ids) {
    int[] positions = documents.positions();
    int[] starts = new int[documents.count + 1];
    int[] found = new int[documents.count];
    for (int rank = 0; rank < found.length; rank++) {
      found[rank] = positions[ids.order[rank]];
      starts[rank + 1] = rank + 1;
    }
    return new Postings(ids, starts, found, null, null);
  }
}
