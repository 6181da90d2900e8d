"""Families of scenes: the same objects in other colours and places, which a model has to tell apart.

    python -m lexlip_lucene.demo.families OUT [--train 600] [--test 150] [--each 4] [--seed 0]

In the demo's own scenes hardly two are alike, and a batch drawn at random has no hard negative. Here a scene has
siblings with as many objects of the same shapes, sizes and textures before the same background.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator

from lexlip_lucene.demo.backgrounds import HIDDEN
from lexlip_lucene.demo.chance import pick
from lexlip_lucene.demo.scene import Look, Scene, SceneObject
from lexlip_lucene.demo.scenes import Pair, looks_of, pairs_shown, placed, write_scenes
from lexlip_lucene.demo.wording import caption
from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import for_terminal

Looks = list[tuple[Look, int]]
"""The looks of a scene, with the number of objects of each."""


def make_families(*, train: int, test: int, each: int, captions: int = 5, seed: int) -> list[Scene]:
    """Make up families of scenes with their captions; nothing is drawn yet.

    Args:
        train: number of training families, from 0; they come first.
        test: number of test families, from 0. Every test scene shows a pair of colour and shape that no training
            scene shows.
        each: scenes of a family, from 1.
        captions: number of captions of each scene, from 1.
        seed: decides everything, from 0.

    Raises:
        InputError: a number is below its least value.
    """
    least = {"train": (train, 0), "test": (test, 0), "each": (each, 1), "captions": (captions, 1), "seed": (seed, 0)}
    for name, (value, lowest) in least.items():
        if value < lowest:
            raise InputError(f"families: {name} must be at least {lowest}, but it is {value}: choose another number")
    shows = pairs_shown(seed)
    return [
        scene
        for stream, (split, count) in enumerate((("train", train), ("test", test)))
        for number in range(count)
        for scene in _family(
            f"{split}-{number:05}",
            split,
            *shows[split],
            each,
            captions,
            np.random.default_rng((seed, 2 + stream, number)),
        )
    ]


def _family(
    id: str, split: str, first: list[Pair], others: list[Pair], each: int, captions: int, rng: Generator
) -> list[Scene]:
    siblings: list[tuple[SceneObject, ...]] = []
    while len(siblings) < each:
        siblings = _siblings(looks_of(first, others, rng), first, others, each, rng)
    shown = {thing.colour for objects in siblings for thing in objects}
    free = [name for name, hidden in HIDDEN.items() if not shown & hidden]
    scenes = []
    for number, objects in enumerate(siblings):
        own = {thing.colour for thing in objects}
        background = pick(free or [name for name, hidden in HIDDEN.items() if not own & hidden], rng)
        free = [background] if free else []
        written = tuple(caption(objects, background, rng) for _ in range(captions))
        scenes.append(Scene(f"{id}-{number}", split, objects, background, written, seed=int(rng.integers(2**32))))
    return scenes


def _siblings(
    looks: Looks, first: list[Pair], others: list[Pair], each: int, rng: Generator
) -> list[tuple[SceneObject, ...]]:
    """Return scenes of these looks in other colours and places; fewer than `each` if they don't find room."""
    siblings = []
    for _ in range(each):
        objects = placed(recoloured(looks, first, others, rng), rng)
        if objects is not None:
            siblings.append(objects)
    return siblings


def recoloured(looks: Looks, first: list[Pair], others: list[Pair], rng: Generator) -> Looks:
    """Return the looks in other colours, no two of one colour and shape.

    Args:
        looks: of a scene.
        first: pairs of colour and shape that the first may have.
        others: pairs that the others may have.
        rng: decides the colours.
    """
    taken: set[Pair] = set()
    found: Looks = []
    for number, (look, count) in enumerate(looks):
        pairs = others if number else first
        free = [pair for pair in pairs if pair[1] == look.shape and pair not in taken]
        pair = pick(free, rng)
        taken.add(pair)
        found.append((look._replace(colour=pair[0]), count))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw families of scenes, with their captions file, into a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="folder to write")
    for name, value in (("train", 600), ("test", 150), ("each", 4), ("captions", 5), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = vars(parser.parse_args(arguments))
    output = given.pop("output")
    print(write_scenes(output, make_families(**given), for_terminal()))


if __name__ == "__main__":
    main()
