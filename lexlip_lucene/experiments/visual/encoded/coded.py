"""Codes fitted on the places of pictures, and pictures encoded with them: collections and queries of visual words only.

Rows that differ in `keep`, `bits` or `idf` only have one fit, and the strengths of their codes are computed once.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexlip_lucene.encoders.pool.heaviest import heaviest, quantised
from lexlip_lucene.encoders.visual.visual_code import VisualCode
from lexlip_lucene.encoders.visual.visual_file import VISUAL_CODES
from lexlip_lucene.encoders.visual.visual_lexicon import (
    Provenance,
    VisualLexicon,
    completed,
    damped_strengths,
    kept_weights,
)
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.visual_recipe import VisualRecipe
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.vectors.collection import write_queries, write_shards

AT_ONCE = 32

DOCUMENTS = "documents"
"""The folder of a row's collection; `NAME.jsonl` beside it are its queries."""

_AFTER_THE_FIT = {"keep", "bits", "idf"}


class Pictures(NamedTuple):
    """Pictures of one set: ids, and places (pictures, places, width) fp16."""

    ids: Sequence[str]
    places: NDArray[np.float16]


class Sets(NamedTuple):
    """The sets of a measurement.

    Attributes:
        fitted: pictures that codes are fitted on; they are documents, too.
        searched: the other documents.
        queries: name → pictures that search.
    """

    fitted: Pictures
    searched: Pictures
    queries: Mapping[str, Pictures]


class Cost(NamedTuple):
    """CPU seconds of the fit, and CPU milliseconds of a picture from its places to strengths of codes."""

    fit_seconds: float
    milliseconds: float


def with_one_fit(rows: Mapping[str, VisualRecipe]) -> Iterator[dict[str, VisualRecipe]]:
    """Yield the rows in groups of one fit each, in the order of their first."""
    groups: dict[str, dict[str, VisualRecipe]] = {}
    for name, recipe in rows.items():
        groups.setdefault(recipe.model_dump_json(exclude=_AFTER_THE_FIT), {})[name] = recipe
    yield from groups.values()


def write_coded(
    rows: Mapping[str, VisualRecipe], sets: Sets, folders: Mapping[str, Path], backbone: str, progress: Progress
) -> Cost:
    """Fit one code, and write each row's collection and queries into its folder, which is replaced.

    Args:
        rows: name → settings, all of one fit (`with_one_fit`).
        sets: the pictures.
        folders: name → the row's folder.
        backbone: the identity of the backbone.
        progress: shows every stage.

    Raises:
        InputError: there are too few places, or no picture has a code.
    """
    first = next(iter(rows.values()))
    places = torch.from_numpy(sets.fitted.places)
    begun = time.process_time()
    code = VISUAL_CODES[first.code].fit(places.flatten(0, 1), first, seed=first.seed, progress=progress)
    fitted = time.process_time()
    every = {"fitted": sets.fitted, "searched": sets.searched, **sets.queries}
    apart = {id(each): (name, each) for name, each in every.items()}  # the plain queries are the searched ones
    found = {key: _strengths(code, each, name, progress) for key, (name, each) in apart.items()}
    strengths = {name: found[id(each)] for name, each in every.items()}
    pictures = sum(len(each.ids) for _, each in apart.values())
    cost = Cost(fitted - begun, 1000 * (time.process_time() - fitted) / pictures)
    for name, recipe in rows.items():
        made_of = Provenance(backbone, len(places))
        lexicon = completed(recipe.form(), code, strengths["fitted"], made_of, with_idf=recipe.idf)
        with written_folder(folders[name], force=True) as partial:
            _write(lexicon, sets, strengths, partial)
    return cost


@torch.inference_mode()
def _strengths(code: VisualCode, pictures: Pictures, name: str, progress: Progress) -> Tensor:
    parts = torch.from_numpy(pictures.places).split(AT_ONCE)
    tracked = progress.track(parts, f"codes of {name} pictures (batches)", len(parts))
    return torch.cat([code.strengths(part.float()) for part in tracked])


def _write(lexicon: VisualLexicon, sets: Sets, strengths: Mapping[str, Tensor], folder: Path) -> None:
    (folder / DOCUMENTS).mkdir()
    searched = _documents(sets.searched.ids, impacts_of(lexicon, strengths["searched"]))
    fitted = _documents(sets.fitted.ids, impacts_of(lexicon, strengths["fitted"]))
    write_shards(folder / DOCUMENTS, (document for part in (searched, fitted) for document in part))
    for name, pictures in sets.queries.items():
        write_queries(folder / f"{name}.jsonl", _documents(pictures.ids, impacts_of(lexicon, strengths[name])))


def impacts_of(lexicon: VisualLexicon, strengths: Tensor) -> Iterator[Impacts]:
    """Yield the impacts of pictures with these strengths (pictures, codes), as `VisualLexicon.impacts` of places."""
    for part in strengths.split(AT_ONCE):
        weights = kept_weights(damped_strengths(lexicon.code, part), lexicon.root_idf, lexicon.form.keep)
        yield from quantised(heaviest(weights, lexicon.form.keep), lexicon.quantiser, lexicon.tokens)


def _documents(ids: Sequence[str], vectors: Iterator[Impacts]) -> Iterator[Document]:
    for id, vector in zip(ids, vectors, strict=True):
        yield Document(id, "", vector)
