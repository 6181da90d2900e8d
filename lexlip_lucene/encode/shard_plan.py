"""Shard plan: the inputs of an encode run cut into shards, each encoded whole or not at all.

A shard depends only on the number of the inputs, not on which of them can be read, so a run that resumes after it
was killed, or that several processes share, sees the same batches. 2,500 inputs are 1,024 + 1,024 + 452. An input that
comes in shards is not cut again: one of its shards is one of the plan.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from lexlip_lucene.errors import InputError

SHARD_INPUTS = 1024
"""Inputs a shard: whole batches of any usual size, a minute's work of a slow CPU, few enough for 8 GPUs to share."""


class PlannedShard(NamedTuple):
    """A shard of the plan: the inputs begin to end − 1; of an input shard `end` is None, since nobody has counted."""

    number: int
    begin: int = 0
    end: int | None = None

    @property
    def name(self) -> str:
        """The shard's file name: part-00000.jsonl."""
        return f"part-{self.number:05d}.jsonl"

    @property
    def inputs(self) -> int | None:
        """The number of its inputs; None for an input shard."""
        return None if self.end is None else self.end - self.begin

    def batches(self, size: int) -> list[range]:
        """Return the inputs of each batch; none crosses the border of a shard."""
        assert self.end is not None, "an input shard is read from its beginning to its end"
        return [range(start, min(start + size, self.end)) for start in range(self.begin, self.end, size)]


def plan_shards(inputs: int, *, first: int = 0) -> list[PlannedShard]:
    """Cut `inputs` inputs into shards, which are numbered from `first` on."""
    starts = range(0, inputs, SHARD_INPUTS)
    ends = (min(begin + SHARD_INPUTS, inputs) for begin in starts)
    return [PlannedShard(first + number, *part) for number, part in enumerate(zip(starts, ends, strict=True))]


class Part(NamedTuple):
    """Part `number`, from 0, of `of` parts of a plan, which are encoded by themselves and merged in the end.

    Each has shards that follow each other, so that the parts one after the other are the whole.
    """

    number: int = 0
    of: int = 1

    @classmethod
    def of_text(cls, text: str) -> "Part":
        """Return the part that a text says, 0/8 to 7/8; InputError if it says none."""
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
        part = cls(*map(int, found.groups())) if found else cls(0, 0)
        if not 0 <= part.number < part.of:
            raise InputError(f"--shard must be I/N with I from 0 to N - 1, as 0/8 to 7/8, got {text!r}")
        return part

    def shards(self, plan: Sequence[PlannedShard]) -> Sequence[PlannedShard]:
        """Return the shards of this part; InputError if there are more parts than shards."""
        if self.of > len(plan):
            raise InputError(
                f"--shard {self.number}/{self.of}: N is at most the number of shards of the input, "
                f"which is {len(plan)} here"
            )
        first, end = (number * len(plan) // self.of for number in (self.number, self.number + 1))
        return plan[first:end]


WHOLE = Part()
