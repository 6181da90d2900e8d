"""The search of captions by photos, with LexLIP at every operating point and with the dense twin.

Every caption of the searched photos is a document, the held-out ones too; without distractors. With the figures of
the first rung it makes RSUM, the sum of R@1, R@5 and R@10 in both directions, in percent: 600 at best.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.experiments.ladder.systems.dense import FLAT
from lexlip_lucene.experiments.ladder.systems.rung import file_name
from lexlip_lucene.experiments.one_system import run_dense, run_lexlip
from lexlip_lucene.experiments.recipe_run import states_of
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import OURS, LadderRecipe, lexlip_name

RECALLS = ("R@1", "R@5", "R@10")

_K = 10


def image_to_text(
    recipe: LadderRecipe,
    images: Sequence[CaptionedImage],
    models: Mapping[str, Path],
    folder: Path,
    progress: Progress,
) -> dict[str, dict[str, float]]:
    """Encode, index, search and evaluate; return system → its figures.

    Args:
        recipe: the ladder.
        images: the photos that search, all of which can be read.
        models: source → the model folder.
        folder: gets a folder a system.
        progress: shows every stage.
    """
    states = states_of(recipe.encoder)
    figures: dict[str, dict[str, float]] = {}
    for point in recipe.points:
        lexlip = run_lexlip(
            models[point.source],
            images,
            folder / file_name(point.name),
            direction="i2t",
            held_out=0,
            bits=point.bits,
            top_k=point.top_k,
            k=_K,
            states=states,
            progress=progress,
        )
        figures[lexlip_name(point)] = lexlip.figures
    if recipe.dense is not None:
        place = folder / "dense"
        dense = run_dense(
            models[OURS], images, place, direction="i2t", held_out=0, k=_K, states=states, progress=progress
        )
        figures[FLAT] = dense.figures
    return figures


def rsum(there: Mapping[str, float], back: Mapping[str, float]) -> float:
    """Return the sum of R@1, R@5 and R@10 of both directions, fractions in, percent out."""
    return 100 * sum(figures[measure] for figures in (there, back) for measure in RECALLS)
