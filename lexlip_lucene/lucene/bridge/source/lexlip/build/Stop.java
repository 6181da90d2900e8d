package lexlip.build;

/** The wish that work ends early, which long loops ask after. */
final class Stop {
  private volatile boolean wanted;

  void ask() {
    wanted = true;
  }

  boolean asked() {
    return wanted;
  }

  void check() throws BuildError {
    if (wanted) {
      throw new BuildError("stopped");
    }
  }
}
