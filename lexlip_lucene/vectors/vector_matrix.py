"""Many vectors as one sparse matrix: rows are documents or queries, columns are tokens.

VectorMatrix(["q1", "q2"], csr_matrix([[3, 2], [0, 1]]), ["red", "cat"])   is   {"red": 3, "cat": 2} and {"cat": 1}
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.json_vector import MAX_WEIGHT
from lexlip_lucene.vectors.lexicon import why_not_indexable


class VectorMatrix(NamedTuple):
    """`matrix` (ids, tokens) is a scipy CSR matrix or array of integers; a zero is not an entry."""

    ids: Sequence[str]
    matrix: Any
    tokens: Sequence[str]


def matrix_of(vectors: Sequence[Document], columns: Mapping[str, int]) -> Any:
    """Return the vectors as a scipy CSR array (vectors, columns) of int64; tokens that are no column are left out."""
    from scipy.sparse import csr_array

    entries = [
        (row, columns[token], impact)
        for row, document in enumerate(vectors)
        for token, impact in document.vector.items()
        if token in columns
    ]
    flat = np.array(entries, dtype=np.int64).reshape(-1, 3)
    return csr_array((flat[:, 2], (flat[:, 0], flat[:, 1])), shape=(len(vectors), len(columns)))


def checked_matrix(vectors: VectorMatrix, what: str) -> VectorMatrix:
    """Return `vectors` without zeros, with the columns of each row ascending; the input is not changed.

    Raises:
        InputError: names `what` and the row when shapes do not agree, an entry is not an integer in 1..2^24−1 or is
            repeated, an id or token occurs twice, or a token is not one that the index keeps whole.
    """
    from scipy.sparse import csr_array, issparse

    if not issparse(vectors.matrix) or vectors.matrix.format != "csr":
        raise InputError(f"{what}: a scipy CSR matrix is needed, got {type(vectors.matrix).__name__}")
    expected = (len(vectors.ids), len(vectors.tokens))
    if vectors.matrix.shape != expected:
        raise InputError(f"{what}: the matrix must be (ids, tokens) = {expected}, got {vectors.matrix.shape}")
    if vectors.matrix.dtype.kind not in "iu":
        raise InputError(f"{what}: the matrix must be of integers, got {vectors.matrix.dtype}: quantise it first")
    _require_distinct(vectors.ids, f"{what}: id")
    _require_distinct(vectors.tokens, f"{what}: token")
    matrix = csr_array(vectors.matrix, copy=True)
    entries = matrix.nnz
    matrix.sum_duplicates()
    if matrix.nnz != entries:
        raise InputError(f"{what}: the matrix has an entry twice: call its sum_duplicates() if they are to be added")
    matrix.eliminate_zeros()
    _require_weights(matrix, vectors, what)
    return VectorMatrix(vectors.ids, matrix, vectors.tokens)


def _require_weights(matrix: Any, vectors: VectorMatrix, what: str) -> None:
    wrong = np.flatnonzero((matrix.data < 1) | (matrix.data > MAX_WEIGHT))
    if len(wrong):
        row = int(np.searchsorted(matrix.indptr, wrong[0], side="right")) - 1
        token = vectors.tokens[matrix.indices[wrong[0]]]
        raise InputError(
            f"{what} {vectors.ids[row]}: token {token!r} needs an integer weight in 1..{MAX_WEIGHT}, "
            f"got {matrix.data[wrong[0]]}"
        )
    for column in np.unique(matrix.indices):
        if reason := why_not_indexable(vectors.tokens[column]):
            raise InputError(f"{what}: token {vectors.tokens[column]!r} {reason}")


def _require_distinct(names: Sequence[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if not isinstance(name, str) or not name:
            raise InputError(f"{what} must be a text that is not empty, got {name!r}")
        if name in seen:
            raise InputError(f"{what} {name!r} occurs twice")
        seen.add(name)
