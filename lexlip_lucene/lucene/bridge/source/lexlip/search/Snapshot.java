package lexlip.search;

import java.io.IOException;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.IndexSearcher;

/**
 * One commit of the index, as a search sees it from its beginning to its end. Its reader counts its
 * uses: {@link #close} ends one.
 */
final class Snapshot implements AutoCloseable {

  final DirectoryReader reader;
  final LeafReader[] leaves;

  /** The number added to a document's number in {@code leaves[i]} to make it unique. */
  final int[] bases;

  final IndexSearcher searcher;

  Snapshot(DirectoryReader reader) {
    this.reader = reader;
    this.searcher = new IndexSearcher(reader);
    searcher.setSimilarity(new ImpactSimilarity());
    searcher.setQueryCache(null); // a filter is turned into bits here, and scores are not cached
    leaves = new LeafReader[reader.leaves().size()];
    bases = new int[leaves.length];
    for (LeafReaderContext context : reader.leaves()) {
      leaves[context.ord] = context.reader();
      bases[context.ord] = context.docBase;
    }
  }

  @Override
  public void close() throws IOException {
    reader.decRef();
  }
}
