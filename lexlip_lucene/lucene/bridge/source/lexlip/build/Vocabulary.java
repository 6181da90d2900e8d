package lexlip.build;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * The terms of all tables of a batch in the order of their bytes, and the rank of each table's
 * terms.
 */
final class Vocabulary {
  final SortedTexts terms;
  private final Map<TermTable, int[]> ranks = new IdentityHashMap<>();

  Vocabulary(List<Block> blocks) {
    TermTable all = new TermTable();
    for (Block block : blocks) {
      ranks.computeIfAbsent(block.table, table -> numbersIn(all, table));
    }
    terms = new SortedTexts(all.pool.array, all.starts());
    int[] rank = terms.ranks();
    for (int[] numbers : ranks.values()) {
      for (int term = 0; term < numbers.length; term++) {
        numbers[term] = rank[numbers[term]];
      }
    }
  }

  /** Returns the ranks of a table's terms, by their numbers. */
  int[] ranks(TermTable table) {
    return ranks.get(table);
  }

  private static int[] numbersIn(TermTable all, TermTable table) {
    int[] numbers = new int[table.size()];
    for (int term = 0; term < numbers.length; term++) {
      numbers[term] = all.add(table.pool.array, table.start(term), table.start(term + 1));
    }
    return numbers;
  }
}
