"""Runs of index recipes: build what is missing, search, evaluate, and compare with the expected figures.

The files of a recipe are in the folder of the same name beside it. They are built again when the recipe, its captions
file, its photos, its model or Lucene have changed, or when a built file is gone or has changed: `built.json` there
holds a fingerprint of the former and the hashes of the latter. The search is never skipped, so that a run always comes
from the present code. A comparison is two-sided, and an expected measure that was not measured is a failure.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.data.photo_files import listed_photos
from lexlip_lucene.data.qrels import read_qrels
from lexlip_lucene.errors import RecipeError
from lexlip_lucene.evaluate.fuse import reciprocal_rank_fusion
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.evaluate.run import read_run, write_run
from lexlip_lucene.experiments.fingerprint import is_built, mark_built, unmark
from lexlip_lucene.experiments.one_system import (
    run_bm25,
    run_dense,
    run_lexlip,
    search_impacts,
    search_texts,
    search_vectors,
)
from lexlip_lucene.files.written import bytes_below, require_file, sha256_of, written_file
from lexlip_lucene.lucene.jvm.java import indexed_by
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.index_recipe import Expectation, IndexRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.recipes.settings import contents_of, settings_of

ROUNDING = 1e-9
"""Added to a tolerance: 0.10 is 0.01 above 0.09, but their difference in floating point is a little more."""


_READ_AGAIN = {
    "bm25": ("topics", "index"),
    "lexlip": ("topics", "queries.jsonl", "index"),
    "dense": ("topics", "queries", "index"),
}
"""System → built files that a search and its evaluation read; each search writes its run again."""


class Comparison(NamedTuple):
    """One figure beside the expected one; `measured` is None if it was not measured."""

    measure: str
    measured: float | None
    expected: float
    tolerance: float
    source: str

    @property
    def holds(self) -> bool:
        """True if the measured figure is within the tolerance, above or below."""
        return self.measured is not None and abs(self.measured - self.expected) <= self.tolerance + ROUNDING


class BenchReport(NamedTuple):
    """The results of a recipe: its figures as fractions, and each expected one compared."""

    name: str
    folder: Path
    topics: int
    figures: dict[str, float]
    comparisons: list[Comparison]
    index_bytes: int


def run_recipe(path: Path, overrides: Sequence[str], *, device: str, progress: Progress) -> BenchReport:
    """Run the index recipe at `path`.

    Args:
        path: the recipe.
        overrides: `key=value` for this recipe; those of `roots` also reach the recipes it names.
        device: a torch device, for a model that has to be trained.
        progress: shows every stage.

    Raises:
        RecipeError: this recipe or one that it names is wrong.
        LexlipError: a stage fails.
    """
    recipe = read_recipe(path, IndexRecipe, overrides)
    folder = path.with_suffix("")
    roots = [override for override in overrides if override.startswith("roots.")]
    if recipe.system == "rrf":
        _fuse(recipe, folder, roots, device, progress)
    else:
        _build(recipe, folder, roots, device, progress)
    run = read_run(folder / "run.txt")
    qrels = read_qrels(folder / "topics" / "qrels.txt")
    figures = evaluate(qrels, run)
    comparisons = compared(figures, recipe.expect)
    index = folder / "index"
    return BenchReport(
        name=recipe.name,
        folder=folder,
        topics=len({qrel.qid for qrel in qrels}),
        figures=figures,
        comparisons=comparisons,
        index_bytes=bytes_below(index) if index.exists() else 0,
    )


def compared(figures: Mapping[str, float], expect: Mapping[str, Expectation]) -> list[Comparison]:
    """Return every expected figure beside the measured one, if any."""
    return [
        Comparison(measure, figures.get(measure), expected.value, expected.tolerance, expected.source)
        for measure, expected in expect.items()
    ]


def _build(recipe: IndexRecipe, folder: Path, roots: list[str], device: str, progress: Progress) -> None:
    assert recipe.captions is not None, "the recipe's own check"
    model = trained_model(recipe.encoder, roots, device, progress) if recipe.encoder is not None else None
    captions_sha256 = sha256_of(require_file(recipe.captions, "captions"))
    images = read_captions(recipe.captions, split=recipe.split, outside=recipe.outside)
    parts = _parts(recipe, captions_sha256, images, model)
    if is_built(folder, parts):
        progress.note(f"{recipe.name}: the index in {folder} is up to date")
        search = search_texts if model is None else search_vectors if recipe.system == "dense" else search_impacts
        search(folder, recipe.k, progress)
        return
    unmark(folder)
    _run(recipe, model, images, folder, progress)
    mark_built(folder, parts, [folder / name for name in _READ_AGAIN[recipe.system]])


def _parts(
    recipe: IndexRecipe, captions_sha256: str, images: Sequence[CaptionedImage], model: Path | None
) -> list[str]:
    """Return the parts that the recipe's index, topics and queries depend on."""
    parts = [settings_of(recipe, {"captions", "encoder"}), captions_sha256]
    if model is not None:
        # The config matters as much as the tensors: how vectors are divided by length, and their scale.
        parts += [sha256_of(model / "config.json"), sha256_of(model / "model.safetensors"), listed_photos(images)]
    if recipe.system != "dense":
        parts.append(indexed_by())
    return parts


def _run(
    recipe: IndexRecipe, model: Path | None, images: Sequence[CaptionedImage], folder: Path, progress: Progress
) -> None:
    direction, held_out, k = recipe.direction, recipe.held_out, recipe.k
    states = None if recipe.encoder is None else states_of(recipe.encoder)
    if model is None:
        run_bm25(images, folder, held_out=held_out, k=k, progress=progress)
    elif recipe.system == "dense":
        run_dense(model, images, folder, direction=direction, held_out=held_out, k=k, states=states, progress=progress)
    else:
        run_lexlip(
            model,
            images,
            folder,
            direction=direction,
            held_out=held_out,
            bits=recipe.bits,
            top_k=recipe.top_k,
            k=k,
            states=states,
            progress=progress,
        )


def _fuse(recipe: IndexRecipe, folder: Path, roots: list[str], device: str, progress: Progress) -> None:
    """Run the fused recipes, then fuse their runs; they must answer the same topics."""
    reports = [run_recipe(path, roots, device=device, progress=progress) for path in recipe.fuses]
    qrels = [report.folder / "topics" / "qrels.txt" for report in reports]
    if len({sha256_of(path) for path in qrels}) != 1:
        raise RecipeError(f"{recipe.name}: the recipes in fuses must have the same topics and qrels")
    runs = [read_run(report.folder / "run.txt") for report in reports]
    with written_file(folder / "topics" / "qrels.txt", force=True) as file:
        file.write(qrels[0].read_bytes())
    write_run(folder / "run.txt", reciprocal_rank_fusion(runs, depth=recipe.k), force=True)


def states_of(encoder: Path) -> Path:
    """Return the folder that keeps the backbone's states of an encoder recipe, for all models over it."""
    return _home_of(encoder) / "states"


def _home_of(encoder: Path) -> Path:
    return encoder.with_suffix("").resolve()


def trained_model(
    encoder: Path,
    roots: list[str],
    device: str,
    progress: Progress,
    *,
    flops: float | None = None,
    states: Path | None = None,
) -> Path:
    """Return the model folder of an encoder recipe, trained now if it is missing, or it or its recipe has changed.

    With `flops`, the model is of the same recipe with this weight on FLOPS of images, trained to the last step: a
    larger weight gives fewer tokens. `states` is the folder of the backbone's states; None: the recipe's own.
    """
    sparser = [] if flops is None else [f"training.image_flops={flops}", "training.keep=last"]
    recipe = read_recipe(encoder, EncoderRecipe, [*roots, *sparser])
    home = _home_of(encoder) if flops is None else _home_of(encoder) / f"flops-{flops:g}"
    model = home / "model"
    require_file(recipe.data.captions, "captions")
    parts = [settings_of(recipe, {"roots", "about"}, by_name=True), *contents_of(recipe)]
    if is_built(home, parts):
        progress.note(f"{recipe.name}: model {model} is up to date")
        return model
    from lexlip_lucene.training.run.train import train

    progress.note(f"{recipe.name}: training {model}")
    unmark(home)
    train(recipe, model, cache=states or states_of(encoder), device=device, force=True, progress=progress)
    mark_built(home, parts, [model])
    return model
