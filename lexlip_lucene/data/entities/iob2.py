"""Tags of words in IOB2 and the entities that they mean: `B-PER I-PER O` is one entity of type PER over words 0 and 1.

Reading is strict, as seqeval's strict mode is: an entity begins at a `B-` only, and an `I-` that goes on from nothing,
or from another type, is part of none.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

OUTSIDE = "O"

TAG = re.compile(r"O|[BI]-[A-Z][A-Z0-9_]*")


class WordSpan(NamedTuple):
    """An entity over words: from the word `start` up to before the word `end`."""

    start: int
    end: int
    type: str


def spans_of(tags: Sequence[str]) -> list[WordSpan]:
    """Return the entities that IOB2 tags mean, in order."""
    spans: list[WordSpan] = []
    begun: tuple[int, str] | None = None
    for at, tag in enumerate([*tags, OUTSIDE]):
        if begun is not None and tag != f"I-{begun[1]}":
            spans.append(WordSpan(begun[0], at, begun[1]))
            begun = None
        if tag.startswith("B-"):
            begun = at, tag[2:]
    return spans


def tags_of(spans: Sequence[WordSpan], words: int) -> list[str]:
    """Return the IOB2 tags of entities that share no word, over so many words."""
    tags = [OUTSIDE] * words
    for span in spans:
        tags[span.start : span.end] = [f"B-{span.type}", *[f"I-{span.type}"] * (span.end - span.start - 1)]
    return tags


def all_tags(types: Sequence[str]) -> tuple[str, ...]:
    """Return the tags of these types in the order that models number them: O, then B- and I- of each."""
    return (OUTSIDE, *(f"{part}-{type}" for type in types for part in "BI"))
