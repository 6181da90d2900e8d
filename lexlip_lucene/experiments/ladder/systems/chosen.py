"""Which systems a recipe asks for at a rung, and where their indexes stand."""

import re
from pathlib import Path

from lexlip_lucene.experiments.ladder.systems.dense import IVFPQ_FROM, DenseSystem
from lexlip_lucene.experiments.ladder.systems.fused import FusedSystem
from lexlip_lucene.experiments.ladder.systems.lucene import Bm25System, LexlipSystem
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.seismic import SeismicSystem
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import Indexed
from lexlip_lucene.lucene.search.approximation import EVERYTHING, Approximation
from lexlip_lucene.recipes.ladder_recipe import (
    BM25,
    CLIP_FLAT,
    CLIP_HNSW,
    FLAT,
    HNSW,
    INTERPOLATED,
    IVFPQ,
    ONE_FIELD,
    RRF,
    TWO_STEP,
    LadderRecipe,
    lexlip_name,
)

CLIP = "clip"
"""The source of CLIP's vectors."""


def systems_of(
    recipe: LadderRecipe, rung: Rung, shares: Shares | None
) -> tuple[list[Indexed | FusedSystem], dict[str, Path]]:
    """Return the systems, in the order of the tables, and name → folder of the index."""
    bm25 = Bm25System()
    points = [LexlipSystem(point, lexlip_name(point)) for point in recipe.points]
    best = points[0]
    systems: list[Indexed | FusedSystem] = [bm25, *points]
    places = {system.name: rung.folder / file_name(system.name) for system in systems}
    if recipe.two_step is not None:
        postings = min(max(round(recipe.two_step.postings_per_document * rung.documents), 1), EVERYTHING)
        approximate = Approximation(postings=postings, candidates=recipe.two_step.candidates)
        systems.append(LexlipSystem(best.point, TWO_STEP, approximate))
        places[TWO_STEP] = places[best.name]
    if recipe.dense is not None:
        systems.append(DenseSystem(FLAT))
        if recipe.dense.hnsw is not None:
            systems.append(DenseSystem(HNSW, hnsw=recipe.dense.hnsw))
        if recipe.dense.ivfpq is not None and rung.documents >= IVFPQ_FROM:
            systems.append(DenseSystem(IVFPQ, ivfpq=recipe.dense.ivfpq))
    if recipe.clip is not None and rung.documents <= rung.store.facts["photos"]:
        systems.append(DenseSystem(CLIP_FLAT, source=CLIP))
        if recipe.clip.hnsw is not None:
            systems.append(DenseSystem(CLIP_HNSW, hnsw=recipe.clip.hnsw, source=CLIP))
    if recipe.seismic is not None:
        systems.append(SeismicSystem(best.point, recipe.seismic))
    sides = (best, bm25, places[best.name], places[BM25])
    systems.append(FusedSystem(*sides, RRF))
    if shares is not None:
        systems.append(FusedSystem(*sides, INTERPOLATED, share=shares.interpolation))
        systems.append(LexlipSystem(best.point, ONE_FIELD, caption_share=shares.caption))
    for system in systems:
        places.setdefault(system.name, rung.folder / file_name(system.name))
    wanted = [system for system in systems if rung.documents <= recipe.up_to.get(system.name, rung.documents)]
    return wanted, places


def file_name(name: str) -> str:
    """Return the name of a system or point as one of a folder."""
    return re.sub("[^a-z0-9]+", "-", name.lower())
