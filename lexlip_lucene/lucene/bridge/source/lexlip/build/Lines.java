package lexlip.build;

/**
 * Consecutive whole lines of one shard: {@code bytes[0, length)}, then a line feed. The buffer is
 * reused.
 */
final class Lines {
  byte[] bytes = new byte[Shards.BLOCK_BYTES + 1];
  int length;
  int shard;
  long sequence;
}
