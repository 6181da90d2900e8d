package lexlip.build;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipException;

/**
 * The shards of a collection, cut in their order into blocks of whole lines for any number of
 * threads, so that all cores have work whatever the number of shards.
 */
final class Shards {
  // Small beside the memory, and thousands of lines for each visit here.
  static final int BLOCK_BYTES = 4 << 20;

  private final List<String> paths;
  private final List<String> sha256;
  private int shard = -1;
  private ShardStream file;
  // the beginning of a line whose end was not in the block before
  private byte[] rest = new byte[0];
  private long sequence;
  private volatile long bytesRead;

  /**
   * @param sha256 of each path, in hexadecimal; empty for no comparison
   */
  Shards(List<String> paths, List<String> sha256) {
    this.paths = paths;
    this.sha256 = sha256;
  }

  String path(int number) {
    return paths.get(number);
  }

  long bytesRead() {
    return bytesRead;
  }

  /**
   * Fills {@code lines}; returns false at the end of the collection.
   *
   * @throws BuildError {@code unreadable}, for a shard that the system does not let be read, {@code
   *     compressed} for damaged gzip, and {@code changed} at the end of one with another SHA-256
   */
  synchronized boolean next(Lines lines) throws BuildError {
    try {
      return filled(lines);
    } catch (ZipException | EOFException damaged) {
      throw new BuildError("compressed", paths.get(shard), String.valueOf(damaged.getMessage()));
    } catch (IOException | InvalidPathException error) {
      throw BuildError.unreadable(paths.get(shard), error);
    }
  }

  private boolean filled(Lines lines) throws BuildError, IOException {
    while (file != null || shard + 1 < paths.size()) {
      if (file == null) {
        shard++; // first, so that an error names it
        file = new ShardStream(paths.get(shard), sha256.get(shard));
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

  private void fill(Lines lines) throws BuildError, IOException {
    lines.length = 0;
    append(lines, rest, rest.length);
    rest = new byte[0];
    for (int searched = 0; ; searched = lines.length) {
      if (lines.length == lines.bytes.length - 1) {
        lines.bytes = Arrays.copyOf(lines.bytes, Math.addExact(2 * lines.length, 1));
      }
      int read = file.read(lines.bytes, lines.length, lines.bytes.length - 1 - lines.length);
      lines.length += read;
      bytesRead += read;
      if (lines.length < lines.bytes.length - 1) { // the end of the file
        end();
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

  private void end() throws BuildError, IOException {
    String found = sha256.get(shard).isEmpty() ? "" : file.sha256Found();
    file.close();
    file = null;
    if (!found.equals(sha256.get(shard))) {
      throw new BuildError("changed", paths.get(shard), sha256.get(shard), found);
    }
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
