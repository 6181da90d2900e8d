package lexlip.search;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.lucene.util.IOUtils;

/** Many queries over a few threads: each thread takes the next query until none is left. */
final class Batch {

  /** Answers the query of that number. */
  interface Search {
    Answer answer(int query) throws IOException;
  }

  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(
          work -> {
            Thread thread = new Thread(work, "lexlip-search");
            thread.setDaemon(true); // the process may end while they wait for work
            return thread;
          });

  private Batch() {}

  static Answer[] run(int queries, int threads, Search search) throws IOException {
    Answer[] answers = new Answer[queries];
    AtomicInteger next = new AtomicInteger();
    AtomicReference<Throwable> failed = new AtomicReference<>();
    Runnable work =
        () -> {
          try {
            for (int q = next.getAndIncrement(); q < queries; q = next.getAndIncrement()) {
              answers[q] = search.answer(q);
            }
          } catch (Throwable error) {
            failed.compareAndSet(null, error);
            next.set(queries); // so that the other threads stop
          }
        };
    List<CompletableFuture<Void>> others = new ArrayList<>();
    for (int t = 1; t < Math.min(threads, queries); t++) {
      others.add(CompletableFuture.runAsync(work, THREADS));
    }
    work.run();
    // Also after an error: the caller then closes what they read.
    others.forEach(CompletableFuture::join);
    if (failed.get() != null) {
      throw IOUtils.rethrowAlways(failed.get());
    }
    return answers;
  }
}
