package lexlip.build;

import org.apache.lucene.index.FilterMergePolicy;
import org.apache.lucene.index.LogByteSizeMergePolicy;
import org.apache.lucene.index.LogMergePolicy;
import org.apache.lucene.index.MergePolicy;
import org.apache.lucene.index.MergeTrigger;
import org.apache.lucene.index.SegmentInfos;

/**
 * Merges neighbours only, so that documents keep their order, and nothing unless it is asked for: as long as an input
 * is being written its segments must be told from those that were there before.
 */
final class AskedMerges extends FilterMergePolicy {
  private static final int AT_ONCE = 32; // one pass over an index of up to 32 batches

  AskedMerges() {
    super(policy());
  }

  private static MergePolicy policy() {
    LogMergePolicy policy = new LogByteSizeMergePolicy();
    policy.setMergeFactor(AT_ONCE);
    policy.setNoCFSRatio(0);
    return policy;
  }

  @Override
  public MergeSpecification findMerges(MergeTrigger trigger, SegmentInfos infos, MergeContext context)
      throws java.io.IOException {
    return trigger == MergeTrigger.EXPLICIT ? super.findMerges(trigger, infos, context) : null;
  }

  @Override
  public MergeSpecification findFullFlushMerges(MergeTrigger trigger, SegmentInfos infos, MergeContext context) {
    return null;
  }
}
