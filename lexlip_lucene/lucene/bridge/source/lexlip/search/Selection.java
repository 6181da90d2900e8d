package lexlip.search;

/** Quickselect, as Hoare described it, with the middle of three as pivot. */
final class Selection {

  private Selection() {}

  /**
   * Moves the {@code n} smallest of the first {@code size} values to the front, the largest of them
   * to {@code values[n - 1]}; {@code n} is at least 1.
   */
  static void smallest(long[] values, int size, int n) {
    int wanted = n - 1;
    int low = 0;
    int high = size - 1;
    while (low < high) {
      long a = values[low];
      long b = values[(low + high) >>> 1];
      long c = values[high];
      long pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
      int i = low;
      int j = high;
      while (i <= j) {
        while (values[i] < pivot) {
          i++;
        }
        while (values[j] > pivot) {
          j--;
        }
        if (i <= j) {
          long swapped = values[i];
          values[i++] = values[j];
          values[j--] = swapped;
        }
      }
      if (wanted <= j) {
        high = j;
      } else if (wanted >= i) {
        low = i;
      } else {
        break;
      }
    }
  }
}
