package lexlip.build;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.store.AlreadyClosedException;

/**
 * The methods for writing an index that Python calls: static, with opaque objects, and with lists
 * in the form of {@link Packed}. Every {@code start…} returns a {@link Job}, whose outcome {@link
 * #finished}, {@link #error} and {@link #result} give.
 */
public final class Builds {
  private Builds() {}

  /** Opens the index in a folder for writing, or makes a new one there; {@code memory} in bytes. */
  public static Object open(
      String path,
      boolean create,
      byte[] stored,
      byte[] storedLengths,
      byte[] keywords,
      byte[] keywordLengths,
      int threads,
      long memory,
      boolean ordered)
      throws IOException {
    KeptKeys kept =
        new KeptKeys(Packed.texts(stored, storedLengths), Packed.texts(keywords, keywordLengths));
    return new Session(Path.of(path), create, kept, threads, memory, ordered);
  }

  /**
   * Opens a collection for {@link #startReading}; {@link #bytesRead} gives its progress.
   *
   * @param sha256 of each path, in hexadecimal, or empty, which is not compared
   */
  public static Object shards(byte[] paths, byte[] lengths, byte[] sha256, byte[] sha256Lengths) {
    return new Shards(Packed.texts(paths, lengths), Packed.texts(sha256, sha256Lengths));
  }

  /** Returns how many bytes of the shards have been read. */
  public static long bytesRead(Object shards) {
    return ((Shards) shards).bytesRead();
  }

  /** Returns the caption fields of these keys, see {@link CaptionFields}. */
  public static Object captions(
      Analyzer analyzer, byte[] keys, byte[] lengths, byte[] means, byte[] meansLengths, int peak) {
    return new CaptionFields(
        analyzer, Packed.texts(keys, lengths), Packed.texts(means, meansLengths), peak);
  }

  /** Counts the texts and terms of caption fields; the result is that of {@link CaptionLengths}. */
  public static Object startMeasuring(Object session, Object shards, Object captions) {
    Shards from = (Shards) shards;
    return new Job(
        () -> {
          try {
            return CaptionLengths.of(from, (CaptionFields) captions, ((Session) session).stop);
          } finally {
            from.close();
          }
        });
  }

  /**
   * Adds a collection. The result: {@code read.…} and {@code written.…} as in {@link Totals#named},
   * {@code replaced} documents, {@code reading_ms}, {@code inverting_ms} and {@code writing_ms} in
   * milliseconds, weights of 0 as {@code zeros}, and of {@code read.…} the {@code
   * caption_postings}, and the documents with {@code captions_only}.
   */
  public static Object startReading(
      Object session, Object shards, Object captions, boolean replace) {
    Session open = (Session) session;
    Shards from = (Shards) shards;
    return new Job(
        () -> {
          long begun = System.nanoTime();
          Input input = new Input(open, replace);
          CollectionReader reader =
              new CollectionReader(
                  from, open.kept, (CaptionFields) captions, open.threads, open.stop);
          try {
            do {
              reader.fill(input.batch());
              if (input.batch().isEmpty()) {
                break;
              }
              input.flush();
            } while (true);
            return ended(input, System.nanoTime() - begun);
          } finally {
            from.close();
          }
        });
  }

  /** Begins to add rows of a matrix whose columns are {@code tokens}. */
  public static Object rows(Object session, byte[] tokens, byte[] lengths, boolean replace) {
    return new Rows((Session) session, tokens, lengths, replace);
  }

  /** Adds some rows; all numbers are int32, impacts from 1 on. No result. */
  public static Object startRows(
      Object rows, byte[] ids, byte[] idLengths, byte[] sizes, byte[] columns, byte[] impacts) {
    return new Job(
        () -> {
          ((Rows) rows)
              .add(
                  ids,
                  Packed.starts(idLengths),
                  Packed.ints(sizes),
                  Packed.ints(columns),
                  Packed.ints(impacts));
          return Map.of();
        });
  }

  /** Ends adding rows. The result is that of {@link #startReading}. */
  public static Object startEnd(Object rows) {
    return new Job(() -> ended(((Rows) rows).input, 0));
  }

  /** Deletes documents by id. The result: {@code deleted}. */
  public static Object startDelete(Object session, byte[] ids, byte[] lengths) {
    return new Job(
        () -> {
          SortedTexts sorted = new SortedTexts(ids, Packed.starts(lengths));
          return Map.of("deleted", ((Session) session).delete(sorted));
        });
  }

  /** Merges to one segment. No result. */
  public static Object startMerge(Object session) {
    return new Job(
        () -> {
          ((Session) session).merge();
          return Map.of();
        });
  }

  /**
   * Merges segments of similar size if they are too many. The result: {@code merged}, 0 when none
   * were merged.
   */
  public static Object startMergeSmall(Object session) {
    return new Job(() -> Map.of("merged", ((Session) session).mergeSmall() ? 1L : 0L));
  }

  /**
   * Counts documents that are not deleted. The result: {@link Totals#named} and {@code segments}.
   */
  public static Object startCount(Object session) {
    return new Job(
        () -> {
          Counts counts = ((Session) session).counts();
          Map<String, Long> result = counts.totals.named("");
          result.put("segments", (long) counts.segments);
          return result;
        });
  }

  /**
   * Commits with these facts (key, value, key, value, …) and closes the index. The result: its
   * {@code segments}.
   */
  public static Object startCommit(Object session, byte[] facts, byte[] lengths) {
    List<String> texts = Packed.texts(facts, lengths);
    Map<String, String> map = new HashMap<>();
    for (int i = 0; i < texts.size(); i += 2) {
      map.put(texts.get(i), texts.get(i + 1));
    }
    return new Job(() -> Map.of("segments", ((Session) session).commit(map)));
  }

  /**
   * Lets the running job of the session end soon; after that the session can only be rolled back.
   */
  public static void stop(Object session) {
    ((Session) session).stop.ask();
  }

  /** Drops everything since the session was opened, and closes the index. */
  public static void rollback(Object session) throws IOException {
    ((Session) session).rollback();
  }

  /** Waits for the job, at most that long; returns true once it has ended. */
  public static boolean finished(Object job, long milliseconds) throws InterruptedException {
    return ((Job) job).finished(milliseconds);
  }

  /** Returns the job's result, a line {@code name=number} for each number; null when it failed. */
  public static String result(Object job) {
    Map<String, Long> result = ((Job) job).result();
    if (result == null) {
      return null;
    }
    return result.entrySet().stream()
        .map(number -> number.getKey() + "=" + number.getValue())
        .collect(Collectors.joining("\n"));
  }

  /**
   * Returns kind and details of a {@link BuildError}, or {@code java}, the exception's class and
   * its message; separated by U+0000. Null without an error.
   */
  public static byte[] error(Object job) {
    Throwable error = ((Job) job).error();
    if (error == null) {
      return null;
    }
    Throwable cause = cause(error);
    String text =
        cause instanceof BuildError known
            ? known.kind + '\0' + String.join("\0", known.details)
            : String.join(
                "\0",
                "java",
                cause.getClass().getName(),
                Objects.requireNonNullElse(cause.getMessage(), ""));
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Returns the error behind those that only pass it on. */
  private static Throwable cause(Throwable error) {
    Throwable cause = error.getCause();
    boolean passes =
        error instanceof AlreadyClosedException
            || cause != null && cause.toString().equals(error.getMessage());
    return cause != null && passes ? cause(cause) : error;
  }

  private static Map<String, Long> ended(Input input, long nanos) throws BuildError, IOException {
    List<Totals> both = input.end();
    Totals read = both.get(0);
    long reading = Math.max(0, nanos - input.invertNanos - input.writeNanos);
    Map<String, Long> result = read.named("read.");
    result.putAll(both.get(1).named("written."));
    result.put("replaced", input.replaced);
    result.put("reading_ms", reading / 1_000_000);
    result.put("inverting_ms", input.invertNanos / 1_000_000);
    result.put("writing_ms", input.writeNanos / 1_000_000);
    result.put("zeros", read.zeros);
    result.put("caption_postings", read.captionPostings);
    result.put("captions_only", read.captionsOnly);
    return result;
  }
}
