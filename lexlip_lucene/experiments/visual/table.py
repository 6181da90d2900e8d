"""The table of visual words: `python -m lexlip_lucene.experiments.visual.table RECIPE --output FOLDER --set …`.

Every code is fitted on the photos that the encoder recipe RECIPE trains on. These and the photos of `--split` are
indexed by their visual words; altered copies of the latter search their originals, and the photos as they are search
what is like them. Beside the codes stands the exact cosine of whole-picture vectors, and the codes' first 200 hits in
the order of that cosine, computed from int8.

FOLDER/runs.jsonl gets a line for each row and seed that has ended; one that is there is not done again. The places of
pictures are kept in FOLDER/places. `--aside N` measures on N training photos that no code is fitted on, to choose
settings; `--code size=8192,keep=64` adds a row.
"""

import argparse
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError, RecipeError
from lexlip_lucene.experiments.pairs.runs import Runs
from lexlip_lucene.experiments.visual.alterations import ALTERATIONS, altered
from lexlip_lucene.experiments.visual.caption_likeness import CaptionLikeness
from lexlip_lucene.experiments.visual.dense_pictures import DensePictures, byte_coded
from lexlip_lucene.experiments.visual.figures import NEIGHBOURS, PLAIN, SHORTLIST, figures_of, neighbours
from lexlip_lucene.experiments.visual.indexed import build, search
from lexlip_lucene.experiments.visual.photos import Photos, photos_of
from lexlip_lucene.experiments.visual.report import table
from lexlip_lucene.experiments.visual.whole_pictures import nearest, whole_pictures
from lexlip_lucene.late.whole_reranker import WholeReranker
from lexlip_lucene.progress import Progress, for_terminal
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.recipes.visual_recipe import VisualRecipe
from lexlip_lucene.records import Hit, Run

if TYPE_CHECKING:
    from lexlip_lucene.experiments.visual.encoded.coded import Sets
    from lexlip_lucene.experiments.visual.encoded.places import KeptPlaces

CODES: Mapping[str, Mapping[str, Any]] = {
    "auto-encoder 8192, keep 152": {"code": "auto-encoder", "size": 8192, "keep": 152},
    "auto-encoder 8192, keep 128": {"code": "auto-encoder", "size": 8192, "keep": 128},
    "auto-encoder 8192, keep 96": {"code": "auto-encoder", "size": 8192, "keep": 96},
    "auto-encoder 4096, keep 152": {"code": "auto-encoder", "size": 4096, "keep": 152},
    "k-means 4096, one word a place": {"code": "k-means", "size": 4096, "per_place": 1},
    "k-means 4096, soft 4": {"code": "k-means", "size": 4096, "per_place": 4},
    "rotated, keep 64": {"code": "rotated", "keep": 64},
    "rotated, keep 128": {"code": "rotated", "keep": 128},
    "rotated, keep 176": {"code": "rotated", "keep": 176},
    "rotated, keep 320": {"code": "rotated", "keep": 320},
}
"""Row → its settings; all others are those of the recipe's `visual`."""

DEEP = SHORTLIST + 1 + NEIGHBOURS
"""Hits of a query: the shortlist, the photo itself, and some more."""


@dataclass(frozen=True)
class Measurement:
    """A measurement of several rows.

    Attributes:
        photos: searched and fitted.
        places: of pictures, computed or kept.
        runs: those that have ended.
        folder: of collections and indexes, one folder a row and seed.
        progress: shows every stage.
    """

    photos: Photos
    places: "KeptPlaces"
    runs: Runs
    folder: Path
    progress: Progress

    @cached_property
    def likeness(self) -> CaptionLikeness:
        """The likeness of captions."""
        return CaptionLikeness(*self.photos)

    @cached_property
    def identity(self) -> str:
        """A hash of the pictures and the backbone."""
        files = [self.places.file(self.photos.fitted, None).name]
        files += [self.places.file(self.photos.searched, name).name for name in (None, *ALTERATIONS)]
        return hashlib.sha256("\n".join(files).encode()).hexdigest()[:16]

    @cached_property
    def sets(self) -> "Sets":
        """The pictures as the codes get them."""
        from lexlip_lucene.experiments.visual.encoded.coded import Pictures, Sets

        searched = [image.id for image in self.photos.searched]
        plain = Pictures(searched, self.places.of(self.photos.searched))
        copies = {name: Pictures(searched, self.places.of(self.photos.searched, name)) for name in ALTERATIONS}
        fitted = Pictures([image.id for image in self.photos.fitted], self.places.of(self.photos.fitted))
        return Sets(fitted, plain, {**copies, PLAIN: plain})

    @cached_property
    def ids(self) -> list[str]:
        """The ids of the documents."""
        return [image.id for part in self.photos for image in part]

    @cached_property
    def documents(self) -> NDArray[np.float32]:
        """The whole-picture vectors of the documents, in the order of `ids`."""
        return np.concatenate([whole_pictures(part.places) for part in (self.sets.searched, self.sets.fitted)])

    @cached_property
    def queries(self) -> dict[str, NDArray[np.float32]]:
        """Set → the whole-picture vectors of its queries."""
        return {name: whole_pictures(pictures.places) for name, pictures in self.sets.queries.items()}

    @cached_property
    def coded(self) -> DensePictures:
        """The documents' whole-picture vectors at a byte a number."""
        return DensePictures(self.ids, byte_coded(self.documents))

    def dense(self) -> dict[str, list[str]]:
        """Measure dense search, unless that was done; return the ten nearest of each photo."""
        ids = self.sets.searched.ids
        runs = {
            name: dict(zip(ids, nearest(vectors, self.documents, self.ids, DEEP), strict=True))
            for name, vectors in self.queries.items()
        }
        near = {id: found[:NEIGHBOURS] for id, found in neighbours(runs[PLAIN]).items()}
        if not self.runs.has(kind="dense", of=self.identity):
            record = figures_of(runs, self.likeness, near)._asdict()
            bounds = {"random": self.likeness.random, "most": self.likeness.most(NEIGHBOURS)}
            counts = {"documents": len(self.ids), "queries": len(ids), "bytes": 4 * self.documents.shape[1]}
            self.runs.add({"kind": "dense", "of": self.identity, **counts, **record, **bounds})
        return near

    def row(self, name: str, recipe: VisualRecipe, folder: Path, near: Mapping[str, list[str]]) -> dict[str, Any]:
        """Index and search what a row's folder has; return its record."""
        from lexlip_lucene.experiments.visual.encoded.coded import DOCUMENTS

        shape = build(folder / DOCUMENTS, folder / "index", self.progress)
        runs = {each: search(folder / "index", folder / f"{each}.jsonl", DEEP) for each in self.sets.queries}
        reordered = {each: self._second(run, each) for each, run in runs.items()}
        return {
            **self._key(recipe),
            "row": name,
            "seed": recipe.seed,
            **shape._asdict(),
            **figures_of(runs, self.likeness, near)._asdict(),
            "second": figures_of(reordered, self.likeness, near)._asdict(),
            "second_bytes": self.coded.bytes,
        }

    def _key(self, recipe: VisualRecipe) -> dict[str, Any]:
        """Return what makes a row another one: settings, the code's version, and pictures."""
        from lexlip_lucene.encoders.visual.visual_file import VISUAL_CODES

        version = VISUAL_CODES[recipe.code].version
        return {"kind": "code", "of": self.identity, "version": version, "settings": recipe.model_dump(mode="json")}

    def _second(self, run: Run, queries: str) -> dict[str, list[Hit]]:
        """Return the shortlist of each query in the order of the exact cosine."""
        second = WholeReranker(self.coded, k=SHORTLIST)
        vectors = dict(zip(self.sets.queries[queries].ids, self.queries[queries], strict=True))
        return {qid: second.rerank(vectors[qid], hits[:SHORTLIST]) for qid, hits in run.items()}

    def codes(self, rows: Mapping[str, VisualRecipe], near: Mapping[str, list[str]]) -> None:
        """Measure the rows that have not been, all with the seed of their settings."""
        from lexlip_lucene.experiments.visual.encoded.coded import with_one_fit, write_coded

        missing = {name: recipe for name, recipe in rows.items() if not self.runs.has(**self._key(recipe))}
        for group in with_one_fit(missing):
            folders = {
                name: self.folder / f"{name.replace(', ', '-').replace(' ', '-')}-{recipe.seed}"
                for name, recipe in group.items()
            }
            cost = write_coded(group, self.sets, folders, self.places.identity, self.progress)
            for name, recipe in group.items():
                record = self.row(name, recipe, folders[name], near)
                self.runs.add({**record, **cost._asdict()})
                self.progress.note(f"seed {recipe.seed}, {name}: {record['recall']}")


def rows_of(base: VisualRecipe, names: Sequence[str], further: Sequence[str], seed: int) -> dict[str, VisualRecipe]:
    """Return row → settings: of `CODES` those named, then one for each of `further`, `KEY=VALUE,KEY=VALUE`.

    Raises:
        InputError: no row has such a name.
        RecipeError: a setting is unknown or out of range.
    """
    unknown = [name for name in names if name not in CODES]
    if unknown:
        raise InputError(f"codes: {'; '.join(CODES)} are known, got {unknown[0]!r}")
    rows: dict[str, Mapping[str, Any]] = {name: CODES[name] for name in names}
    for given in further:
        rows[given.replace(",", ", ")] = dict(each.partition("=")[::2] for each in given.split(","))
    return {name: _settings(base, {**changes, "seed": seed}, name) for name, changes in rows.items()}


def _settings(base: VisualRecipe, changes: Mapping[str, Any], name: str) -> VisualRecipe:
    try:
        return VisualRecipe.model_validate({**base.model_dump(), **changes})
    except ValueError as error:
        raise RecipeError(f"{name}: {' '.join(str(error).split())}") from None


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path, help="encoder recipe: backbone and photos")
    parser.add_argument("--output", type=Path, required=True, help="folder of the runs, which are resumed")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the recipe")
    parser.add_argument("--split", default="val", help="split that searches")
    parser.add_argument("--aside", type=int, default=0, help="search by so many training photos instead")
    parser.add_argument("--codes", default=";".join(CODES), help="rows, separated by semicolons")
    parser.add_argument("--code", action="append", default=[], metavar="KEY=VALUE,…", help="a further row")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args(arguments)
    from lexlip_lucene.experiments.visual.encoded.places import KeptPlaces, tower_of

    recipe = read_recipe(given.recipe, EncoderRecipe, given.set)
    progress = for_terminal()
    photos = photos_of(recipe, split=given.split, aside=given.aside)
    places = KeptPlaces(tower_of(recipe), given.output / "places", altered, progress)
    measured = Measurement(photos, places, Runs(given.output / "runs.jsonl"), given.output, progress)
    near = measured.dense()
    base = recipe.visual or VisualRecipe()
    names = [name.strip() for name in given.codes.split(";") if name.strip()]
    for seed in range(given.seeds):
        measured.codes(rows_of(base, names, given.code, seed), near)
    print(table([record for record in measured.runs.done if record["of"] == measured.identity]))


if __name__ == "__main__":
    main()
