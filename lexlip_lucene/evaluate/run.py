"""Runs: the hits of all topics, in TREC's six columns `qid Q0 docid rank score tag`.

    1000268201#0 Q0 3637013_c675de7705 1 12345 lexlip

Impact scores are exact integers and are written as such; others are floats, written so that reading gives the
same float. Ids are encoded as trec_id.py says. A topic without hits leaves no line, so it is gone after reading.
"""

import math
import re
from collections.abc import Iterable
from pathlib import Path

from lexlip_lucene.errors import InputError
from lexlip_lucene.files import written_file
from lexlip_lucene.integers import as_int, is_integer
from lexlip_lucene.lines import read_lines
from lexlip_lucene.records import Hit, Run
from lexlip_lucene.trec_id import decode_id, encode_id

COLUMNS = 6
# 18 digits: every such integer fits 64 bits. Python alone would take "1_000", "nan" and digits of other scripts too.
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def rank_hits(scored: Iterable[tuple[str, int | float]], k: int) -> list[Hit]:
    """The `k` best of (docid, score) pairs, by score and among equals by docid in byte order; ranks from 1.

    Raises:
        InputError: `k` is below 1.
    """
    k = as_int(k, "the number of hits")
    if k < 1:
        raise InputError(f"the number of hits must be at least 1, but it is {k}")
    # Comparing str by code points gives the order of their UTF-8 bytes.
    best = sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k]
    return [Hit(docid, score, rank) for rank, (docid, score) in enumerate(best, start=1)]


def read_run(path: Path) -> Run:
    """Read a run; topics in the order of their first line, hits by rank and among equal ranks by docid.

    Returns:
        An empty run for an empty file. Ranks stay as they are in the file.

    Raises:
        InputError: no such file, or (file:line) not six columns, a rank that is no integer, a score that is no
            finite number, a docid twice in a topic, or a broken encoding.
    """
    run: dict[str, dict[str, Hit]] = {}
    for where, line in read_lines(path, "run"):
        qid, hit = _parsed(line, where)
        hits = run.setdefault(qid, {})
        if hit.docid in hits:
            raise InputError(f"{where}: a document may be once in a topic, but {hit.docid!r} is twice in {qid!r}")
        hits[hit.docid] = hit
    return {qid: sorted(hits.values(), key=lambda hit: (hit.rank, hit.docid)) for qid, hits in run.items()}


def write_run(path: Path, run: Run, *, tag: str = "lexlip", force: bool = False) -> None:
    """Write a run.

    Args:
        path: the file.
        run: its hits are written in their order, with their ranks.
        tag: the name of the system, last column of each line.
        force: overwrite a file that exists.

    Raises:
        InputError: an empty id, or a tag that is empty or has white space.
        OutputError: the file exists and `force` is off, or it can't be written.
    """
    if tag.split() != [tag]:
        raise InputError(f"the tag of a run must be one word, but it is {tag!r}")
    with written_file(path, force=force) as file:
        for qid, hits in run.items():
            topic = encode_id(qid)
            for hit in hits:
                line = f"{topic} Q0 {encode_id(hit.docid)} {hit.rank} {_score_text(hit.score)} {tag}\n"
                file.write(line.encode())


def _parsed(line: str, where: str) -> tuple[str, Hit]:
    columns = line.split()
    if len(columns) != COLUMNS:
        raise InputError(f"{where}: a run has {COLUMNS} columns (qid Q0 docid rank score tag), here are {len(columns)}")
    qid, _, docid, rank, score, _ = columns
    if not _INTEGER.fullmatch(rank):
        raise InputError(f"{where}: the rank must be an integer, but it is {rank!r}")
    return decode_id(qid, where), Hit(decode_id(docid, where), _score(score, where), int(rank))


def _score(text: str, where: str) -> int | float:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(value := float(text)):
        return value
    raise InputError(f"{where}: the score must be a finite number, but it is {text!r}")


def _score_text(score: int | float) -> str:
    return str(score) if is_integer(score) else repr(float(score))
