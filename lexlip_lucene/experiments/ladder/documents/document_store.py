"""The documents of a ladder as arrays on disk: a rung is the first rows of them.

    ids.json         docids                      texts.json   what BM25 indexes of each
    positions.npy    (documents, tokens) lexicon positions, heaviest first      uint16 or uint32
    weights.npy      (documents, tokens) their weights, 0 for none   float32
    lengths.npy      (documents, cuts) factors of the weights when fewer tokens are kept   float32
    dense.npy        (documents, width) the dense twin's vectors, if the model has one   float32
    patches.npy      (documents, patches, width) the late head's vectors, if planned   float16
    parents.npy      (documents, photos) the photos of a mix, -1 for a photo   int32
    text_positions.npy, text_impacts.npy    (documents, 32) each text's own lexicon vector, if planned
    facts.json       tokens of the lexicon, ceiling, cuts, counts, photos that were left out

A model whose image side has a bank makes up for the weight that a cut removes. So weights at 32 tokens are not just the
first 32 of those at 128: `lengths` has the ratio for each cut.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.vectors.quantise import Quantiser

AT_ONCE = 100_000
"""Rows that are turned into a matrix together."""


@dataclass(frozen=True)
class DocumentStore:
    """An open store; arrays are mapped into memory, not read."""

    folder: Path
    facts: dict[str, Any]
    ids: list[str]
    texts: list[str]
    positions: NDArray[np.unsignedinteger[Any]]
    weights: NDArray[np.float32]
    lengths: NDArray[np.float32]
    dense: NDArray[np.float32] | None
    parents: NDArray[np.int32]
    text_positions: NDArray[np.unsignedinteger[Any]] | None
    text_impacts: NDArray[np.uint8] | None
    patches: NDArray[np.float16] | None = None

    @property
    def tokens(self) -> list[str]:
        """The lexicon's tokens."""
        return list(self.facts["tokens"])

    @property
    def kinds(self) -> dict[str, range]:
        """Kind → its rows: the photos that topics ask for, the photos beside them, and mixes, if any."""
        ends = [0, self.facts["targets"], self.facts["photos"], self.facts["documents"]]
        rows = zip(("targets", "photos", "mixes"), ends, ends[1:], strict=False)
        return {name: range(begin, end) for name, begin, end in rows if end > begin}

    def matrix(self, rows: NDArray[np.int64], *, top_k: int, bits: int) -> Any:
        """Return `rows` as `lexlip encode --top-k --bits` quantises them: scipy CSR (rows, tokens) of int32.

        Raises:
            InputError: `top_k` is not one of the store's cuts.
        """
        from scipy.sparse import csr_array

        quantiser = Quantiser(self.facts["ceiling"], bits=bits, top_k=top_k)
        column = self._cut(top_k)
        begins = range(0, len(rows), AT_ONCE)
        parts = [self._entries(rows[begin : begin + AT_ONCE], top_k, column, quantiser) for begin in begins]
        starts = _starts(np.concatenate([part[0] for part in parts]))
        columns, impacts = (np.concatenate([part[place] for part in parts]) for place in (1, 2))
        return csr_array((impacts, columns, starts), shape=(len(rows), len(self.facts["tokens"])))

    def _entries(
        self, rows: NDArray[np.int64], top_k: int, column: int, quantiser: Quantiser
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        """Return the number of entries a row, then columns and impacts, by row and column."""
        weights = self.weights[rows, :top_k] * self.lengths[rows, column, None]
        impacts = np.where(weights > 0, quantiser.impacts(weights), 0)
        # Column and impact in one integer sort together, a row at a time; empty places come last.
        keys = (self.positions[rows, :top_k].astype(np.int64) << 32) | impacts
        keys[impacts == 0] = np.iinfo(np.int64).max
        keys.sort(axis=1)
        filled = keys != np.iinfo(np.int64).max
        entries = keys[filled]
        return filled.sum(axis=1), (entries >> 32).astype(np.int32), (entries & 0xFFFFFFFF).astype(np.int32)

    def text_matrix(self, rows: NDArray[np.int64]) -> Any:
        """Return the vectors of the texts of `rows`: scipy CSR (rows, tokens) of int32.

        Raises:
            InputError: the store was made without them.
        """
        from scipy.sparse import csr_array

        if self.text_positions is None or self.text_impacts is None:
            raise InputError(f"{self.folder}: its texts were not encoded")
        impacts = self.text_impacts[rows]
        filled = impacts > 0
        columns = self.text_positions[rows][filled].astype(np.int32)
        entries = (impacts[filled].astype(np.int32), columns, _starts(filled.sum(axis=1)))
        matrix = csr_array(entries, shape=(len(rows), len(self.facts["tokens"])))
        matrix.sort_indices()
        return matrix

    def frequencies(self, documents: int, top_k: int) -> NDArray[np.int64]:
        """Return each token's document frequency (tokens,) in the first `documents`, when `top_k` tokens are kept."""
        counts = np.zeros(len(self.facts["tokens"]), dtype=np.int64)
        for begin in range(0, documents, AT_ONCE):
            rows = slice(begin, min(begin + AT_ONCE, documents))
            kept = self.positions[rows, :top_k][self.weights[rows, :top_k] > 0]
            counts += np.bincount(kept, minlength=len(counts))
        return counts

    def _cut(self, top_k: int) -> int:
        cuts = self.facts["cuts"]
        if top_k not in cuts:
            raise InputError(f"{self.folder}: vectors were made for cuts at {cuts}, not at {top_k}")
        return int(cuts.index(top_k))


def read_store(folder: Path) -> DocumentStore:
    """Open the store in `folder`.

    Raises:
        InputError: a file is missing, or they do not belong together.
    """
    try:
        facts = orjson.loads((folder / "facts.json").read_bytes())
        arrays = {name: _mapped(folder / f"{name}.npy") for name in ("positions", "weights", "lengths", "parents")}
        optional = {
            name: _mapped_if_present(folder / f"{name}.npy")
            for name in ("dense", "patches", "text_positions", "text_impacts")
        }
        ids, texts = (orjson.loads((folder / name).read_bytes()) for name in ("ids.json", "texts.json"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: not the documents of a ladder: {error}") from None
    parts = [ids, texts, *arrays.values(), *(array for array in optional.values() if array is not None)]
    sizes = {len(part) for part in parts}
    if sizes != {facts["documents"]}:
        raise InputError(f"{folder}: its files have {sorted(sizes)} documents, not all {facts['documents']}")
    return DocumentStore(folder, facts, ids, texts, **arrays, **optional)


def _starts(counts: NDArray[np.int64]) -> NDArray[np.integer[Any]]:
    """Return the place of each row's first entry among all entries; int32 if that is enough."""
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts.astype(np.int32) if starts[-1] < 2**31 else starts


def _mapped(path: Path) -> Any:
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _mapped_if_present(path: Path) -> Any:
    return _mapped(path) if path.exists() else None
