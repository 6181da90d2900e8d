"""The other direction: photos search the captions, by LexLIP at every operating point and by the dense twin.

Every caption of the searched photos is a document, the held-out ones too; there are no distractors. With the figures of
the first rung it makes RSUM, the sum of R@1, R@5 and R@10 in both directions, in percent: 600 at best.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from lexlip_lucene.built import is_built, mark_built, unmark
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.experiment import run_dense, run_lexlip
from lexlip_lucene.files import written_file
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import FLAT, LadderRecipe, lexlip_name

RECALLS = ("R@1", "R@5", "R@10")

_K = 10


def image_to_text(
    recipe: LadderRecipe, model: Path, folder: Path, fingerprint: Sequence[str], progress: Progress
) -> dict[str, dict[str, float]]:
    """Return system → its figures; what was measured on the same vectors is not measured again.

    Args:
        recipe: the ladder.
        model: its model folder.
        folder: takes a folder a system.
        fingerprint: what the documents were made from.
        progress: told about it.
    """
    images = read_captions(recipe.captions, split=recipe.split)
    states = model.parent / "states"
    found: dict[str, dict[str, float]] = {}
    for point in recipe.points:
        place, name = folder / f"{point.top_k}-{point.bits}", lexlip_name(point)
        parts = [*fingerprint, name]
        if not is_built(place, parts, "figures.json"):
            unmark(place)
            done = run_lexlip(
                model,
                images,
                place,
                direction="i2t",
                held_out=0,
                bits=point.bits,
                top_k=point.top_k,
                k=_K,
                states=states,
                progress=progress,
            )
            _keep(place, done.figures, parts)
        found[name] = _kept(place)
    if recipe.dense is not None:
        place, parts = folder / "dense", [*fingerprint, FLAT]
        if not is_built(place, parts, "figures.json"):
            unmark(place)
            done = run_dense(model, images, place, direction="i2t", held_out=0, k=_K, states=states, progress=progress)
            _keep(place, done.figures, parts)
        found[FLAT] = _kept(place)
    return found


def rsum(there: Mapping[str, float], back: Mapping[str, float]) -> float:
    """Return the sum of R@1, R@5 and R@10 of both directions, fractions in, percent out."""
    return 100 * sum(figures[measure] for figures in (there, back) for measure in RECALLS)


def _keep(place: Path, figures: Mapping[str, float], parts: Sequence[str]) -> None:
    with written_file(place / "figures.json", force=True) as file:
        file.write(orjson.dumps(figures))
    mark_built(place, parts)


def _kept(place: Path) -> dict[str, float]:
    return dict(orjson.loads((place / "figures.json").read_bytes()))
