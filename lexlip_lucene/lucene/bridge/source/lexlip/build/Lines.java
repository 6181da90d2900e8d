package lexlip.build;

/**
 * A stretch of whole lines of one shard: {@code bytes[0, length)}, then a line feed. Filled anew
 * again and again.
 */
final class Lines {
  byte[] bytes = new byte[Shards.BLOCK_BYTES + 1];
  int length;
  int shard;
  long sequence;
}
