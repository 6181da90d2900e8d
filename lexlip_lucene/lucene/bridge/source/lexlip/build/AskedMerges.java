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
 * Merges neighbours only, so that documents keep their order, and nothing unless it is asked for.
 * Lucene itself asks at the end of every {@code addIndexes}, with the trigger of an explicit wish,
 * so no trigger says who asks.
 *
 * <p>It also knows the segments that the last {@code addIndexes} wrote, because Lucene has them
 * planned here.
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

  /** Ends what {@link #beginSmall} began; true when there were any to merge. */
  boolean endSmall() {
    asked = false;
    return found;
  }

  /** Names of the segments that the last {@code addIndexes} wrote. */
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
