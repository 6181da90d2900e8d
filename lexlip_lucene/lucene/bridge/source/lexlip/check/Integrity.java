package lexlip.check;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.apache.lucene.codecs.CodecUtil;
import org.apache.lucene.index.CheckIndex;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexInput;
import org.apache.lucene.store.Lock;

/**
 * The comparison of an index's files with the checksums in their footers, called from Python. It
 * writes and locks nothing.
 */
public final class Integrity {
  private Integrity() {}

  /**
   * Returns the names of the latest commit's files; reads the commit and the list of each segment.
   */
  public static String[] files(String folder) throws IOException {
    try (FSDirectory directory = IndexFolder.open(Path.of(folder))) {
      Collection<String> names = SegmentInfos.readLatestCommit(directory).files(true);
      return new TreeSet<>(names).toArray(new String[0]);
    }
  }

  /** Reads a whole file, and returns its length in bytes; fails on a wrong checksum. */
  public static long compare(String folder, String name) throws IOException {
    try (FSDirectory directory = IndexFolder.open(Path.of(folder));
        IndexInput file = directory.openInput(name, IOContext.DEFAULT)) {
      CodecUtil.checksumEntireFile(file);
      return file.length();
    }
  }

  /** Runs Lucene's own CheckIndex; returns its complaint on one line, or null for a clean index. */
  public static byte[] checkIndex(String folder) throws IOException {
    try (FSDirectory directory = IndexFolder.open(Path.of(folder));
        CheckIndex check = new CheckIndex(directory, NO_LOCK)) {
      List<String> said = new ArrayList<>();
      check.setInfoStream(
          new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
      check.setFailFast(false);
      CheckIndex.Status status = check.checkIndex();
      if (status.clean) {
        return null;
      }
      said.add(
          status.missingSegments
              ? "the list of segments can't be read"
              : status.totLoseDocCount + " documents are in damaged segments");
      for (CheckIndex.Status.SegmentInfoStatus segment : status.segmentInfos) {
        if (segment.toLoseDocCount > 0) {
          said.add("segment " + segment.name);
        }
      }
      return String.join("; ", said).getBytes(StandardCharsets.UTF_8);
    }
  }

  /** CheckIndex takes the writer's lock for repairs, which are not wanted here. */
  private static final Lock NO_LOCK =
      new Lock() {
        @Override
        public void close() {}

        @Override
        public void ensureValid() {}
      };
}
