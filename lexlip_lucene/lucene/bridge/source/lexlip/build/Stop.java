package lexlip.build;

/** The request that work ends early, which long loops check. */
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
