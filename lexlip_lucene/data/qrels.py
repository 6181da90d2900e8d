"""Qrels: which documents answer which topic, in TREC's four columns `qid 0 docid grade`.

    1000268201#0 0 1000268201 1

A grade from 1 is relevant. Ids are encoded as trec_id.py says.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from lexlip_lucene.errors import InputError
from lexlip_lucene.files import written_file
from lexlip_lucene.lines import read_lines
from lexlip_lucene.records import Qrel
from lexlip_lucene.trec_id import decode_id, encode_id

COLUMNS = 4
_GRADE = re.compile(r"[+-]?[0-9]{1,9}")


def read_qrels(path: Path) -> list[Qrel]:
    """Read judgements in their order.

    Raises:
        InputError: no such file, no line, or (file:line) not four columns, a grade that is no integer, a pair of
            topic and document that was judged before, or a broken encoding.
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
        InputError: an empty id.
        OutputError: the file exists and `force` is off, or it can't be written.
    """
    with written_file(path, force=force) as file:
        for qrel in qrels:
            file.write(f"{encode_id(qrel.qid)} 0 {encode_id(qrel.docid)} {qrel.grade}\n".encode())


def _parsed(line: str, where: str) -> Qrel:
    columns = line.split()
    if len(columns) != COLUMNS:
        raise InputError(f"{where}: qrels have {COLUMNS} columns (qid 0 docid grade), here are {len(columns)}")
    qid, _, docid, grade = columns
    if not _GRADE.fullmatch(grade):
        raise InputError(f"{where}: the grade must be an integer, but it is {grade!r}")
    return Qrel(decode_id(qid, where), decode_id(docid, where), int(grade))
