package lexlip.order;

/** Binary logarithms of counts, from a table where they are small; that of 0 counts as 0. */
final class Logarithms {

  private static final float[] TABLE = new float[1 << 14];

  static {
    for (int count = 1; count < TABLE.length; count++) {
      TABLE[count] = exact(count);
    }
  }

  private Logarithms() {}

  static float of(int count) {
    return count < TABLE.length ? TABLE[count] : exact(count);
  }

  // StrictMath, because Math.log may differ in the last bit from one machine to another, and so the
  // order.
  private static float exact(int count) {
    return (float) (StrictMath.log(count) / StrictMath.log(2));
  }
}
