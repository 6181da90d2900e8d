"""Ids in TREC files: columns are parted by white space, so an id can't hold any.

White space and `%` are percent-encoded there (the bytes of their UTF-8) and nowhere else: `a b%.jpg` is
`a%20b%25.jpg` in a run, and U+3000 is `%E3%80%80`. White space is what `str.isspace` says.
"""

import re
from urllib.parse import quote_from_bytes, unquote

from lexlip_lucene.errors import InputError

# U+FEFF is no white space, but at the start of a file it would be taken for a byte-order mark.
_TO_ENCODE = re.compile("[\\s%\ufeff]")
_BARE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


def encode_id(name: str) -> str:
    """The id as it stands in a TREC file; InputError when it is empty."""
    if not name:
        raise InputError("an id in a run or in qrels must not be empty")
    return _TO_ENCODE.sub(lambda match: quote_from_bytes(match[0].encode()), name)


def decode_id(column: str, where: str) -> str:
    """The id that a column of a TREC file stands for; InputError that names `where` for a broken encoding."""
    if _BARE_PERCENT.search(column):
        raise InputError(f"{where}: '%' in an id must be written as %25, but there is {column!r}")
    try:
        return unquote(column, errors="strict")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: percent-encoded bytes in an id must be UTF-8, but there is {column!r}") from error
