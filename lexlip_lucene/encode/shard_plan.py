"""Shard plan: the inputs of an encode run cut into shards, each encoded whole or not at all.

A shard depends only on the number of the inputs, not on which of them can be read, so a run that resumes after it
was killed, or that several processes share, sees the same batches. 2,500 inputs are 1,024 + 1,024 + 452.
"""

from typing import NamedTuple

SHARD_INPUTS = 1024
"""Inputs a shard: whole batches of any usual size, a minute's work of a slow CPU, few enough for 8 GPUs to share."""


class PlannedShard(NamedTuple):
    """A shard of the plan: the inputs begin to end − 1."""

    number: int
    begin: int
    end: int

    @property
    def name(self) -> str:
        """The shard's file name: part-00000.jsonl."""
        return f"part-{self.number:05d}.jsonl"

    def batches(self, size: int) -> list[range]:
        """Return the inputs of each batch; none crosses the border of a shard."""
        return [range(start, min(start + size, self.end)) for start in range(self.begin, self.end, size)]


def plan_shards(inputs: int, *, first: int = 0) -> list[PlannedShard]:
    """Cut `inputs` inputs into shards, which are numbered from `first` on."""
    starts = range(0, inputs, SHARD_INPUTS)
    ends = (min(begin + SHARD_INPUTS, inputs) for begin in starts)
    return [PlannedShard(first + number, *part) for number, part in enumerate(zip(starts, ends, strict=True))]
