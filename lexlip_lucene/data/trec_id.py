"""Ids in TREC files: columns are parted by ASCII white space, so an id can't hold any.

ASCII white space in an id is percent-encoded when it is written, and nothing else is: `a b%.jpg` is `a%20b%.jpg`
in a run. Nothing is decoded when a file is read. Ids are compared as files have them, as every other tool does, so
a run agrees with qrels whichever tool wrote them.
"""

import re
from collections.abc import Iterable, Iterator

from lexlip_lucene.errors import InputError

_WHITE = re.compile(r"\s", re.ASCII)
_PARTING = re.compile(r"\s+", re.ASCII)

BYTE_ORDER_MARK = "\ufeff"


def encode_id(name: str) -> str:
    """Return the id as a TREC file has it; InputError if it is empty."""
    if not name:
        raise InputError("an id in a run or in qrels must not be empty")
    return _WHITE.sub(lambda match: f"%{ord(match[0]):02X}", name) if _WHITE.search(name) else name


def columns_of(line: str) -> list[str]:
    """Return the columns of a line; the white space of other scripts belongs to a column, as in trec_eval."""
    stripped = line.strip(" \t\n\v\f\r")
    return _PARTING.split(stripped) if stripped else []


class WrittenIds:
    """The ids of one kind that were written so far, as they were and as the file has them.

    Args:
        kind: of what, for messages ("topic", "document").
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._ids: dict[str, str] = {}

    def written(self, name: str) -> str:
        """Return the written form of an id.

        Raises:
            InputError: it is empty, or another id has the same written form.
        """
        form = encode_id(name)
        other = self._ids.setdefault(form, name)
        if other != name:
            raise InputError(
                f"the {self._kind} ids {other!r} and {name!r} are both written as {form!r}, so they could not be told "
                "apart: rename one"
            )
        return form


def require_distinct_as_written(names: Iterable[str], kind: str) -> None:
    """Raise InputError where two different ids would be written alike, or one is empty; `kind` as in `WrittenIds`."""
    written = WrittenIds(kind)
    for name in names:
        written.written(name)


def utf8_lines(lines: Iterable[str]) -> Iterator[bytes]:
    """Yield the bytes of a file's lines.

    A reader drops a byte-order mark at the start of a file, so a first id that begins with one gets another before it.
    """
    for number, line in enumerate(lines):
        if not number and line.startswith(BYTE_ORDER_MARK):
            line = BYTE_ORDER_MARK + line
        yield line.encode()
