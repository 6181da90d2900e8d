"""LexLIP's first hits re-ranked by patches: the index of the first operating point, and a patch store beside it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from lexlip_lucene.errors import InputError, RecipeError
from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.systems.kind import SystemKind, setting_of
from lexlip_lucene.experiments.ladder.systems.lexlip import LexlipSystem
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import Answer, Built, Form, Index, OpenIndex, OwnIndex, System
from lexlip_lucene.files.written import bytes_below
from lexlip_lucene.late.clusters import clustered
from lexlip_lucene.late.late_reranker import DEFAULT_MIX, LateReranker
from lexlip_lucene.late.late_score import late_scores
from lexlip_lucene.late.patch_code import patch_code
from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.late.store_manifest import StoreKind
from lexlip_lucene.late.store_writer import written_store
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.ladder_recipe import OURS, LadderRecipe
from lexlip_lucene.recipes.model_spec import Spec
from lexlip_lucene.records import Hit

LATE, PATCHES = "LexLIP, by patches", "patches"

_AT_ONCE = 4096


class LateSystemSpec(Spec):
    """The settings `systems.late` of a ladder.

    Attributes:
        hits: of the first stage that are re-ranked.
        mix: the part of the first score; null: the model's own.
        code: of the patches.
        clusters: most vectors of a picture; null: all patches.
    """

    hits: int = Field(default=100, gt=1)
    mix: float | None = Field(default=None, ge=0, le=1)
    code: str = "int4"
    clusters: int | None = Field(default=12, gt=0)


@dataclass(frozen=True)
class PatchIndex(OwnIndex):
    """The patch store of a rung; searched by itself, it compares a query with every picture."""

    code: str
    clusters: int | None
    name: str = PATCHES
    asks: Form = "lexicon"
    source: str = OURS

    @property
    def built_by(self) -> str:
        """Nothing but our own code."""
        return "patch store 1"

    def build(self, rung: Rung, folder: Path, threads: int, progress: Progress) -> Built:
        """Write the store of the rung's documents."""
        patches = rung.store.patches
        if patches is None:
            raise InputError(f"{self.name}: the documents have no patches: delete {rung.store.folder} and run again")
        begun = time.monotonic()
        rows = progress.track(rung.order.tolist(), self.name, rung.documents)
        with written_store(folder, StoreKind("", patches.shape[2], self.code), force=True) as writer:
            for docid, row in zip(rung.docids, rows, strict=True):
                vectors = patches[row].astype(np.float32)
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
                writer.add(docid, vectors if self.clusters is None else clustered(vectors, self.clusters))
        return Built(time.monotonic() - begun, bytes_below(folder))

    def open(self, folder: Path, queries: Queries) -> "OpenPatches":
        """Open the store."""
        return OpenPatches(PatchStore.open(folder), queries)


class OpenPatches:
    """An open patch store and its queries."""

    def __init__(self, store: PatchStore, queries: Queries) -> None:
        if queries.late is None:
            raise InputError(f"{PATCHES}: the queries have no token vectors")
        self.store, self.tokens = store, queries.late

    def one(self, query: int, k: int) -> Answer:
        """Answer one query by its late scores with all pictures."""
        docids = list(self.store.docids())
        begins = range(0, len(docids), _AT_ONCE)
        tokens = self.tokens[query]
        parts = [
            late_scores(tokens.vectors, tokens.weights, self.store.vectors(docids[begin : begin + _AT_ONCE]))
            for begin in begins
        ]
        scores = np.concatenate(parts)
        best = np.argsort(-scores, kind="stable")[:k].tolist()
        return Answer([docids[place] for place in best], scores[best].tolist())

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Answer]:
        """Answer many, one after the other."""
        return [self.one(query, k) for query in queries]

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()


@dataclass(frozen=True)
class LateSystem:
    """Two indexes: Lucene finds `hits` documents, and their patches put them in order."""

    first: LexlipSystem
    second: PatchIndex
    hits: int
    mix: float
    name: str = LATE
    asks: Form = "lexicon"
    source: str = OURS

    @property
    def indexes(self) -> Sequence[Index]:
        """Both stages'."""
        return (self.first, self.second)

    @property
    def compared_with(self) -> Sequence[str]:
        """The first stage by itself."""
        return (self.first.name,)

    def over(self, opened: Sequence[OpenIndex], queries: Queries) -> "LateSearch":
        """Return the search of both stages."""
        first, second = opened
        assert isinstance(second, OpenPatches), "an index that a PatchIndex opened"
        return LateSearch(first, second, self.hits, self.mix)

    def postings(self, folders: Sequence[Path], queries: Queries) -> float | None:
        """Return None: the first stage reports its own."""
        return None


class LateSearch:
    """A first stage, and patches that put its hits in order."""

    def __init__(self, first: OpenIndex, patches: OpenPatches, hits: int, mix: float) -> None:
        self._first, self._hits = first, hits
        self._second = LateReranker(patches.store, lambda query: patches.tokens[int(query)], k=hits, mix=mix)

    def one(self, query: int, k: int) -> Answer:
        """Answer one query."""
        return self._in_order(query, self._first.one(query, max(k, self._hits)), k)

    def many(self, queries: Sequence[int], k: int, threads: int) -> list[Answer]:
        """Answer many in one call of the first stage."""
        first = self._first.many(queries, max(k, self._hits), threads)
        return [self._in_order(query, answer, k) for query, answer in zip(queries, first, strict=True)]

    def _in_order(self, query: int, answer: Answer, k: int) -> Answer:
        pairs = zip(answer.docids, answer.scores, strict=True)
        hits = [Hit(str(docid), score, rank) for rank, (docid, score) in enumerate(pairs, start=1)]
        found = self._second.rerank(str(query), hits)[:k]
        return Answer([hit.docid for hit in found], [hit.score for hit in found])


class LateKind(SystemKind):
    """Re-ranking by patches, if a recipe has `systems.late`."""

    key = "late"
    spec = LateSystemSpec
    colours: ClassVar[Mapping[str, str]] = {LATE: "#6a3d9a"}

    def systems(self, recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> Iterator[System]:
        """Yield the system if the recipe asks for it."""
        setting = setting_of(recipe, self.key, LateSystemSpec)
        if setting is None:
            return
        mixes = (setting.mix, rung.store.facts.get("late_mix"), DEFAULT_MIX)
        mix = next(one for one in mixes if one is not None)
        first = LexlipSystem(recipe.points[0], recipe.main)
        yield LateSystem(first, PatchIndex(setting.code, setting.clusters), setting.hits, mix)

    def require(self, recipe: LadderRecipe, encoder: EncoderRecipe) -> None:
        """Check the settings, and that the encoder has a late head; errors as in `SystemKind`."""
        setting = setting_of(recipe, self.key, LateSystemSpec)
        if setting is None:
            return
        patch_code(setting.code)
        if encoder.late is None:
            raise RecipeError(f"{recipe.name}: systems.late needs an encoder with late, but {recipe.encoder} has none")

    def lines(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the line on the second stage."""
        return {"re-ranked by patches": settings.get("systems", {}).get(self.key)}
