package lexlip.build;

import java.util.Arrays;

/**
 * The terms of each document, from which orders are computed: {@code terms[starts[d], starts[d +
 * 1])}.
 */
final class TermLists {
  final int[] starts;
  final int[] terms;

  /** Takes the {@code heaviest} terms of each document, or all when it has no more. */
  TermLists(Documents documents, Vocabulary vocabulary, int heaviest) {
    starts = new int[documents.count + 1];
    for (int number = 0; number < documents.count; number++) {
      starts[number + 1] = starts[number] + Math.min(heaviest, documents.vector(number).next());
    }
    terms = new int[starts[documents.count]];
    long[] weighed = new long[0]; // weight and term in one number, for sorting
    for (int number = 0; number < documents.count; number++) {
      int[] ranks = vocabulary.ranks(documents.block(number).table);
      Varints vector = documents.vector(number);
      int size = vector.next();
      if (size > weighed.length) {
        weighed = new long[2 * size];
      }
      for (int i = 0; i < size; i++) {
        int term = ranks[vector.next()];
        weighed[i] = (long) -vector.next() << 32 | term;
      }
      if (size > heaviest) {
        Arrays.sort(weighed, 0, size);
      }
      for (int place = starts[number], i = 0; place < starts[number + 1]; place++, i++) {
        terms[place] = (int) weighed[i];
      }
    }
  }
}
