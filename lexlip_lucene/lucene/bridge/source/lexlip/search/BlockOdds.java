package lexlip.search;

import java.util.Arrays;

/**
 * What searches by blocks have cost so far as a part of searches by windows, by the magnitudes of
 * the query's number of tokens and of k: where they lose, they are tried more and more seldom. Safe
 * for several threads, which may overwrite each other's last experience.
 */
final class BlockOdds {

  private static final int CLASSES = 32;
  private static final float FIRST = 0.5f;
  private static final float WEIGHT = 1 / 8f;
  private static final float LOST = 0.9f;
  private static final int SHORTEST = 16;
  private static final int LONGEST = 1024;

  private final float[] parts = new float[CLASSES * CLASSES];
  private final int[] waits = new int[CLASSES * CLASSES];
  private final int[] left = new int[CLASSES * CLASSES];

  BlockOdds() {
    Arrays.fill(parts, FIRST);
  }

  /** Returns true if blocks should be tried: they have paid, or have not been tried for long. */
  boolean promising(int terms, int k) {
    int at = at(terms, k);
    return parts[at] < LOST || --left[at] <= 0;
  }

  /** Learns that a search by blocks cost that part of one by windows. */
  void learn(int terms, int k, double part) {
    int at = at(terms, k);
    parts[at] += WEIGHT * (float) (part - parts[at]);
    waits[at] = part < 1 ? SHORTEST : Math.min(Math.max(2 * waits[at], SHORTEST), LONGEST);
    left[at] = waits[at];
  }

  private static int at(int terms, int k) {
    return magnitude(terms) * CLASSES + magnitude(k);
  }

  private static int magnitude(int number) {
    return 31 - Integer.numberOfLeadingZeros(number | 1);
  }
}
