"""Scores of pairs (`.jsonl`): how probably each caption of each image is about it, as `lexlip match` writes them.

    {"id": "1000268201", "caption": 0, "score": 3.21, "p": 0.987}

`caption` is the caption's number among the image's own, from 0; `score` is larger for a better match, `p` is in 0..1.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import read_json_lines, text_at


class PairScore(NamedTuple):
    """The score of a pair, and its probability in 0..1."""

    score: float
    p: float


PairScores = Mapping[tuple[str, int], PairScore]
"""(id of the image, number of the caption) → score."""


def read_pair_scores(path: Path) -> dict[tuple[str, int], PairScore]:
    """Read every line.

    Raises:
        InputError: no such file, a broken line, a key that is missing or out of range, or a pair that stands twice
            (file:line).
    """
    found: dict[tuple[str, int], PairScore] = {}
    for where, record in read_json_lines(path, "file of pairs"):
        pair = (text_at(record, "id", where), _caption_at(record, where))
        if pair in found:
            raise InputError(f"{where}: caption {pair[1]} of image {pair[0]!r} has a line already: leave one out")
        p = _number_at(record, "p", where)
        if not 0 <= p <= 1:
            raise InputError(f'{where}: "p" must be a probability in 0..1, got {p:g}')
        found[pair] = PairScore(_number_at(record, "score", where), p)
    return found


def write_pair_scores(file: IO[bytes], pairs: Iterable[tuple[str, int, PairScore]]) -> int:
    """Write (id, number of the caption, score) as lines; return how many."""
    count = 0
    for docid, caption, found in pairs:
        count += 1
        record = {"id": docid, "caption": caption, "score": round(found.score, 5), "p": round(found.p, 6)}
        file.write(orjson.dumps(record) + b"\n")
    return count


def _caption_at(record: dict[str, Any], where: str) -> int:
    value = record.get("caption")
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(f'{where}: "caption" must be the number of a caption, 0 or more, got {value!r}')
    return value


def _number_at(record: dict[str, Any], key: str, where: str) -> float:
    value = record.get(key)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise InputError(f'{where}: "{key}" must be a number, got {value!r}')
    return float(value)
