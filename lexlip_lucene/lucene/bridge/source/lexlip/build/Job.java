package lexlip.build;

import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Long work in a thread of its own, which Python polls. */
final class Job {
  /** Work that gives some numbers, each with its name. */
  interface Work {
    Map<String, Long> run() throws Exception;
  }

  private final CountDownLatch end = new CountDownLatch(1);
  private volatile Map<String, Long> result;
  private volatile Throwable error;

  Job(Work work) {
    Threads.daemon(
            () -> {
              try {
                result = work.run();
              } catch (Throwable thrown) {
                error = thrown;
              } finally {
                end.countDown();
              }
            })
        .start();
  }

  boolean finished(long milliseconds) throws InterruptedException {
    return end.await(milliseconds, TimeUnit.MILLISECONDS);
  }

  Map<String, Long> result() {
    return result;
  }

  Throwable error() {
    return error;
  }
}
