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
 * end of each hit's line in the text                     32-bit integers
 * the docids in UTF-8, each with a line feed behind it
 * </pre>
 */
final class Answer {

  private static final int USUAL_LINE = 12;

  private final long[] scores;
  private final DocidBytes lines;
  private long unseen;

  /** Makes an answer that waits for its hits. */
  Answer(int hits) {
    scores = new long[hits];
    lines = new DocidBytes(hits, USUAL_LINE * Math.min(hits, 10_000));
  }

  /** Adds document {@code i} of {@code list}. */
  void add(long score, RankedDocids list, int i) {
    scores[lines.size()] = score;
    list.copy(i, lines);
  }

  boolean full() {
    return lines.size() == scores.length;
  }

  /** Returns the score of the last hit; there must be one. */
  long last() {
    return scores[scores.length - 1];
  }

  /** Sets the highest score that a document outside the hits may have. */
  void unseen(long score) {
    unseen = score;
  }

  static byte[] pack(Answer[] answers) {
    int hits = 0;
    long text = 0;
    for (Answer answer : answers) {
      hits += answer.scores.length;
      text += answer.lines.length();
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
      out.asLongBuffer().put(answer.scores);
      out.position(out.position() + 8 * answer.scores.length);
    }
    int end = 0;
    for (Answer answer : answers) {
      answer.lines.putEnds(end, out);
      end += answer.lines.length();
    }
    for (Answer answer : answers) {
      answer.lines.putBytes(out);
    }
    return out.array();
  }
}
