"""PISA as an engine of the bench: MaxScore and BlockMaxWand over compressed postings, in C++ (OSIRRC 2019).

An optional package, `pyterrier-pisa`. Only its native module is loaded, without PyTerrier and its Java, and called as
the package calls it. Impacts stand where frequencies do, and its scorer `quantized` adds them up. A query's token is
repeated as often as its weight says; PISA counts the repetitions again.
"""

import ctypes
import sys
from functools import cache
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csc_array

from lexlip_lucene.errors import SearchError
from lexlip_lucene.experiments.engine.systems.engine import Pass, Queries, Ranking
from lexlip_lucene.experiments.engine.systems.own_symbols import with_own_symbols
from lexlip_lucene.experiments.engine.systems.system import Job, Opened, System
from lexlip_lucene.experiments.engine.systems.token_matrix import token_matrix
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.vectors.vector_matrix import VectorMatrix

ENCODING, SCORER = "block_simdbp", "quantized"
"""The package's own choice of compression, and the scorer that adds impacts up."""

ALGORITHMS = {"pisa, maxscore": "maxscore", "pisa, block-max wand": "block_max_wand"}

_PACKAGE = "pyterrier_pisa"


class Pisa(System):
    """PISA, with one index for both algorithms."""

    name: ClassVar[str] = "pisa"
    module: ClassVar[str | None] = _PACKAGE
    package: ClassVar[str | None] = "pyterrier-pisa"

    def build(self, job: Job, target: Path) -> Path:
        """Build the folder `target`; what is compressed from is not kept."""
        vectors = token_matrix(job.collection, job.progress, "PISA")
        with written_folder(target, force=True) as folder:
            _write_postings(vectors, folder)
            _prepared(folder)
            for part in ("docs", "freqs", "sizes"):
                (folder / f"inv.{part}").unlink()
        return target

    def load(self) -> None:
        """Load the native module."""
        native()

    def open(self, path: Path) -> Opened:
        """Open the index once, for both algorithms."""
        context = _prepared(path)
        exact = {name: PisaEngine(context, algorithm) for name, algorithm in ALGORITHMS.items()}
        return Opened(lambda: None, next(iter(exact.values())), exact)


class PisaEngine:
    """An open index, searched by `algorithm`."""

    def __init__(self, context: Any, algorithm: str) -> None:
        self._context = context
        self._algorithm = algorithm

    def one_by_one(self, queries: Queries, k: int) -> list[Pass]:
        """Return a pass for each query."""
        return [self._pass({qid: vector}, k, 1) for qid, vector in queries.items()]

    def all_at_once(self, queries: Queries, k: int, threads: int) -> Pass:
        """Return a pass that is one call."""
        return self._pass(queries, k, threads)

    def rankings(self, queries: Queries, k: int) -> list[Ranking]:
        """Answer each query by itself."""
        return [_rankings(1, *answer())[0] for answer in self.one_by_one(queries, k)]

    def batch_rankings(self, queries: Queries, k: int, threads: int) -> list[Ranking]:
        """Answer the queries in one call."""
        return _rankings(len(queries), *self._pass(queries, k, threads)())

    def _pass(self, queries: Queries, k: int, threads: int) -> Pass:
        asked = [
            (number, {token: float(weight) for token, weight in vector.items()})
            for number, vector in enumerate(queries.values())
        ]
        retrieve, most = native().retrieve, len(asked) * k

        def answer() -> tuple[Any, Any, Any]:
            docids, scores = np.empty(most, dtype=object), np.empty(most, dtype=np.float32)
            numbers, ranks = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
            found = retrieve(
                self._context, self._algorithm, asked, k=k, threads=threads, pretokenised=1, query_weighted=1,
                result_qidxs=numbers, result_docnos=docids, result_ranks=ranks, result_scores=scores,
            )  # fmt: skip
            return numbers[:found], docids[:found], scores[:found]

        return answer


def _rankings(queries: int, numbers: Any, docids: Any, scores: Any) -> list[Ranking]:
    """Return the rankings of hits, of which `numbers` says the query; those of a query stand together."""
    rows = [numbers == number for number in range(queries)]
    return [Ranking(docids[row].tolist(), np.rint(scores[row]).astype(np.int64).tolist()) for row in rows]


@cache
def native() -> Any:
    """Return the native module of the package, loaded without the package's own Python.

    Raises:
        SearchError: the package has no such file.
    """
    package = find_spec(_PACKAGE)
    homes = package.submodule_search_locations if package else None
    files = sorted(Path(homes[0]).glob("_pisathon.*.so")) if homes else []
    if not files:
        raise SearchError(f"{_PACKAGE} has no file _pisathon.*.so: install pyterrier-pisa again")
    tbb = Path(sys.prefix, "lib", "libtbb.so.2")  # where the distribution `tbb` has it
    ctypes.CDLL(str(tbb) if tbb.is_file() else tbb.name)
    name = f"{_PACKAGE}._pisathon"
    with TemporaryDirectory() as folder:
        copy = Path(folder, files[0].name)
        copy.write_bytes(with_own_symbols(files[0].read_bytes()))
        return module_from_spec(ModuleSpec(name, ExtensionFileLoader(name, str(copy)), origin=str(copy)))


def _prepared(folder: Path) -> Any:
    """Return the open index; what PISA needs beside the postings is made now if it is missing."""
    context = native().RetrievalContext()
    native().prepare_index(context, str(folder), ENCODING, SCORER, "")
    return context


def _write_postings(vectors: VectorMatrix, folder: Path) -> None:
    """Write PISA's uncompressed index: for each token a count and its documents, and so its impacts; and lengths."""
    matrix = csc_array(vectors.matrix)
    begins = np.stack([matrix.indptr[:-1], matrix.indptr[1:]], axis=1).tolist()
    with (folder / "inv.docs").open("wb") as docs, (folder / "inv.freqs").open("wb") as impacts:
        docs.write(_words([1, len(vectors.ids)]))
        for begin, end in begins:
            for file, values in ((docs, matrix.indices), (impacts, matrix.data)):
                file.write(_words([end - begin]))
                file.write(_words(values[begin:end]))
    lengths = vectors.matrix.sum(axis=1)
    (folder / "inv.sizes").write_bytes(_words([len(lengths), *lengths.tolist()]))
    for names, file_name, lexicon in (
        (vectors.ids, "fwd.documents", "fwd.doclex"),
        (vectors.tokens, "fwd.terms", "fwd.termlex"),
    ):
        (folder / file_name).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        native().build_binlex(str(folder / file_name), str(folder / lexicon))


def _words(values: Any) -> bytes:
    return np.asarray(values, dtype="<u4").tobytes()
