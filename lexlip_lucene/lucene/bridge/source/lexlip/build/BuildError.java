package lexlip.build;

import java.util.Objects;

/**
 * What Python words a message for: {@code kind} says which, {@code details} with what.
 *
 * <ul>
 *   <li>{@code line}: path of the shard, number of the line from 1, Java's reason
 *   <li>{@code unreadable}: path of the shard, class and message of Java's exception
 *   <li>{@code compressed}: path of a shard that is damaged gzip, Java's reason
 *   <li>{@code changed}: path of a shard, the SHA-256 that it should have, the one that it has
 *   <li>{@code repeated}: an id that stands twice in the input
 *   <li>{@code present}: an id of the input that is in the index already
 *   <li>{@code absent}: an id to be deleted that is not in the index
 *   <li>{@code stopped}: the work was cancelled
 * </ul>
 */
final class BuildError extends Exception {
  final String kind;
  final String[] details;

  /** {@code unreadable}. */
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
