package lexlip.search;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The hits of one query, best first, and the form in which the hits of queries go to Python,
 * little-endian:
 *
 * <pre>
 * hits of each query                                     32-bit integers
 * highest score of the other documents, of each query    64-bit integers
 * score of each hit                                      64-bit integers
 * end of each hit's docid in the text                    32-bit integers
 * the docids in UTF-8, one after the other
 * </pre>
 */
final class Answer {

  static final Answer NOTHING = new Answer(new long[0], new byte[0][], 0);

  private final long[] scores;
  private final byte[][] docids;
  private final long unseen;

  /**
   * @param unseen the highest score that a document outside the hits may have
   */
  Answer(long[] scores, byte[][] docids, long unseen) {
    this.scores = scores;
    this.docids = docids;
    this.unseen = unseen;
  }

  static byte[] pack(Answer[] answers) {
    int hits = 0;
    long text = 0;
    for (Answer answer : answers) {
      hits += answer.scores.length;
      for (byte[] docid : answer.docids) {
        text += docid.length;
      }
    }
    int size = Math.toIntExact(12L * answers.length + 12L * hits + text);
    ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    for (Answer answer : answers) {
      out.putInt(answer.scores.length);
    }
    for (Answer answer : answers) {
      out.putLong(answer.unseen);
    }
    for (Answer answer : answers) {
      for (long score : answer.scores) {
        out.putLong(score);
      }
    }
    int end = 0;
    for (Answer answer : answers) {
      for (byte[] docid : answer.docids) {
        end += docid.length;
        out.putInt(end);
      }
    }
    for (Answer answer : answers) {
      for (byte[] docid : answer.docids) {
        out.put(docid);
      }
    }
    return out.array();
  }
}
