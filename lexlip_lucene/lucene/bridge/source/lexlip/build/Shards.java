package lexlip.build;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Cuts the shards of a collection, in their order, into blocks of whole lines, for as many threads as ask; so all cores
 * have work whatever the number of shards.
 */
final class Shards {
  static final int BLOCK_BYTES = 4 << 20; // small beside the memory, and thousands of lines for each visit here

  private final List<String> paths;
  private int shard = -1;
  private InputStream file;
  private byte[] rest = new byte[0]; // the beginning of a line whose end was not in the block before
  private long sequence;
  private volatile long bytesRead;

  Shards(List<String> paths) {
    this.paths = paths;
  }

  String path(int number) {
    return paths.get(number);
  }

  long bytesRead() {
    return bytesRead;
  }

  /**
   * Fills {@code lines}; false when there are no more.
   *
   * @throws BuildError {@code unreadable}, for a shard that the system does not let be read
   */
  synchronized boolean next(Lines lines) throws BuildError {
    try {
      return filled(lines);
    } catch (IOException | InvalidPathException error) {
      throw BuildError.unreadable(paths.get(shard), error);
    }
  }

  private boolean filled(Lines lines) throws IOException {
    while (file != null || shard + 1 < paths.size()) {
      if (file == null) {
        file = Files.newInputStream(Path.of(paths.get(++shard))); // its exceptions have a class for each reason
      }
      fill(lines);
      if (lines.length > 0) {
        lines.shard = shard;
        lines.sequence = sequence++;
        return true;
      }
    }
    return false;
  }

  synchronized void close() throws IOException {
    shard = paths.size();
    if (file != null) {
      file.close();
      file = null;
    }
  }

  private void fill(Lines lines) throws IOException {
    lines.length = 0;
    append(lines, rest, rest.length);
    rest = new byte[0];
    for (int searched = 0; ; searched = lines.length) {
      if (lines.length == lines.bytes.length - 1) {
        lines.bytes = Arrays.copyOf(lines.bytes, Math.addExact(2 * lines.length, 1));
      }
      int read = file.readNBytes(lines.bytes, lines.length, lines.bytes.length - 1 - lines.length);
      lines.length += read;
      bytesRead += read;
      if (lines.length < lines.bytes.length - 1) { // the end of the file
        file.close();
        file = null;
        break;
      }
      int cut = lastLineEnd(lines, searched);
      if (cut > 0) {
        rest = Arrays.copyOfRange(lines.bytes, cut, lines.length);
        lines.length = cut;
        break;
      }
    }
    lines.bytes[lines.length] = '\n';
  }

  private static void append(Lines lines, byte[] source, int length) {
    if (length >= lines.bytes.length) {
      lines.bytes = new byte[2 * length + 1];
    }
    System.arraycopy(source, 0, lines.bytes, 0, length);
    lines.length = length;
  }

  private static int lastLineEnd(Lines lines, int from) {
    for (int place = lines.length; place > from; place--) {
      if (lines.bytes[place - 1] == '\n') {
        return place;
      }
    }
    return 0;
  }
}
