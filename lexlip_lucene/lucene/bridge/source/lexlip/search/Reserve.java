package lexlip.search;

/**
 * Heap kept for reporting that the heap is full: pyjnius ends the process when Java has no room
 * left for the few bytes of an argument or a stack trace.
 */
final class Reserve {

  private static volatile byte[][] kept = make();

  private Reserve() {}

  /** Frees the reserve; called when the heap was too small. */
  static void release() {
    kept = null;
  }

  /** Returns true if the reserve is held; takes it again as soon as the heap has room. */
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
