package lexlip.build;

import java.util.Objects;

/**
 * An error that Python words: {@code kind} selects the message, {@code details} fill it.
 *
 * <ul>
 *   <li>{@code line}: path of the shard, number of the line from 1, Java's reason
 *   <li>{@code unreadable}: path of the shard, class and message of Java's exception
 *   <li>{@code compressed}: path of a shard that is damaged gzip, Java's reason
 *   <li>{@code changed}: path of a shard, the SHA-256 required, the one found
 *   <li>{@code repeated}: an id that the input has twice
 *   <li>{@code present}: an id of the input that the index already has
 *   <li>{@code absent}: an id to be deleted that is not in the index
 *   <li>{@code stopped}: the work was cancelled
 * </ul>
 */
final class BuildError extends Exception {
  final String kind;
  final String[] details;

  /** Returns the error {@code unreadable}. */
  static BuildError unreadable(String path, Exception error) {
    return new BuildError(
        "unreadable",
        path,
        error.getClass().getName(),
        Objects.requireNonNullElse(error.getMessage(), ""));
  }

  BuildError(String kind, String... details) {
    super(kind + ": " + String.join(", ", details));
    this.kind = kind;
    this.details = details;
  }
}
