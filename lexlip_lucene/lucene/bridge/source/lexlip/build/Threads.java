package lexlip.build;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** The common part of the bridge's own threads. */
final class Threads {
  private Threads() {}

  /** Makes a thread that does not keep the process alive. */
  static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "lexlip-build");
    thread.setDaemon(true);
    return thread;
  }

  /** Waits for all tasks, then throws what the first failed one threw. */
  static void join(List<Future<?>> tasks) throws BuildError, IOException {
    Throwable error = null;
    for (Future<?> task : tasks) {
      try {
        task.get();
      } catch (ExecutionException failed) {
        error = error == null ? failed.getCause() : error;
      } catch (InterruptedException interrupted) {
        throw new IllegalStateException("nobody interrupts these threads", interrupted);
      }
    }
    if (error instanceof BuildError known) {
      throw known;
    }
    if (error instanceof IOException known) {
      throw known;
    }
    if (error instanceof Error grave) {
      throw grave;
    }
    if (error != null) {
      throw new IllegalStateException(error);
    }
  }
}
