package lexlip.search;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

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
    Runnable work =
        () -> {
          try {
            for (int q = next.getAndIncrement(); q < queries; q = next.getAndIncrement()) {
              answers[q] = search.answer(q);
            }
          } catch (IOException error) {
            throw new UncheckedIOException(error);
          } finally {
            next.addAndGet(queries); // after an error the others stop as well; otherwise there is nothing left
          }
        };
    List<Future<?>> others = new ArrayList<>();
    for (int t = 1; t < Math.min(threads, queries); t++) {
      others.add(THREADS.submit(work));
    }
    try {
      work.run();
    } finally {
      for (Future<?> other : others) {
        join(other);
      }
    }
    return answers;
  }

  private static void join(Future<?> other) throws IOException {
    try {
      other.get();
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      throw new IOException("the search was interrupted", error);
    } catch (ExecutionException error) {
      throw new IOException(error.getCause());
    }
  }
}
