"""The tagger on generated posts: `python -m lexlip_lucene.experiments.entities.posts FOLDER --output TABLE …`.

FOLDER gets the posts of `demo/posts.py` if it is not there; with `--only-write` that is all. Then the recipe is trained
with each seed, as it is and with `match_gate: false`, and each model tags the test posts with their own pictures, by
their texts only, with half of the pictures exchanged, and with all of them exchanged. The figure is the strict F1.
`lexlip` has no verb for it.
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import orjson

from lexlip_lucene.demo.posts import write_posts
from lexlip_lucene.evaluate.entity_f1 import EntityFigures
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.progress import Progress, for_terminal
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.recipes.tagger_recipe import TaggerRecipe

if TYPE_CHECKING:
    from lexlip_lucene.encoders.entities.entity_tagger import EntityTagger

TRAIN, VALID, TEST = 3000, 300, 600

SEEN = {
    "right picture": ("test", True),
    "text only": ("test", False),
    "half of the pictures wrong": ("test-mixed", True),
    "all pictures wrong": ("test-shuffled", True),
}
"""Row of the table → file of posts, and whether their pictures are looked at."""


class Row(NamedTuple):
    """A row of the table: a model, what it saw, and its strict F1 of each seed, as fractions."""

    match_gate: bool
    seen: str
    f1: list[float]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the posts, train, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the posts")
    parser.add_argument("--only-write", action="store_true", help="write the posts and end")
    parser.add_argument(
        "--posts-seed", type=int, default=1, help="of the posts; the settings were chosen on those of 0"
    )
    parser.add_argument("--recipe", type=Path, default=Path("encode/posts-tagger.yaml"), help="tagger recipe")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the trainings")
    parser.add_argument("--output", type=Path, help="folder to write: the models, table.md, rows.json")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a recipe's key")
    given = parser.parse_args(arguments)
    progress = for_terminal()
    if not given.folder.exists():
        write_posts(given.folder, train=TRAIN, valid=VALID, test=TEST, seed=given.posts_seed, progress=progress)
    if given.only_write:
        return
    if given.output is None:
        parser.error("--output is needed to train and measure")
    overrides = [f"roots.posts={given.folder.absolute()}", *given.set]
    with written_folder(given.output, force=True) as partial:
        rows = measured(given.folder, given.recipe, given.seeds, overrides, partial, progress)
        (partial / "rows.json").write_bytes(orjson.dumps([row._asdict() for row in rows], option=orjson.OPT_INDENT_2))
        (partial / "table.md").write_text(table(rows), encoding="utf-8")
    print(table(rows), end="")


def measured(
    posts: Path, recipe: Path, seeds: Sequence[int], overrides: Sequence[str], output: Path, progress: Progress
) -> list[Row]:
    """Train a model of each seed with the match gate and without, and return all rows.

    Args:
        posts: the folder of the posts.
        recipe: of the tagger.
        seeds: of the trainings.
        overrides: `key=value` for the recipe.
        output: takes the models.
        progress: receives the training.
    """
    from lexlip_lucene.encoders.entities.entity_tagger import EntityTagger
    from lexlip_lucene.training.tagger.train_tagger import train_tagger

    rows = []
    for gate in (True, False):
        of_gate = [Row(gate, seen, []) for seen in SEEN]
        for seed in seeds:
            own = [*overrides, f"tagger.match_gate={str(gate).lower()}", f"training.seed={seed}"]
            folder = output / f"{'gate' if gate else 'no-gate'}-{seed}"
            read = read_recipe(recipe, TaggerRecipe, own)
            train_tagger(read, folder, cache=posts / "states", progress=progress)
            tagger = EntityTagger.from_pretrained(folder)
            tagger.network.frozen_tower = read.image is not None and read.image.frozen
            for row in of_gate:
                row.f1.append(figures(tagger, posts, *SEEN[row.seen], posts / "states", progress).f1)
                progress.note(f"match gate {gate}, seed {seed}, {row.seen}: strict F1 {100 * row.f1[-1]:.2f}")
        rows += of_gate
    return rows


def figures(
    tagger: "EntityTagger", folder: Path, name: str, look: bool, cache: Path | None, progress: Progress
) -> EntityFigures:
    """Return the strict figures of a tagger on a file of posts, with their pictures or without.

    Args:
        tagger: that tags.
        folder: of the posts.
        name: of the file, without its end.
        look: at the pictures.
        cache: keeps the states of a frozen tower; None: they are not kept.
        progress: receives the pictures.
    """
    from lexlip_lucene.encoders.entities.word_batch import WordCutter
    from lexlip_lucene.training.tagger.post_pictures import hold_pictures
    from lexlip_lucene.training.tagger.tagged_data import read_posts
    from lexlip_lucene.training.tagger.tagging_figures import tagging_figures

    posts = read_posts(folder / f"{name}.txt", folder / "images" if look else None)
    pictures = hold_pictures(posts.pictures, tagger.network, progress, cache)
    return tagging_figures(tagger.network, WordCutter(tagger.tokenizer, tagger.config.text.max_length), posts, pictures)


def losses(rows: Sequence[Row], seen: str) -> dict[bool, float]:
    """Return the mean F1 with the right picture less that of `seen`, with the match gate (True) and without."""
    mean = {(row.match_gate, row.seen): statistics.mean(row.f1) for row in rows}
    return {gate: mean[gate, "right picture"] - mean[gate, seen] for gate in (True, False)}


def table(rows: Sequence[Row]) -> str:
    """Return the rows as Markdown, in percent, with the losses by wrong pictures below."""
    lines = ["| match gate | seen | strict F1, mean (of each seed) |", "| --- | --- | ---: |"]
    for row in rows:
        each = ", ".join(f"{100 * value:.2f}" for value in row.f1)
        gate = "yes" if row.match_gate else "no"
        lines.append(f"| {gate} | {row.seen} | {100 * statistics.mean(row.f1):.2f} ({each}) |")
    for seen in list(SEEN)[2:]:
        lost = losses(rows, seen)
        lines.append(
            f"\n{seen}: {100 * lost[True]:.2f} points lost with the match gate, {100 * lost[False]:.2f} without"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
