package lexlip.build;

/** Why a line is no document; carried up to where file and line number are known. */
final class Refusal extends Exception {
  Refusal(String reason) {
    super(reason, null, false, false);
  }
}
