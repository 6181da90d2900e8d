"""Shards of joint vectors on disk, by which the side with torch hands many documents to the side with Java.

A shard `NUMBER.npz` has the arrays of a CSR matrix (documents, tokens) of impacts, `numbers` (postings) int32 and
`impacts` (postings) int32 with `ends` (documents + 1) int64, and `vectors` (documents, 2 + width) uint8 of the whole
pictures (`dense_pictures.py`). `tokens.json` has the tokens, those of the lexicon first; `ids.json` the ids of the
photos, which are the first documents. All others are mixes, and named by their number.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lexlip_lucene.records import Impacts
from lexlip_lucene.words.visual_words import is_visual_word

SHARD = 8192
"""Documents of a shard."""


class JointShard(NamedTuple):
    """Some documents: ids, impacts (documents, tokens) as CSR int32, and whole-picture codes as bytes."""

    ids: list[str]
    matrix: csr_array
    vectors: NDArray[np.uint8]

    def first(self, count: int) -> "JointShard":
        """Return the first `count` documents."""
        return JointShard(self.ids[:count], self.matrix[:count], self.vectors[:count])

    def words_only(self, words: int) -> csr_array:
        """Return the impacts of the first `words` tokens, those of the lexicon."""
        return csr_array(self.matrix[:, :words])


def write_tokens(folder: Path, tokens: Sequence[str], ids: Sequence[str]) -> None:
    """Write the tokens of the columns and the ids of the photos."""
    (folder / "tokens.json").write_bytes(orjson.dumps(list(tokens)))
    (folder / "ids.json").write_bytes(orjson.dumps(list(ids)))


def write_shard(
    folder: Path, number: int, vectors: Sequence[Impacts], tokens: Sequence[str], codes: NDArray[np.uint8]
) -> None:
    """Write one shard; `codes` are those of the whole pictures."""
    columns = {token: column for column, token in enumerate(tokens)}
    rows = [sorted((columns[token], impact) for token, impact in vector.items()) for vector in vectors]
    ends = np.cumsum([0, *(len(row) for row in rows)], dtype=np.int64)
    flat = np.array([entry for row in rows for entry in row], dtype=np.int32).reshape(-1, 2)
    with (folder / f"{number:05d}.npz").open("wb") as file:
        np.savez(file, ends=ends, numbers=flat[:, 0], impacts=flat[:, 1], vectors=codes)


def read_tokens(folder: Path) -> tuple[list[str], int]:
    """Return the tokens, and how many of them are words of the lexicon."""
    tokens: list[str] = orjson.loads((folder / "tokens.json").read_bytes())
    return tokens, sum(not is_visual_word(token) for token in tokens)


def read_shards(folder: Path) -> Iterator[JointShard]:
    """Yield all documents, shard by shard."""
    photos: list[str] = orjson.loads((folder / "ids.json").read_bytes())
    width, begin = len(read_tokens(folder)[0]), 0
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as kept:
            matrix = csr_array((kept["impacts"], kept["numbers"], kept["ends"]), shape=(len(kept["ends"]) - 1, width))
            vectors = kept["vectors"]
        ids = [photos[n] if n < len(photos) else f"mix{n:07d}" for n in range(begin, begin + len(vectors))]
        begin += len(ids)
        yield JointShard(ids, matrix, vectors)
