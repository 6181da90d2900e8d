package lexlip.build;

/** A reader of what {@link Bytes#writeVarint} wrote. */
final class Varints {
  final byte[] bytes;
  int place;

  Varints(byte[] bytes, int place) {
    this.bytes = bytes;
    this.place = place;
  }

  int next() {
    int value = bytes[place++];
    if (value >= 0) {
      return value;
    }
    value &= 0x7f;
    for (int shift = 7; ; shift += 7) {
      int part = bytes[place++];
      value |= (part & 0x7f) << shift;
      if (part >= 0) {
        return value;
      }
    }
  }
}
