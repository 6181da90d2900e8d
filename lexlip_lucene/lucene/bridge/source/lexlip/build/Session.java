package lexlip.build;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import lexlip.check.IndexFolder;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.Term;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.Version;

/** An index that is open for writing. Others see no change before {@link #commit}. */
final class Session {
  final Stop stop = new Stop();
  final KeptKeys kept;
  final Template template;
  final int threads;
  final long memory;
  final boolean ordered;
  final IndexWriter writer;
  private final AskedMerges merges = new AskedMerges();
  private final StoppableDirectory directory;

  /**
   * Opens the index in the folder {@code path}, or makes a new one there.
   *
   * @param memory bytes for documents that wait to be written, cut to a third of the JVM's heap
   */
  Session(Path path, boolean create, KeptKeys kept, int threads, long memory, boolean ordered)
      throws IOException {
    this.kept = kept;
    this.threads = threads;
    this.memory = Math.min(memory, Runtime.getRuntime().maxMemory() / 3);
    this.ordered = ordered;
    FSDirectory folder = create ? FSDirectory.open(path) : IndexFolder.open(path);
    directory = new StoppableDirectory(folder, stop);
    try {
      int created =
          create
              ? Version.LATEST.major
              : SegmentInfos.readLatestCommit(directory).getIndexCreatedVersionMajor();
      IndexWriterConfig config = new IndexWriterConfig();
      config.setOpenMode(
          create ? IndexWriterConfig.OpenMode.CREATE : IndexWriterConfig.OpenMode.APPEND);
      config.setMergePolicy(merges);
      // In the calling thread and as fast as it goes: the default scheduler slows merges down for
      // searches.
      config.setMergeScheduler(new SerialMergeScheduler());
      config.setUseCompoundFile(false);
      config.setCommitOnClose(false);
      writer = new IndexWriter(directory, config);
      template = new Template(kept, created);
    } catch (IOException | RuntimeException error) {
      directory.close();
      throw error;
    }
  }

  /** Writes a batch, and returns the names of the segments that hold it and nothing else. */
  List<String> add(CodecReader batch) throws IOException {
    writer.addIndexes(batch);
    return merges.written();
  }

  /** Returns the number of documents deleted, which is the number of different ids. */
  long delete(SortedTexts ids) throws BuildError, IOException {
    boolean[] there = new boolean[ids.size()];
    try (DirectoryReader index = DirectoryReader.open(writer)) {
      Present.lookUp(index, ids, (rank, segment) -> there[rank] = true);
    }
    Term[] terms = new Term[ids.size()];
    for (int rank = 0; rank < terms.length; rank++) {
      BytesRef id = new BytesRef();
      ids.get(rank, id);
      if (!there[rank]) {
        throw new BuildError("absent", id.utf8ToString());
      }
      terms[rank] = new Term(Template.ID, id);
    }
    writer.deleteDocuments(terms);
    return terms.length;
  }

  /** Merges everything into one segment, which leaves deleted documents out. */
  void merge() throws IOException {
    writer.forceMerge(1);
  }

  /**
   * Merges segments of similar size if they are too many, as any writer of Lucene does; returns
   * false if they are not.
   */
  boolean mergeSmall() throws IOException {
    merges.beginSmall();
    writer.maybeMerge();
    return merges.endSmall();
  }

  /** Counts what searchers opened after a commit would find. */
  Counts counts() throws BuildError, IOException {
    try (DirectoryReader index = DirectoryReader.open(writer)) {
      return Counts.alive(index, stop);
    }
  }

  /**
   * Makes all changes last, with these facts as the commit's user data, closes the index, and
   * returns the number of its segments.
   */
  long commit(Map<String, String> facts) throws IOException {
    writer.setLiveCommitData(facts.entrySet());
    writer.commit();
    long segments = SegmentInfos.readLatestCommit(directory).size();
    close();
    return segments;
  }

  /** Drops all changes and closes the index. */
  void rollback() throws IOException {
    writer.rollback();
    close();
  }

  private void close() throws IOException {
    writer.close();
    template.close();
    directory.close();
  }
}
