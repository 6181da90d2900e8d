"""A ladder system of your own, in one file: exact search by a sparse matrix product, without an inverted index.

    python examples/add_a_system.py indexes/scenes-ladder.yaml --set roots.scenes=lexlip-demo/scenes

This runs the ladder with one system more, and prints a row of figures for each system at the largest rung. The report,
with tables and pictures, is in the folder of the recipe's name. A recipe can name the system, too, once it is
registered: `systems: {product: {point: 0}}`.
"""

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import orjson
import scipy
from pydantic import Field
from scipy.sparse import load_npz, save_npz

from lexlip_lucene.errors import LexlipError
from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.report.report import write_report
from lexlip_lucene.experiments.ladder.run import run_ladder
from lexlip_lucene.experiments.ladder.systems.kind import SystemKind, setting_of
from lexlip_lucene.experiments.ladder.systems.registry import register
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import Answer, Built, Form, OwnIndex, System
from lexlip_lucene.files.written import bytes_below, written_folder
from lexlip_lucene.progress import Progress, for_terminal
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe, PointSpec
from lexlip_lucene.recipes.model_spec import Spec

NAME = "matrix product"


class ProductSpec(Spec):
    """The settings in a recipe: the number of the operating point whose vectors are searched."""

    point: int = Field(default=0, ge=0)


@dataclass(frozen=True)
class ProductSystem(OwnIndex):
    """The impact vectors of a rung as one sparse matrix; a search multiplies all of it with the query."""

    point: PointSpec
    name: str = NAME
    asks: Form = "lexicon"

    @property
    def source(self) -> str:
        """The model of the point."""
        return self.point.source

    @property
    def built_by(self) -> str:
        """The library that writes the files, with its version."""
        return f"scipy {scipy.__version__}"

    def build(self, rung: Rung, folder: Path, threads: int, progress: Progress) -> Built:
        """Write the matrix and its tokens."""
        matrix = rung.store.matrix(rung.order, top_k=self.point.top_k, bits=self.point.bits)
        begun = time.monotonic()
        with written_folder(folder, force=True) as partial:
            save_npz(partial / "vectors.npz", matrix, compressed=False)
            (partial / "tokens.json").write_bytes(orjson.dumps(rung.store.tokens))
        return Built(time.monotonic() - begun, bytes_below(folder))

    def open(self, folder: Path, queries: Queries) -> "OpenProduct":
        """Read the matrix into memory."""
        tokens = orjson.loads((folder / "tokens.json").read_bytes())
        return OpenProduct(load_npz(folder / "vectors.npz"), tokens, queries)


class OpenProduct:
    """The matrix (documents, tokens) in memory, and the queries."""

    def __init__(self, matrix: Any, tokens: Sequence[str], queries: Queries) -> None:
        self._matrix, self._queries = matrix, queries
        self._column = {token: column for column, token in enumerate(tokens)}

    def one(self, query: int, k: int) -> Answer:
        """Answer one query; of equal scores the smaller docid comes first, as in Lucene."""
        vector = np.zeros(len(self._column), dtype=np.int64)
        for token, weight in self._queries.impacts[query].items():
            vector[self._column[token]] = weight
        scores = self._matrix @ vector
        best = np.argsort(-scores, kind="stable")[:k]
        best = best[scores[best] > 0]
        return Answer(best.tolist(), scores[best].tolist())

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Answer]:
        """Answer many queries, one after the other: the product runs in one thread."""
        return [self.one(query, k) for query in queries]

    def close(self) -> None:
        """Free the memory."""
        self._matrix = None


class ProductKind(SystemKind):
    """The entry for the registry: key and settings in a recipe, systems, colour in pictures."""

    key = "product"
    spec = ProductSpec
    colours: ClassVar[Mapping[str, str]] = {NAME: "#e377c2"}

    def systems(self, recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> Iterator[System]:
        """Yield the system if the recipe names it."""
        setting = setting_of(recipe, self.key, ProductSpec)
        if setting is not None:
            yield ProductSystem(recipe.points[setting.point])


def main() -> None:
    """Run a ladder with the system, and print the figures of the largest rung."""
    parser = argparse.ArgumentParser(description="Run a ladder recipe with one system more.")
    parser.add_argument("recipe", type=Path, help="ladder recipe, as indexes/scenes-ladder.yaml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the recipe")
    arguments = parser.parse_args()
    register(ProductKind())
    overrides = [f"systems.{ProductKind.key}={{}}", *arguments.set]
    try:
        for ladder in run_ladder(arguments.recipe, overrides, device="cpu", progress=for_terminal()):
            write_report(ladder)
    except LexlipError as error:
        parser.exit(1, f"error: {error}\n")
    rung = ladder.rungs[-1]
    print(f"{rung.documents} documents")
    for name, figures in rung.systems.items():
        recall, latency, size = figures.quality["R@10"], figures.latency.p50.median, figures.built.index_bytes
        print(f"{name:30} R@10 {100 * recall:5.1f} %   p50 {latency:8.3f} ms   {size / 1e6:8.2f} MB")


if __name__ == "__main__":  # a system is measured in a separate process, which imports this file
    main()
