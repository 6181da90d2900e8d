"""SINDI as an engine of the bench: VSAG's inverted index of windows, added up with SIMD, in C++ (arXiv 2509.08395).

An optional package, `pyvsag`. Nothing is pruned and no value is rounded, so it is exact: scores are sums of float32,
in which integers below 2^24 are exact. Its documents have numbers for ids, and a pass leaves it at the numbers.

Where fewer than k documents match, its Python fills the answer up with whatever is in memory, and does not say how many
hits there are. So when answers are compared, matching documents are counted in a file of postings beside its index.
"""

import ctypes
from functools import cache, cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.sparse import csc_array

from lexlip_lucene.experiments.engine.systems.engine import Pass, Queries, Ranking
from lexlip_lucene.experiments.engine.systems.own_symbols import load_with_own_symbols
from lexlip_lucene.experiments.engine.systems.system import Job, Opened, System
from lexlip_lucene.experiments.engine.systems.token_matrix import token_matrix
from lexlip_lucene.files.written import written_folder, written_path
from lexlip_lucene.records import Impacts

WINDOW = 60_000
"""Documents of a window, the most that it takes."""

INDEX_FILE, NAMES_FILE = "index.sindi", "names.json"


class _Bags(NamedTuple):
    """Queries as rows: where each begins (queries + 1,), tokens' numbers and weights."""

    begins: NDArray[np.uint32]
    tokens: NDArray[np.uint32]
    weights: NDArray[np.float32]


class Sindi(System):
    """SINDI, unpruned."""

    name: ClassVar[str] = "sindi"
    module: ClassVar[str | None] = "pyvsag"
    package: ClassVar[str | None] = "pyvsag"

    def build(self, job: Job, target: Path) -> Path:
        """Build the folder `target`: the index, and the names of its numbers."""
        ids, matrix, tokens = token_matrix(job.collection, job.progress, "SINDI")
        index = _index(len(tokens))
        index.build(
            index_pointers=matrix.indptr.astype(np.uint32),
            indices=matrix.indices.astype(np.uint32),
            values=matrix.data.astype(np.float32),
            ids=np.arange(len(ids), dtype=np.int64),
        )
        with written_folder(target, force=True) as folder:
            index.save(str(folder / INDEX_FILE))
            (folder / NAMES_FILE).write_bytes(orjson.dumps({"ids": ids, "tokens": tokens}))
        postings = csc_array(matrix)
        with written_path(_postings_path(target)) as path, path.open("wb") as file:
            np.savez(file, ends=postings.indptr, documents=postings.indices)
        return target

    def load(self) -> None:
        """Load the package."""
        library()

    def open(self, path: Path) -> Opened:
        """Open the index."""
        engine = SindiEngine(path)
        return Opened(lambda: None, engine, {self.name: engine})


class SindiEngine:
    """An open index in the folder `path`."""

    def __init__(self, path: Path) -> None:
        names = orjson.loads((path / NAMES_FILE).read_bytes())
        self._ids: list[str] = names["ids"]
        self._numbers = {token: number for number, token in enumerate(names["tokens"])}
        self._postings_path = _postings_path(path)
        self._index = _index(len(self._numbers))
        self._index.load(str(path / INDEX_FILE))

    def one_by_one(self, queries: Queries, k: int) -> list[Pass]:
        """Return a pass for each query; its arrays are made beforehand."""
        return [self._pass({qid: vector}, k) for qid, vector in queries.items()]

    def all_at_once(self, queries: Queries, k: int, threads: int) -> Pass:
        """Return a pass that is one call with all queries; how many threads it takes is its own choice."""
        return self._pass(queries, k)

    def rankings(self, queries: Queries, k: int) -> list[Ranking]:
        """Answer each query by itself."""
        return [self.batch_rankings({qid: vector}, k, 1)[0] for qid, vector in queries.items()]

    def batch_rankings(self, queries: Queries, k: int, threads: int) -> list[Ranking]:
        """Answer the queries in one call."""
        numbers, distances = self._pass(queries, k)()  # (queries, k); a distance is 1 − score
        hits = [self._matches(vector, k) for vector in queries.values()]
        return [
            Ranking([self._ids[number] for number in row[:count]], [round(1.0 - far) for far in fars[:count].tolist()])
            for row, fars, count in zip(numbers, distances, hits, strict=True)
        ]

    def _pass(self, queries: Queries, k: int) -> Pass:
        bags = self._bags(queries)
        wanted = min(k, len(self._ids))
        settings = {"query_prune_ratio": 0.0, "term_prune_ratio": 0.0, "n_candidate": wanted}
        parameters = orjson.dumps({"sindi": settings}).decode()
        return lambda: self._index.knn_search(*bags, wanted, parameters)

    def _bags(self, queries: Queries) -> _Bags:
        known = [
            {self._numbers[token]: weight for token, weight in vector.items() if token in self._numbers}
            for vector in queries.values()
        ]
        return _Bags(
            np.cumsum([0, *map(len, known)]).astype(np.uint32),
            np.array([number for vector in known for number in vector], dtype=np.uint32),
            np.array([weight for vector in known for weight in vector.values()], dtype=np.float32),
        )

    @cached_property
    def _postings(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Offsets (tokens + 1,) of each token's documents, and the documents, token after token."""
        with np.load(self._postings_path, allow_pickle=False) as file:
            return file["ends"], file["documents"]

    def _matches(self, vector: Impacts, most: int) -> int:
        """Count the documents that have a token of `vector`, up to `most`."""
        ends, documents = self._postings
        numbers = [self._numbers[token] for token in vector if token in self._numbers]
        if any(ends[number + 1] - ends[number] >= most for number in numbers):
            return most
        found = [documents[ends[number] : ends[number + 1]] for number in numbers]
        return min(most, len(np.unique(np.concatenate(found)))) if found else 0


def _postings_path(index: Path) -> Path:
    return index.with_name(f"{index.name}-postings.npz")


@cache
def library() -> Any:
    """Return the package; its native libraries are loaded so that they share no symbol with others."""
    package = find_spec("pyvsag")
    for home in (package.submodule_search_locations or ()) if package else ():
        # Wheels have the libraries that they need there; libquadmath comes before libgfortran, VSAG's own last.
        needed = sorted(Path(home).with_name("pyvsag.libs").glob("*.so*"), reverse=True)
        for each in sorted(needed, key=lambda path: path.name.startswith("libvsag")):
            load_with_own_symbols(each) if each.name.startswith("libvsag") else ctypes.CDLL(str(each))
    module = import_module("pyvsag")
    module.set_logger_off()
    return module


def _index(tokens: int) -> Any:
    settings = {"use_reorder": False, "doc_prune_ratio": 0.0, "window_size": WINDOW, "term_id_limit": tokens + 1}
    parameters = {"dtype": "sparse", "metric_type": "ip", "dim": tokens + 1, "index_param": settings}
    return library().Index("sindi", orjson.dumps(parameters).decode())
