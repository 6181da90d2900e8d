package lexlip.search;

/**
 * Heap that is kept for saying that the heap is full: pyjnius ends the process where Java has no
 * room left for the few bytes of an argument or a stack trace.
 */
final class Reserve {

  private static volatile byte[][] kept = make();

  private Reserve() {}

  /** Gives it up; called when the heap was too small for something. */
  static void release() {
    kept = null;
  }

  /** Whether it is there; it comes back as soon as the heap has room. */
  static boolean there() {
    if (kept == null) {
      try {
        kept = make();
      } catch (OutOfMemoryError full) {
        return false;
      }
    }
    return true;
  }

  private static byte[][] make() {
    return new byte[4][1 << 18]; // in parts, which fit between other objects
  }
}
