"""Seismic on the vectors of LexLIP's first operating point (Bruch et al., SIGIR 2024).

Seismic is optional: `pip install 'lexlip-lucene[bench]'`.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from lexlip_lucene.experiments.engine.machine import package_version
from lexlip_lucene.experiments.engine.quiet import stdout_to_stderr
from lexlip_lucene.experiments.engine.systems.seismic import (
    POSTINGS,
    SUMMARY_ENERGY,
    SeismicEngine,
    SeismicPoint,
    open_seismic,
    query_arrays,
)
from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.kind import SystemKind
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import Answer, Built, Form, OwnIndex, System
from lexlip_lucene.files.written import bytes_below, written_folder
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import OURS, LadderRecipe, PointSpec, SeismicSpec

SEISMIC = "Seismic"


@dataclass(frozen=True)
class SeismicSystem(OwnIndex):
    """Seismic at the recipe's setting."""

    point: PointSpec
    setting: SeismicSpec
    name: str = SEISMIC
    asks: Form = "lexicon"
    source: str = OURS

    @property
    def built_by(self) -> str:
        """Seismic."""
        return f"seismic {package_version('pyseismic-lsr')}"

    def build(self, rung: Rung, folder: Path, threads: int, progress: Progress) -> Built:
        """Build from vectors in memory; its seconds include handing them over."""
        from seismic import SeismicDataset, SeismicIndex, get_seismic_string

        matrix = rung.store.matrix(rung.order, top_k=self.point.top_k, bits=self.point.bits)
        names = np.array(rung.store.tokens, dtype=get_seismic_string())
        begun = time.monotonic()
        dataset = SeismicDataset()
        for row, docid in enumerate(progress.track(rung.docids, "vectors for Seismic", rung.documents)):
            entries = slice(matrix.indptr[row], matrix.indptr[row + 1])
            dataset.add_document(docid, names[matrix.indices[entries]], matrix.data[entries].astype(np.float32))
        # It prints its stages on stdout, where results belong.
        with stdout_to_stderr(), written_folder(folder, force=True) as partial:
            index = SeismicIndex.build_from_dataset(
                dataset, n_postings=POSTINGS, summary_energy=SUMMARY_ENERGY, num_threads=threads
            )
            index.save(str(partial / "vectors"))
        return Built(time.monotonic() - begun, bytes_below(folder))

    def open(self, folder: Path, queries: Queries) -> "_OpenSeismic":
        """Read the index into memory."""
        point = SeismicPoint(self.setting.query_cut, self.setting.heap_factor)
        return _OpenSeismic(open_seismic(folder / "vectors.index.seismic"), point, queries)


class _OpenSeismic:
    """An open index. Its values are half-precision floats, so its scores are only near the exact ones."""

    def __init__(self, index: Any, point: SeismicPoint, queries: Queries) -> None:
        self._index, self._point, self._queries = index, point, queries
        self._arrays = [query_arrays(vector) for vector in queries.impacts]

    def one(self, query: int, k: int) -> Answer:
        hits = self._index.search("", *self._arrays[query], k, **self._point._asdict())
        return Answer([docid for _, _, docid in hits], [score for _, score, _ in hits])

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Answer]:
        engine = SeismicEngine(self._index, self._point)
        return [Answer(*ranking) for ranking in engine.batch_rankings(self._queries.impacts_at(queries), k, threads)]

    def close(self) -> None:
        """Free its memory."""
        self._index = None


class SeismicKind(SystemKind):
    """Seismic at the setting of a recipe's `seismic`."""

    colours: ClassVar[Mapping[str, str]] = {SEISMIC: "#6a3d9a"}

    def systems(self, recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> Iterator[System]:
        """Yield the system if the recipe sets it."""
        if recipe.seismic is not None:
            yield SeismicSystem(recipe.points[0], recipe.seismic)

    def packages(self, recipe: LadderRecipe) -> Mapping[str, str]:
        """Return Seismic."""
        return {} if recipe.seismic is None else {"seismic": "seismic"}

    def recorded(self, recipe: LadderRecipe) -> Mapping[str, Any]:
        """Return the setting with the constants that an index is built with."""
        if recipe.seismic is None:
            return {}
        built = {"postings": POSTINGS, "summary_energy": SUMMARY_ENERGY}
        return {"seismic": recipe.seismic.model_dump(mode="json") | built}

    def lines(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return Seismic's line."""
        return {SEISMIC: settings["seismic"]}
