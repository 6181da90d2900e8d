"""Sparse matrices as documents: what may go into an index from memory, and in which pieces it crosses into Java."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from lexlip_lucene.errors import InputError
from lexlip_lucene.lucene.index.writer import Packed, packed
from lexlip_lucene.vectors.json_vector import MAX_WEIGHT
from lexlip_lucene.vectors.lexicon import why_not_indexable

_ENTRIES_AT_ONCE = 4_000_000
"""32 MB cross into Java at a time."""

_ROWS_AT_ONCE = 1_000_000
"""Empty rows have ids, too."""

_MAX_ID_BYTES = 32766
"""Lucene's limit of a term."""


class Piece(NamedTuple):
    """Some rows: ids, then as int32 the number of entries of each row, and column and impact of each entry."""

    ids: Packed
    sizes: bytes
    columns: bytes
    impacts: bytes


def pieces(ids: Sequence[str], matrix: Any) -> Iterator[Piece]:
    """Yield the rows of a checked CSR matrix in pieces of at most four million entries (or one row)."""
    starts = np.asarray(matrix.indptr, dtype=np.int64)
    row = 0
    while row < len(ids):
        limit = np.searchsorted(starts, starts[row] + _ENTRIES_AT_ONCE, side="right") - 1
        stop = min(max(int(limit), row + 1), row + _ROWS_AT_ONCE, len(ids))
        entries = slice(starts[row], starts[stop])
        yield Piece(
            packed(ids[row:stop]),
            np.diff(starts[row : stop + 1]).astype("<i4").tobytes(),
            matrix.indices[entries].astype("<i4").tobytes(),
            matrix.data[entries].astype("<i4").tobytes(),
        )
        row = stop


def require_rows(ids: Sequence[str], matrix: Any, tokens: Sequence[str]) -> None:
    """Raise InputError unless `matrix` is a canonical CSR matrix of impacts, and ids and tokens can be indexed."""
    if not issparse(matrix) or matrix.format != "csr" or matrix.ndim != 2:
        raise InputError(f"a CSR matrix of impacts is needed, got {type(matrix).__name__}")
    if matrix.shape != (len(ids), len(tokens)):
        raise InputError(
            f"the matrix must have a row for each id and a column for each token, {(len(ids), len(tokens))}, "
            f"got {tuple(matrix.shape)}"
        )
    if not np.issubdtype(matrix.dtype, np.integer):
        raise InputError(f"impacts must be integers, got a matrix of {matrix.dtype}: quantise the weights first")
    if not matrix.has_canonical_format:
        raise InputError("the matrix must have sorted columns, each once a row: call its sum_duplicates() first")
    if matrix.nnz and not (matrix.data.min() >= 1 and matrix.data.max() <= MAX_WEIGHT):
        where = int(np.argmax((matrix.data < 1) | (matrix.data > MAX_WEIGHT)))
        row = int(np.searchsorted(matrix.indptr, where, side="right")) - 1
        raise InputError(
            f"document {ids[row]}: token {tokens[matrix.indices[where]]!r} needs an integer weight in 1..{MAX_WEIGHT}, "
            f"got {matrix.data[where]}"
        )
    _require_tokens(tokens)
    _require_ids(ids)


def _require_tokens(tokens: Sequence[str]) -> None:
    if len(set(tokens)) != len(tokens):
        repeated = next(token for place, token in enumerate(tokens) if token in tokens[:place])
        raise InputError(f"tokens must differ, got {repeated!r} twice")
    for token in tokens:
        if reason := why_not_indexable(token):
            raise InputError(f"token {token!r} {reason}: Lucene's white-space analysis would break it up")
        _require_unicode(token)


def _require_ids(ids: Sequence[str]) -> None:
    for docid in ids:
        if not isinstance(docid, str) or not docid:
            raise InputError(f"an id must be a text that is not empty, got {docid!r}")
        if _require_unicode(docid) > _MAX_ID_BYTES:
            raise InputError(f"an id must have at most {_MAX_ID_BYTES} bytes in UTF-8, got {docid[:40]!r}…")


def _require_unicode(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise InputError(f"{text!r} is not valid Unicode ({error.reason}): leave it out") from None
