package lexlip.build;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * One shard of a collection as lines of JSON: decompressed if its bytes are gzip, cut into lines if
 * it is a {@code .json} file, without a byte-order mark. The file's own bytes are hashed on their
 * way if they are to be compared.
 */
final class ShardStream implements Closeable {
  private static final int BUFFER = 1 << 16;
  private static final byte[] GZIP = {0x1f, (byte) 0x8b};
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  private final InputStream file;
  private final MessageDigest digest;
  private final InputStream lines;

  /**
   * @param sha256 in hexadecimal; empty for no comparison
   */
  ShardStream(String path, String sha256) throws IOException {
    digest = sha256.isEmpty() ? null : sha256();
    // Its exceptions have a class for each reason.
    InputStream plain = Files.newInputStream(Path.of(path));
    file = digest == null ? plain : new DigestInputStream(plain, digest);
    try {
      PushbackInputStream bytes = begun(file);
      byte[] first = peeked(bytes, GZIP.length);
      InputStream content =
          Arrays.equals(first, GZIP) ? begun(new GZIPInputStream(bytes, BUFFER)) : bytes;
      skipMark((PushbackInputStream) content);
      String name = path.toLowerCase(Locale.ROOT);
      if (content == bytes && first.length > 0 && name.endsWith(".gz")) {
        throw new ZipException("its name ends in .gz");
      }
      lines =
          name.endsWith(".json") || name.endsWith(".json.gz") ? new JsonValues(content) : content;
    } catch (IOException | RuntimeException error) {
      plain.close();
      throw error;
    }
  }

  /** Reads {@code length} bytes of lines, fewer only at the end. */
  int read(byte[] into, int from, int length) throws IOException {
    return lines.readNBytes(into, from, length);
  }

  /** Returns the SHA-256 of the whole file, after its lines have been read. */
  String sha256Found() throws IOException {
    file.transferTo(OutputStream.nullOutputStream()); // bytes that may follow compressed data
    return HexFormat.of().formatHex(digest.digest());
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  private static PushbackInputStream begun(InputStream stream) {
    return new PushbackInputStream(stream, BYTE_ORDER_MARK.length);
  }

  private static byte[] peeked(PushbackInputStream stream, int count) throws IOException {
    byte[] first = stream.readNBytes(count);
    stream.unread(first);
    return first;
  }

  private static void skipMark(PushbackInputStream stream) throws IOException {
    if (Arrays.equals(peeked(stream, BYTE_ORDER_MARK.length), BYTE_ORDER_MARK)) {
      stream.skipNBytes(BYTE_ORDER_MARK.length);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java has SHA-256", impossible);
    }
  }
}
