"""One encode run: one process or several encode the shards that are missing, and the result goes to its place."""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import TypeAlias

from lexlip_lucene.encode.result import Completion, Result
from lexlip_lucene.encode.shard_plan import PlannedShard
from lexlip_lucene.encode.shard_thread import EncodedBatch, ShardThread
from lexlip_lucene.processes import Ranks
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.vectors.manifest import Manifest

Elsewhere: TypeAlias = Callable[[Sequence[PlannedShard], Progress], None]
"""An encoder of shards in other processes, which keeps them in the same result."""


def encode_shards(
    unfinished: Result,
    batches_of: Callable[[Sequence[PlannedShard]], Iterator[EncodedBatch]],
    *,
    label: str,
    resume: bool,
    force: bool,
    ranks: Ranks,
    progress: Progress,
    elsewhere: Elsewhere | None = None,
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
        elsewhere: encodes shards in other processes; None: this one does.

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
    if elsewhere is not None:
        elsewhere(mine, progress)
    else:
        encode_missing(unfinished, mine, batches_of(mine), label, progress if ranks.first else SILENT)
    ranks.wait()
    manifest = unfinished.manifest()
    ranks.wait()  # all have read before the first clears away
    if ranks.first:
        unfinished.finish(manifest)
    return manifest


def encode_missing(
    unfinished: Result,
    plan: Sequence[PlannedShard],
    batches: Iterator[EncodedBatch],
    label: str,
    progress: Progress,
) -> None:
    """Encode the shards of `plan`, whose `batches` these are, and keep them; arguments as in `encode_shards`."""
    counts = [shard.inputs for shard in plan]
    total = sum(count or 0 for count in counts) if None not in counts else None
    with ShardThread(unfinished) as shards:
        for _ in progress.track(_inputs(batches, shards), label, total):
            pass


def _inputs(batches: Iterator[EncodedBatch], shards: ShardThread) -> Iterator[None]:
    """Hand the batches over, and yield once for each input that is done."""
    for batch in batches:
        shards.put(batch)
        yield from repeat(None, batch.inputs)
