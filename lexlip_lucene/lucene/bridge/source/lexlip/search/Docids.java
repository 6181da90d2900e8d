package lexlip.search;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;

/** The step from the best documents to hits: docids break ties, and are what Python gets. */
final class Docids {

  private Docids() {}

  /**
   * Returns the best {@code k} of {@code top}: by score, then by docid in byte order.
   *
   * @param unseen the highest score that a document which {@code top} was not shown may have
   */
  static Answer rank(Engine engine, Snapshot snapshot, TopK top, int k, long unseen)
      throws IOException {
    if (top.size() > 2L * k) {
      top.shrink();
    }
    Places places = new Places(top);
    List<RankedDocids> lists = lists(engine, snapshot, top, places, k);
    Answer hits = new Answer(Math.min(top.size(), k));
    if (lists.size() == 1) {
      RankedDocids list = lists.get(0);
      for (int i = 0; i < list.size(); i++) {
        hits.add(places.score(list.place(i)), list, i);
      }
    } else {
      merge(lists, hits, places);
    }
    hits.unseen(Math.max(next(top, hits, k), unseen));
    return hits;
  }

  /** Returns the best documents of each segment that has any. */
  private static List<RankedDocids> lists(
      Engine engine, Snapshot snapshot, TopK top, Places places, int k) throws IOException {
    List<RankedDocids> lists = new ArrayList<>();
    int[] documents = new int[top.size()];
    int[] theirs = new int[top.size()];
    for (int leaf = 0; leaf < snapshot.leaves.length; leaf++) {
      int first = snapshot.bases[leaf];
      int end = first + snapshot.leaves[leaf].maxDoc();
      int count = 0;
      for (int i = 0; i < top.size(); i++) {
        if (top.document(i) >= first && top.document(i) < end) {
          documents[count] = top.document(i) - first;
          theirs[count++] = places.of(top.score(i));
        }
      }
      if (count > 0) {
        SegmentDocids held = engine.docids(snapshot, leaf, count);
        lists.add(
            held == null
                ? RankedDocids.read(snapshot.leaves[leaf], engine.id, documents, theirs, count, k)
                : RankedDocids.of(held, documents, theirs, count, k));
      }
    }
    return lists;
  }

  /** A list of which the first documents are hits already. */
  private static final class Rest implements Comparable<Rest> {

    private final RankedDocids list;
    private int at;

    Rest(RankedDocids list) {
      this.list = list;
    }

    @Override
    public int compareTo(Rest other) {
      int places = Integer.compare(list.place(at), other.list.place(other.at));
      return places != 0 ? places : list.compare(at, other.list, other.at);
    }
  }

  private static void merge(List<RankedDocids> lists, Answer hits, Places places) {
    Queue<Rest> rests = new PriorityQueue<>();
    lists.forEach(list -> rests.add(new Rest(list)));
    while (!hits.full()) {
      Rest best = rests.remove();
      hits.add(places.score(best.list.place(best.at)), best.list, best.at);
      if (++best.at < best.list.size()) {
        rests.add(best);
      }
    }
  }

  /** Returns the highest score that a document outside the hits may have, if it was shown. */
  private static long next(TopK top, Answer hits, int k) {
    if (top.size() < k || (top.size() == k && top.threshold() == 1)) {
      return top.threshold() - 1; // nothing was dropped
    }
    int reached = 0;
    for (int i = 0; i < top.size(); i++) {
      reached += top.score(i) >= hits.last() ? 1 : 0;
    }
    return reached > k ? hits.last() : hits.last() - 1;
  }
}
