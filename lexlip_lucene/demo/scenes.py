"""The demo's data: a few thousand captioned scenes, made from a seed, and written as a captions file.

Some pairs of colour and shape are held out: no training scene shows one, each test scene shows at least one, so
what the test measures has not been seen. Everything else is alike in both splits.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson
from numpy.random import Generator

from lexlip_lucene.demo import words
from lexlip_lucene.demo.backgrounds import HIDDEN
from lexlip_lucene.demo.chance import pick, pick_usual
from lexlip_lucene.demo.drawing import draw
from lexlip_lucene.demo.layout import place
from lexlip_lucene.demo.scene import PIXELS, Look, Scene, SceneObject
from lexlip_lucene.demo.wording import caption
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.progress import Progress

Pair = tuple[str, str]
"""A colour and a shape."""

GROUPS = (1, 2, 2, 2, 2, 3, 3, 3, 3, 4)
"""Numbers of groups in a scene, each entry as likely as the next."""

OBJECTS = 6
"""The most objects a scene has: more are too crowded to tell apart."""

ALONE = 0.65
"""Share of groups of one; the others have two or three objects."""

PLAIN = 0.5
"""Share of groups without a texture."""

HELD_OUT_COLOURS = 2
"""Colours held out per shape: 20 of the 110 pairs, 18 %."""


def held_out_pairs(seed: int) -> frozenset[Pair]:
    """Return the pairs of colour and shape that only test scenes show: every shape and every colour has one or two."""
    colours = np.random.default_rng(seed).permutation(list(words.COLOURS)).tolist()
    dealt = [shape for shape in words.SHAPES for _ in range(HELD_OUT_COLOURS)]
    return frozenset((colours[number % len(colours)], shape) for number, shape in enumerate(dealt))


def pairs_shown(seed: int) -> dict[str, tuple[list[Pair], list[Pair]]]:
    """Return the pairs that the first group of a split's scene has, and those that the other groups have."""
    unseen = held_out_pairs(seed)
    every = [(colour, shape) for colour in words.COLOURS for shape in words.SHAPES]
    seen = [pair for pair in every if pair not in unseen]
    return {"train": (seen, seen), "test": (sorted(unseen), every)}


def make_scenes(*, train: int, test: int, captions: int = 5, seed: int) -> list[Scene]:
    """Make up scenes with their captions; nothing is drawn yet.

    Args:
        train: number of training scenes, from 0; they come first.
        test: number of test scenes, from 0.
        captions: number of captions of each scene, from 1.
        seed: decides everything, from 0. Scene number n of a split does not depend on how many there are.

    Raises:
        InputError: a number is below its least value.
    """
    for name, value, least in (("train", train, 0), ("test", test, 0), ("captions", captions, 1), ("seed", seed, 0)):
        if value < least:
            raise InputError(f"scenes: {name} must be at least {least}, but it is {value}: choose another number")
    shows = pairs_shown(seed)
    return [
        _scene(f"{split}-{number:05}", split, *shows[split], captions, np.random.default_rng((seed, stream, number)))
        for stream, (split, count) in enumerate((("train", train), ("test", test)))
        for number in range(count)
    ]


def write_scenes(folder: Path, scenes: Sequence[Scene], progress: Progress) -> Path:
    """Draw `scenes` into `folder/images/<id>.png` and write `folder/captions.jsonl`; return the path of the latter.

    Each line is one of a captions file, with one more key, `objects`: their looks and boxes.

    Raises:
        OutputError: `folder` exists already, or the system can't write it.
    """
    with written_folder(folder) as partial:
        (partial / "images").mkdir()
        with (partial / "captions.jsonl").open("wb") as lines:
            for scene in progress.track(scenes, "drawing scenes", len(scenes)):
                file = f"images/{scene.id}.png"
                draw(scene).save(partial / file, compress_level=1)
                lines.write(orjson.dumps(_record(scene, file)) + b"\n")
    return folder / "captions.jsonl"


def _record(scene: Scene, file: str) -> dict[str, object]:
    objects = [{**thing.look._asdict(), "box": list(thing.box)} for thing in scene.objects]
    return {"id": scene.id, "file": file, "split": scene.split, "captions": scene.captions, "objects": objects}


def _scene(id: str, split: str, first: list[Pair], others: list[Pair], captions: int, rng: Generator) -> Scene:
    """Return a scene whose first pair comes from `first` and the rest from `others`."""
    objects = None
    while objects is None:
        objects = placed(looks_of(first, others, rng), rng)
    shown = {thing.colour for thing in objects}
    background = pick([name for name, hidden in HIDDEN.items() if not shown & hidden], rng)
    written = tuple(caption(objects, background, rng) for _ in range(captions))
    return Scene(id, split, objects, background, written, seed=int(rng.integers(2**32)))


def looks_of(first: list[Pair], others: list[Pair], rng: Generator) -> list[tuple[Look, int]]:
    """Return the looks of a scene, no two of one colour and shape, with the number of objects of each."""
    pairs = [pick(first, rng)]
    for _ in range(pick(GROUPS, rng) - 1):
        pairs.append(pick([pair for pair in others if pair not in pairs], rng))
    looks: list[tuple[Look, int]] = []
    spare = OBJECTS - len(pairs)
    for colour, shape in pairs:
        more = min(pick_usual((0, 1, 2), ALONE, rng), spare)
        spare -= more
        texture = pick_usual(tuple(words.TEXTURES), PLAIN, rng)
        looks.append((Look(shape, colour, pick(tuple(words.SIZES), rng), texture), 1 + more))
    return looks


def placed(looks: list[tuple[Look, int]], rng: Generator) -> tuple[SceneObject, ...] | None:
    """Return the objects in their places; None if they do not all find room."""
    sides = [[int(rng.integers(*PIXELS[look.size], endpoint=True))] * count for look, count in looks]
    boxes = place(sides, rng)
    if boxes is None:
        return None
    return tuple(
        SceneObject(**look._asdict(), box=box)
        for (look, _), members in zip(looks, boxes, strict=True)
        for box in members
    )
