package lexlip.search;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexableField;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.similarities.Similarity;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;

/**
 * The methods for searching that Python calls. Everything is static, and queries and hits cross as
 * bytes ({@link Request}, {@link Answer}).
 */
public final class Searches {

  private Searches() {}

  /**
   * Opens an engine on a reader, which is closed with it.
   *
   * @param field the field whose terms are tokens and whose term frequencies are impacts
   * @param id the field that holds the docid
   * @param cacheBytes the memory that decoded postings and parts made of them may take; below 0
   *     they share one cache with other engines
   */
  public static Engine open(DirectoryReader reader, String field, String id, long cacheBytes) {
    return new Engine(reader, field, id, cacheBytes);
  }

  /**
   * Returns true if the heap has room for a call; false after a search found it too small, until it
   * has room again.
   */
  public static boolean ready() {
    return Reserve.there();
  }

  public static boolean refresh(Engine engine) throws IOException {
    return engine.refresh();
  }

  public static void close(Engine engine) throws IOException {
    engine.close();
  }

  /** Returns the numbers of searches by each execution so far, as {@link Choices#counts}. */
  public static long[] choices(Engine engine) {
    return engine.choices.counts();
  }

  /** Returns the number of documents that are not deleted. */
  public static int documents(Engine engine) throws IOException {
    try (Snapshot snapshot = engine.acquire()) {
      return snapshot.reader.numDocs();
    }
  }

  /**
   * Returns key and value of each fact in the newest snapshot's commit, in turn, as {@link Texts}.
   */
  public static byte[] facts(Engine engine) throws IOException {
    try (Snapshot snapshot = engine.acquire()) {
      List<String> pairs = new ArrayList<>();
      snapshot
          .reader
          .getIndexCommit()
          .getUserData()
          .forEach((key, value) -> pairs.addAll(List.of(key, value)));
      return Texts.pack(pairs);
    }
  }

  /**
   * Returns the hits of a request: exact ones, or with {@code candidates} above 0 those of {@link
   * TwoStepSearch}, or with {@code blocks} below {@link BlockSearch#ALL} those of so many blocks.
   */
  public static byte[] search(
      Engine engine,
      byte[] request,
      byte[] filters,
      int k,
      int threads,
      int execution,
      int terms,
      int postings,
      int documentTerms,
      int candidates,
      int blocks)
      throws IOException {
    Request queries = new Request(request);
    ImpactSearch.Execution how = ImpactSearch.Execution.of(execution);
    Plan plan =
        (snapshot, allowed) -> {
          if (candidates > 0) {
            TwoStepSearch twoStep =
                new TwoStepSearch(
                    engine, snapshot, allowed, terms, postings, documentTerms, candidates);
            return q -> twoStep.search(queries.tokens(q), queries.weights(q), k);
          }
          ImpactSearch exact = new ImpactSearch(engine, snapshot, allowed);
          return q -> exact.search(queries.tokens(q), queries.weights(q), k, how, blocks);
        };
    return answers(engine, filters, queries.size(), threads, plan);
  }

  /**
   * Returns the best hits of Lucene queries; a score is {@link Float#floatToIntBits} of Lucene's.
   */
  public static byte[] searchLucene(
      Engine engine, Similarity similarity, Query[] queries, byte[] filters, int k, int threads)
      throws IOException {
    Plan plan =
        (snapshot, allowed) -> {
          IndexSearcher searcher = new IndexSearcher(snapshot.reader);
          searcher.setSimilarity(similarity);
          return q -> {
            TopK top = new TopK(k);
            LuceneSearch.search(searcher, queries[q], allowed, true, top);
            return Docids.rank(engine, snapshot, top, k, 0);
          };
        };
    return answers(engine, filters, queries.length, threads, plan);
  }

  /** A maker of the search of single queries, given the documents that count in each segment. */
  private interface Plan {
    Batch.Search search(Snapshot snapshot, Bits[] allowed) throws IOException;
  }

  private static byte[] answers(Engine engine, byte[] filters, int queries, int threads, Plan plan)
      throws IOException {
    try (Snapshot snapshot = engine.acquire()) {
      try {
        Bits[] allowed = Filters.allowed(snapshot, new Request(filters));
        return Answer.pack(Batch.run(queries, threads, plan.search(snapshot, allowed)));
      } catch (OutOfMemoryError full) {
        Reserve.release(); // before the snapshot is closed, which may take memory as well
        throw full;
      }
    }
  }

  /** Returns {@link #keywordsOf} of the newest snapshot. */
  public static byte[] keywords(Engine engine) throws IOException {
    try (Snapshot snapshot = engine.acquire()) {
      return keywordsOf(snapshot.reader, engine.field, engine.id);
    }
  }

  /**
   * Returns the names of the fields that a filter may name, as {@link Texts}: indexed, and neither
   * tokens nor docids.
   */
  public static byte[] keywordsOf(DirectoryReader reader, String field, String id) {
    Set<String> names = new TreeSet<>();
    for (LeafReaderContext leaf : reader.leaves()) {
      for (FieldInfo info : leaf.reader().getFieldInfos()) {
        if (info.getIndexOptions() != IndexOptions.NONE) {
          names.add(info.name);
        }
      }
    }
    names.removeAll(Set.of(field, id));
    return Texts.pack(List.copyOf(names));
  }

  /**
   * Returns the values of a keyword field in byte order, the first {@code most} of each segment, as
   * {@link Texts}.
   */
  public static byte[] values(Engine engine, String field, int most) throws IOException {
    try (Snapshot snapshot = engine.acquire()) {
      Set<BytesRef> values = new TreeSet<>();
      for (LeafReader reader : snapshot.leaves) {
        Terms terms = reader.terms(field);
        TermsEnum all = terms == null ? TermsEnum.EMPTY : terms.iterator();
        BytesRef value = all.next();
        for (int v = 0; v < most && value != null; v++, value = all.next()) {
          values.add(BytesRef.deepCopyOf(value));
        }
      }
      return Texts.pack(values.stream().map(BytesRef::utf8ToString).toList());
    }
  }

  /**
   * Returns two docids, as {@link Texts}, that are the same once ASCII white space in them is
   * percent-encoded, as in a TREC run; none if all stay different.
   */
  public static byte[] writtenAlike(Engine engine) throws IOException {
    try (Snapshot snapshot = engine.acquire()) {
      return Texts.pack(WrittenIds.alike(snapshot, engine.id));
    }
  }

  /**
   * Returns the number of documents that have each token, deleted ones included until the next
   * merge, as 32-bit little-endian integers.
   */
  public static byte[] frequencies(Engine engine, byte[] tokens) throws IOException {
    return counts(engine, tokens, (snapshot, term) -> snapshot.reader.docFreq(term));
  }

  /**
   * Returns the number of documents that have each token, without deleted ones, as 32-bit
   * little-endian integers; in a segment with deletions it reads all postings of the token.
   */
  public static byte[] living(Engine engine, byte[] tokens) throws IOException {
    return counts(engine, tokens, (snapshot, term) -> snapshot.searcher.count(new TermQuery(term)));
  }

  private interface Count {
    int of(Snapshot snapshot, Term term) throws IOException;
  }

  private static byte[] counts(Engine engine, byte[] tokens, Count count) throws IOException {
    try (Snapshot snapshot = engine.acquire()) {
      BytesRef[] asked = new Request(tokens).tokens(0);
      ByteBuffer out = ByteBuffer.allocate(4 * asked.length).order(ByteOrder.LITTLE_ENDIAN);
      for (BytesRef token : asked) {
        out.putInt(count.of(snapshot, new Term(engine.field, token)));
      }
      return out.array();
    }
  }

  /**
   * Returns name and value of each stored field of a document, in turn, as {@link Texts}; null
   * without such a document. Bytes, which others may have stored, are not text and left out.
   */
  public static byte[] stored(Engine engine, byte[] docid) throws IOException {
    try (Snapshot snapshot = engine.acquire()) {
      for (LeafReader reader : snapshot.leaves) {
        int document = Impacts.number(reader, engine.id, new BytesRef(docid));
        if (document >= 0) {
          List<String> pairs = new ArrayList<>();
          for (IndexableField field : reader.storedFields().document(document)) {
            if (field.stringValue() != null) {
              pairs.addAll(List.of(field.name(), field.stringValue()));
            }
          }
          return Texts.pack(pairs);
        }
      }
      return null;
    }
  }

  /**
   * Returns the impacts of tokens in a document, as 32-bit little-endian integers; null without
   * such a document.
   */
  public static byte[] impacts(Engine engine, byte[] docid, byte[] tokens) throws IOException {
    try (Snapshot snapshot = engine.acquire()) {
      return Impacts.of(engine, snapshot, new BytesRef(docid), new Request(tokens).tokens(0));
    }
  }

  /**
   * Returns each token of a document and its impact, in turn, as {@link Texts}; null without such a
   * document. It looks the document up in the postings of every token, which takes milliseconds,
   * not microseconds.
   */
  public static byte[] vector(Engine engine, byte[] docid) throws IOException {
    try (Snapshot snapshot = engine.acquire()) {
      return Impacts.all(engine, snapshot, new BytesRef(docid));
    }
  }
}
