package lexlip.check;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.lucene.store.FSDirectory;

/** The folder of an index that is there already, opened to be read or changed. */
public final class IndexFolder {
  private IndexFolder() {}

  /** Opens a folder; fails if it is gone, where Lucene's own opening makes it again. */
  public static FSDirectory open(Path folder) throws IOException {
    return FSDirectory.open(folder.toRealPath());
  }
}
