"""Runs: the hits of all topics, in TREC's six columns `qid Q0 docid rank score tag`.

    1000268201#0 Q0 3637013_c675de7705 1 12345 lexlip

Impact scores are exact integers and are written as such; others are floats, written so that reading gives the
same float. Ids are written and compared as trec_id.py says. A topic without hits leaves no line, so it is gone after
reading. The order of hits is that of their scores, as for trec_eval; ranks only decide between equal scores, since some
tools write the same rank on every line.
"""

import math
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from lexlip_lucene.data.trec_id import WrittenIds, columns_of, utf8_lines
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import read_lines
from lexlip_lucene.files.written import written_file
from lexlip_lucene.integers import as_int, is_integer
from lexlip_lucene.records import Hit, Run

COLUMNS = 6
# Python's own int() and float() would take "1_000", "nan" and digits of other scripts, too.
_INTEGER = re.compile(r"[+-]?[0-9]{1,100}")
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def rank_hits(scored: Iterable[tuple[str, int | float]], k: int) -> list[Hit]:
    """Return the `k` best of (docid, score) pairs, by score and among equals by docid in byte order; ranks from 1.

    Raises:
        InputError: `k` is below 1.
    """
    k = as_int(k, "the number of hits")
    if k < 1:
        raise InputError(f"the number of hits must be at least 1, but it is {k}")
    # Comparing str by code points gives the order of their UTF-8 bytes.
    best = sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k]
    return [Hit(docid, score, rank) for rank, (docid, score) in enumerate(best, start=1)]


def best_first(hits: Iterable[Hit]) -> list[Hit]:
    """Return hits by score; of equal scores the better rank comes first, then the smaller docid in byte order."""
    return sorted(hits, key=lambda hit: (-hit.score, hit.rank, hit.docid))


def read_run(path: Path) -> Run:
    """Read a run; topics in the order of their first line, their hits as `best_first` has them.

    Returns:
        An empty run for an empty file. Ranks stay as they are in the file.

    Raises:
        InputError: no such file, or (file:line) not six columns, a rank that is not an integer, a score that is not a
            finite number, or a docid twice in a topic.
    """
    run: dict[str, dict[str, Hit]] = {}
    for where, line in read_lines(path, "run"):
        qid, hit = _parsed(line, where)
        hits = run.setdefault(qid, {})
        if hit.docid in hits:
            raise InputError(f"{where}: a document may be once in a topic, but {hit.docid!r} is twice in {qid!r}")
        hits[hit.docid] = hit
    return {qid: best_first(hits.values()) for qid, hits in run.items()}


def run_remarks(run: Run) -> list[str]:
    """Return what is odd about the scores and ranks of a run that was read, a line each; none for most runs."""
    level = sum(len(hits) > 1 and hits[0].score == hits[-1].score for hits in run.values())
    against = sum(any(a.rank > b.rank for a, b in pairwise(hits)) for hits in run.values())
    remarks = []
    if level:
        remarks.append(f"all scores are equal in {level} of {len(run)} topics, so the ranks decide there")
    if against:
        remarks.append(f"ranks contradict the scores in {against} of {len(run)} topics; the scores decide")
    return remarks


def write_run(path: Path, run: Run, *, tag: str = "lexlip", force: bool = False) -> None:
    """Write a run.

    Args:
        path: the file.
        run: its hits are written in their order, with their ranks.
        tag: the name of the system, last column of each line.
        force: overwrite a file that exists.

    Raises:
        InputError: an empty id, two of one kind that are written alike, or a tag that is empty or has white space.
        OutputError: the file exists and `force` is off, or it can't be written.
    """
    if columns_of(tag) != [tag]:
        raise InputError(f"the tag of a run must be one word, but it is {tag!r}")
    with written_file(path, force=force) as file:
        file.writelines(utf8_lines(_lines(run, tag)))


def _lines(run: Run, tag: str) -> Iterator[str]:
    topics, documents = WrittenIds("topic"), WrittenIds("document")
    for qid, hits in run.items():
        topic = topics.written(qid)
        for hit in hits:
            yield f"{topic} Q0 {documents.written(hit.docid)} {hit.rank} {_score_text(hit.score)} {tag}\n"


def _parsed(line: str, where: str) -> tuple[str, Hit]:
    columns = columns_of(line)
    if len(columns) != COLUMNS:
        raise InputError(f"{where}: a run has {COLUMNS} columns (qid Q0 docid rank score tag), here are {len(columns)}")
    qid, _, docid, rank, score, _ = columns
    if not _INTEGER.fullmatch(rank):
        raise InputError(f"{where}: the rank must be an integer, but it is {rank!r}")
    return qid, Hit(docid, _score(score, where), int(rank))


def _score(text: str, where: str) -> int | float:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(value := float(text)):
        return value
    raise InputError(f"{where}: the score must be a finite number, but it is {text!r}")


def _score_text(score: int | float) -> str:
    return str(score) if is_integer(score) else repr(float(score))
