"""Mixes of vectors: many documents from few that were encoded, each between two of them.

    document = w a + (1 − w) b,   w in 0.3..0.7,   cut to the tokens that a picture keeps, of words and of looks apart

A mix of vectors costs a hundredth of what it takes to encode a mix of places. Its tokens are as frequent as those of
the encoded ones, which is what a search pays for; whether a copy finds its original is measured on the photos.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from lexlip_lucene.experiments.visual.joint_shards import SHARD, JointShard

LEAST, MOST = 0.3, 0.7
"""Share of the first of both."""

SEED = 11


def with_mixes(encoded: list[JointShard], words: int, count: int) -> Iterator[JointShard]:
    """Yield `count` documents: those that were encoded, then mixes of them.

    Args:
        encoded: at least two documents in all.
        words: tokens of the lexicon, which are the first columns.
        count: documents in all.
    """
    begin = 0
    for shard in encoded:
        if begin < count:
            yield shard.first(count - begin)
        begin += len(shard.ids)
    matrix = csr_array(_stacked([shard.matrix for shard in encoded]))
    codes = np.concatenate([shard.vectors for shard in encoded])
    kept = _largest_row(matrix[:, :words]), _largest_row(matrix[:, words:])
    chance = np.random.default_rng(SEED)
    for first in range(begin, count, SHARD):
        number = min(SHARD, count - first)
        one, two = chance.integers(0, matrix.shape[0], (2, number))
        share = chance.uniform(LEAST, MOST, number)
        mixed = csr_array(diags_array(share) @ matrix[one] + diags_array(1 - share) @ matrix[two])
        mixed.sort_indices()  # as an index takes them
        parts = [_heaviest(csr_array(mixed[:, :words]), kept[0]), _heaviest(csr_array(mixed[:, words:]), kept[1])]
        ids = [f"mix{place:07d}" for place in range(first, first + number)]
        yield JointShard(ids, csr_array(_beside(parts)), codes[one])


def _stacked(parts: list[csr_array]) -> csr_array:
    from scipy.sparse import vstack

    return csr_array(vstack(parts, format="csr"))


def _beside(parts: list[csr_array]) -> csr_array:
    from scipy.sparse import hstack

    return csr_array(hstack(parts, format="csr"))


def _largest_row(matrix: csr_array) -> int:
    return int(np.diff(csr_array(matrix).indptr).max(initial=0))


def _heaviest(matrix: csr_array, most: int) -> csr_array:
    """Return the `most` heaviest entries of each row, as integers from 1 on; of equal ones those of smaller columns."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    rank = np.arange(len(order)) - matrix.indptr[rows]  # the order keeps rows together
    chosen = np.sort(order[rank < most])
    impacts: NDArray[np.int32] = np.maximum(1, np.rint(matrix.data[chosen])).astype(np.int32)
    ends = np.concatenate([[0], np.cumsum(np.bincount(rows[chosen], minlength=matrix.shape[0]))])
    return csr_array((impacts, matrix.indices[chosen], ends), shape=matrix.shape)
