package lexlip.build;

/**
 * What Python words a message for: {@code kind} says which, {@code details} with what.
 *
 * <ul>
 *   <li>{@code line}: path of the shard, number of the line from 1, Java's reason
 *   <li>{@code repeated}: an id that stands twice in the input
 *   <li>{@code present}: an id of the input that is in the index already
 *   <li>{@code absent}: an id to be deleted that is not in the index
 *   <li>{@code locked}: another writer holds the index
 *   <li>{@code stopped}: the work was cancelled
 * </ul>
 */
final class BuildError extends Exception {
  final String kind;
  final String[] details;

  BuildError(String kind, String... details) {
    super(kind + ": " + String.join(", ", details));
    this.kind = kind;
    this.details = details;
  }
}
