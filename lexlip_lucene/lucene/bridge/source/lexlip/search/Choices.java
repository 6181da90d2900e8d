package lexlip.search;

import java.util.concurrent.atomic.LongAdder;

/** The numbers of searches of segments by each execution; of whole queries by Lucene's. */
final class Choices {

  final LongAdder windows = new LongAdder();

  /** Those that were given up, and then went on by windows, among them. */
  final LongAdder blocks = new LongAdder();

  final LongAdder givenUp = new LongAdder();
  final LongAdder lucene = new LongAdder();

  /** Returns them in the order above. */
  long[] counts() {
    return new long[] {windows.sum(), blocks.sum(), givenUp.sum(), lucene.sum()};
  }
}
