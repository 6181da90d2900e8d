"""Qrels: which documents answer which topic, in TREC's four columns `qid 0 docid grade`.

    1000268201#0 0 1000268201 1

A grade from 1 is relevant. Ids are written and compared as trec_id.py says.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from lexlip_lucene.data.trec_id import WrittenIds, columns_of, utf8_lines
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import read_lines
from lexlip_lucene.files.written import written_file
from lexlip_lucene.records import Qrel

COLUMNS = 4
_GRADE = re.compile(r"[+-]?[0-9]{1,9}")


def read_qrels(path: Path) -> list[Qrel]:
    """Read judgements in their order.

    Raises:
        InputError: no such file, no line, or (file:line) not four columns, a grade that is not an integer, or a pair of
            topic and document that was judged before.
    """
    where_of: dict[tuple[str, str], str] = {}
    qrels = []
    for where, line in read_lines(path, "qrels"):
        qrel = _parsed(line, where)
        if earlier := where_of.get((qrel.qid, qrel.docid)):
            raise InputError(f"{where}: {qrel.docid!r} is judged for {qrel.qid!r} already at {earlier}")
        where_of[qrel.qid, qrel.docid] = where
        qrels.append(qrel)
    if not qrels:
        raise InputError(f"qrels: no judgement in {path}")
    return qrels


def write_qrels(path: Path, qrels: Iterable[Qrel], *, force: bool = False) -> None:
    """Write judgements in their order.

    Raises:
        InputError: an empty id, or two of one kind that are written alike.
        OutputError: the file exists and `force` is off, or it can't be written.
    """
    topics, documents = WrittenIds("topic"), WrittenIds("document")
    lines = (f"{topics.written(qid)} 0 {documents.written(docid)} {grade}\n" for qid, docid, grade in qrels)
    with written_file(path, force=force) as file:
        file.writelines(utf8_lines(lines))


def _parsed(line: str, where: str) -> Qrel:
    columns = columns_of(line)
    if len(columns) != COLUMNS:
        raise InputError(f"{where}: qrels have {COLUMNS} columns (qid 0 docid grade), here are {len(columns)}")
    qid, _, docid, grade = columns
    if not _GRADE.fullmatch(grade):
        raise InputError(f"{where}: the grade must be an integer, but it is {grade!r}")
    return Qrel(qid, docid, int(grade))
