package lexlip.build;

/** The reason why a line is not a document; file and line number are added on the way up. */
final class Refusal extends Exception {
  Refusal(String reason) {
    super(reason, null, false, false);
  }
}
