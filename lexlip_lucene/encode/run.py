"""One encode run: one process or several encode the shards that are missing, and the result goes to its place."""

from collections.abc import Callable, Iterator, Sequence

from lexlip_lucene.encode.shard_plan import PlannedShard
from lexlip_lucene.encode.shard_thread import EncodedBatch, ShardThread
from lexlip_lucene.encode.unfinished import Completion, Unfinished
from lexlip_lucene.processes import Ranks
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.vectors.manifest import Manifest


def encode_shards(
    unfinished: Unfinished,
    batches_of: Callable[[Sequence[PlannedShard]], Iterator[EncodedBatch]],
    *,
    label: str,
    resume: bool,
    force: bool,
    ranks: Ranks,
    progress: Progress,
) -> Manifest:
    """Encode the shards that are missing, and return the manifest of the whole.

    Args:
        unfinished: the run on disk; processes that share it give the same.
        batches_of: encodes plan, batch by batch, in order.
        label: of the progress line.
        resume: keep what an earlier run of the same has done.
        force: replace a result that exists.
        ranks: the processes that share the work, shard by shard; the first speaks for all.
        progress: receives the inputs done of this process's share.

    Raises:
        InputError: not one input could be read, or `resume` finds another run.
        OutputError: the result exists and `force` is off, or can't be written.
    """
    completion = unfinished.completion(resume=resume, force=force)
    ranks.wait()  # all have read before anything changes
    if ranks.first and completion is Completion.WHOLE:
        unfinished.clear()
    if ranks.first and completion is Completion.NONE:
        unfinished.begin()
    ranks.wait()
    if completion is Completion.WHOLE:
        return unfinished.whole_manifest()
    mine = [shard for shard in unfinished.plan[ranks.rank :: ranks.world] if unfinished.done(shard) is None]
    _encode(unfinished, mine, batches_of(mine), label, progress if ranks.first else SILENT)
    ranks.wait()
    manifest = unfinished.manifest()
    ranks.wait()  # all have read before the first clears away
    if ranks.first:
        unfinished.finish(manifest)
    return manifest


def _encode(
    unfinished: Unfinished,
    plan: Sequence[PlannedShard],
    batches: Iterator[EncodedBatch],
    label: str,
    progress: Progress,
) -> None:
    inputs = sum(shard.end - shard.begin for shard in plan)
    done = iter(progress.track(range(inputs), label, inputs))
    with ShardThread(unfinished) as shards:
        for batch in batches:
            for _ in range(len(batch.names) + len(batch.rejected)):
                next(done)
            shards.put(batch)
    next(done, None)  # lets the progress line say that all are done
