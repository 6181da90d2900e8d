package lexlip.build;

import java.io.IOException;
import java.util.List;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.FilterMergePolicy;
import org.apache.lucene.index.LogByteSizeMergePolicy;
import org.apache.lucene.index.LogMergePolicy;
import org.apache.lucene.index.MergePolicy;
import org.apache.lucene.index.MergeTrigger;
import org.apache.lucene.index.SegmentInfos;

/**
 * A merge policy that merges only neighbours, so that documents keep their order, and only on
 * request. Lucene itself requests merges at the end of every {@code addIndexes}, with the trigger
 * of an explicit request, so the trigger does not say who asks.
 *
 * <p>It also lists the segments that the last {@code addIndexes} wrote, because Lucene plans them
 * here.
 */
final class AskedMerges extends FilterMergePolicy {
  private static final int AT_ONCE = 32; // one pass over an index of up to 32 batches

  private boolean asked;
  private boolean found;
  private MergeSpecification written;

  AskedMerges() {
    super(policy());
  }

  private static MergePolicy policy() {
    LogMergePolicy policy = new LogByteSizeMergePolicy();
    policy.setMergeFactor(AT_ONCE);
    policy.setNoCFSRatio(0);
    return policy;
  }

  /** Lets small segments be merged until {@link #endSmall}. */
  void beginSmall() {
    asked = true;
    found = false;
  }

  /** Ends {@link #beginSmall}; returns true when small segments were merged. */
  boolean endSmall() {
    asked = false;
    return found;
  }

  /** Returns the names of the segments that the last {@code addIndexes} wrote. */
  List<String> written() {
    return written.merges.stream().map(merge -> merge.getMergeInfo().info.name).toList();
  }

  @Override
  public MergeSpecification findMerges(CodecReader... readers) throws IOException {
    written = super.findMerges(readers);
    return written;
  }

  @Override
  public MergeSpecification findMerges(
      MergeTrigger trigger, SegmentInfos infos, MergeContext context) throws IOException {
    MergeSpecification small = asked ? super.findMerges(trigger, infos, context) : null;
    found |= small != null;
    return small;
  }

  @Override
  public MergeSpecification findFullFlushMerges(
      MergeTrigger trigger, SegmentInfos infos, MergeContext context) {
    return null;
  }
}
