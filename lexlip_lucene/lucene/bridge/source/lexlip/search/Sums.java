package lexlip.search;

/** Sums of products of two ints from 0 on, which are exact or refused. */
final class Sums {

  /** The sum in place of all that are not below it. */
  static final long TOO_LARGE = Long.MAX_VALUE;

  private Sums() {}

  /**
   * Returns {@code sum}.
   *
   * @throws IllegalArgumentException it is {@link #TOO_LARGE}
   */
  static long exact(long sum) {
    if (sum == TOO_LARGE) {
      throw new IllegalArgumentException(
          "a score may reach 2^63, and sums are exact only below it: give smaller weights, or fewer"
              + " tokens");
    }
    return sum;
  }

  /** Adds two numbers from 0 on; errors as in {@link #exact}. */
  static long add(long a, long b) {
    return exact(a + b < 0 ? TOO_LARGE : a + b);
  }
}
