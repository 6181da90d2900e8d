"""One line of Anserini's JsonVectorCollection: `{"id": str, "contents": str, "vector": {token: impact}}`.

The same line is a document of a collection and an encoded query. Anserini's own reader cuts fractions, drops
what is ≤ 0 and loses the rest of a file after a broken line, all without a word
(`io.anserini.collection.JsonVectorCollection`); so this reader refuses what that one would lose.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from lexlip_lucene.errors import InputError
from lexlip_lucene.integers import is_integer
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.vectors.lexicon import why_not_indexable
from lexlip_lucene.vectors.positions import POSITIONS

MAX_WEIGHT = 2**24 - 1
"""Above it even a single product is not exact in the float32 that Lucene scores with."""


def format_line(document: Document, positions: str | None = None, keys: Mapping[str, Any] | None = None) -> bytes:
    """Return the line of `document`, with its line feed.

    Args:
        document: the document.
        positions: of its tokens, if they are kept.
        keys: further keys, to be stored or filtered by; those of a name that the line has itself are left out.
    """
    line: dict[str, object] = {"id": document.id, "contents": document.contents, "vector": document.vector}
    if positions is not None:
        line[POSITIONS] = positions
    for key, value in (keys or {}).items():
        if key != POSITIONS:
            line.setdefault(key, value)
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)


def parse_line(line: bytes, where: str) -> Document:
    """Return the document of one line; a weight of 0 is not a posting, so its token is left out.

    Raises:
        InputError: anything that is not such a line; the message begins with `where` (file:line).
    """
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{where}: a line of JSON is needed: {error}") from None
    if not isinstance(record, dict):
        raise InputError(f"{where}: a JSON object is needed, got {type(record).__name__}")
    docid, contents, vector = (record.get(key) for key in ("id", "contents", "vector"))
    if type(docid) is int:
        docid = str(docid)  # as Anserini takes it
    if not isinstance(docid, str) or not docid:
        raise InputError(f'{where}: "id" must be a text that is not empty, or an integer, got {docid!r}')
    if contents is not None and not isinstance(contents, str):
        raise InputError(f'{where}: "contents" of {docid} must be a text, got {contents!r}')
    if not isinstance(vector, dict):
        raise InputError(f'{where}: "vector" of {docid} must be an object token → integer, got {vector!r}')
    weighty = {token: weight for token, weight in vector.items() if type(weight) is not int or weight != 0}
    return Document(docid, contents or "", checked_impacts(weighty, f"{where}: document {docid}"))


def checked_impacts(vector: dict[str, Any], where: str) -> Impacts:
    """Return `vector`, which must be token → integer in 1..2^24−1 with tokens that the index keeps whole.

    Integers of numpy's come back as built-in ones, in a new dict.

    Raises:
        InputError: names `where`, the token, and what is wrong with it.
    """
    if not isinstance(vector, Mapping) or not all(isinstance(token, str) for token in vector):
        raise InputError(f"{where}: a mapping of token → weight is needed, got {str(vector)[:60]}")
    if not all(type(weight) is int for weight in vector.values()):
        vector = {token: int(weight) if is_integer(weight) else weight for token, weight in vector.items()}
    for token, weight in vector.items():
        if type(weight) is not int or not 1 <= weight <= MAX_WEIGHT:
            raise InputError(f"{where}: token {token!r} needs an integer weight in 1..{MAX_WEIGHT}, got {weight!r}")
        if reason := why_not_indexable(token):
            raise InputError(f"{where}: token {token!r} {reason}: Lucene's white-space analysis would break it up")
    return vector
