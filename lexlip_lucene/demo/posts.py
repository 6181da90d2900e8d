"""Posts about drawn characters, whose names say nothing of their type: the picture does.

A name is borne by three characters of different types, one of them in most posts: a person, a place, an organisation or
something else. All who bear a name have its colour; the shape shows the type. Neither is ever said in words. So a
reader of the text only can do no better than the usual type of each name, and one who also sees the picture can be
right. A post also says what else is in the picture (a star or an arrow in some colour), by which a wrong picture can be
told.

FOLDER/train.txt, valid.txt, test.txt     tagged posts in the layout of the Twitter sets
FOLDER/test-mixed.txt                     the test posts, half of them with the picture of another of this half
FOLDER/test-shuffled.txt                  the test posts, each with the picture of another
FOLDER/images/NNN.png                     the pictures
FOLDER/captions.jsonl                     all posts as a captions file, with the text once more under the key `caption`
FOLDER/characters.jsonl                   name, type, shape and colour of each character
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
from numpy.random import Generator

from lexlip_lucene.data.entities.tagged_posts import TaggedPost, tagged_lines
from lexlip_lucene.demo import words
from lexlip_lucene.demo.backgrounds import HIDDEN
from lexlip_lucene.demo.chance import pick
from lexlip_lucene.demo.drawing import draw
from lexlip_lucene.demo.layout import place
from lexlip_lucene.demo.scene import PIXELS, Scene, SceneObject
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.progress import Progress

NAMES = {
    "Jordan": "blue",
    "Paris": "red",
    "Santa Rosa": "green",
    "Austin": "yellow",
    "Florence": "purple",
    "Phoenix": "orange",
    "El Dorado": "brown",
    "Chelsea": "pink",
    "Saint Clair": "turquoise",
    "Orion": "black",
}
"""Name → colour of all who bear it."""

SHAPES = {
    "PER": ("circle", "heart"),
    "LOC": ("triangle", "diamond"),
    "ORG": ("square", "cross"),
    "MISC": ("ring", "crescent"),
}
"""Type → shapes of its characters; a character has one of them."""

BESIDE = ("star", "arrow")
"""Shapes of what else is in a picture."""

BEARERS = 3
USUAL = 0.7
"""Share of a name's posts that are about its usual bearer; the others have equal parts of the rest."""

PAIRS = 0.3
"""Share of posts about two characters."""

MIXED = 0.5
"""Share of the posts of test-mixed.txt that have a wrong picture."""

OPENINGS = ("", "RT @user :", "look :", "today :", "wow ,", "New photo :")
CLOSINGS = ("", "URL", "!", "#drawn", "#nofilter URL", "so good .")
JOINTS = (("", "next to a"), ("", "with a"), ("here is", "beside a"), ("spotted", "near a"), ("I love", "and that"))


class Character(NamedTuple):
    """One who bears a name."""

    name: str
    type: str
    shape: str
    colour: str


class DrawnPost(NamedTuple):
    """A post and the scene that its picture shows."""

    post: TaggedPost
    scene: Scene


def characters(seed: int) -> dict[str, list[Character]]:
    """Return name → its characters, the usual one first; each type is the usual one of as many names as the next."""
    rng = np.random.default_rng((seed, 0))
    types = list(SHAPES)
    usual = rng.permutation([types[at % len(types)] for at in range(len(NAMES))]).tolist()
    found = {}
    for (name, colour), first in zip(NAMES.items(), usual, strict=True):
        others = rng.permutation([type for type in types if type != first]).tolist()
        of_name = [first, *others][:BEARERS]
        found[name] = [Character(name, type, pick(SHAPES[type], rng), colour) for type in of_name]
    return found


def make_posts(*, count: int, first: int, seed: int) -> list[DrawnPost]:
    """Make up posts; nothing is drawn yet.

    Args:
        count: number of posts, from 0.
        first: number of the first, from 0, by which its picture is named.
        seed: decides everything, from 0. A post does not depend on how many there are.

    Raises:
        InputError: a number is below its least value.
    """
    for name, value in (("count", count), ("first", first), ("seed", seed)):
        if value < 0:
            raise InputError(f"posts: {name} must be at least 0, but it is {value}: choose another number")
    cast = characters(seed)
    return [_post(number, cast, np.random.default_rng((seed, 1, number))) for number in range(first, first + count)]


def write_posts(
    folder: Path, *, train: int, valid: int, test: int, seed: int, progress: Progress, force: bool = False
) -> None:
    """Draw and write posts into `folder`, which appears whole or not at all.

    Args:
        folder: to write.
        train: posts of train.txt.
        valid: of valid.txt.
        test: of test.txt, at least 4.
        seed: as above.
        progress: receives the pictures drawn.
        force: replace `folder`.

    Raises:
        InputError: a number is below its least value.
        OutputError: `folder` exists and `force` is off, or the system can't write it.
    """
    if test < 4:
        raise InputError(f"posts: at least 4 test posts are needed, to change pictures among half of them, got {test}")
    sizes = {"train": train, "valid": valid, "test": test}
    with written_folder(folder, force=force) as partial:
        (partial / "images").mkdir()
        captions: list[bytes] = []
        first = 0
        for name, count in sizes.items():
            drawn = make_posts(count=count, first=first, seed=seed)
            first += count
            for post, scene in progress.track(drawn, f"drawing {name} posts", count):
                draw(scene).save(partial / "images" / f"{post.picture}.png", compress_level=1)
            posts = [one.post for one in drawn]
            _write(partial / f"{name}.txt", posts)
            captions += [orjson.dumps(_captioned(post, name)) for post in posts]
        rng = np.random.default_rng((seed, 2))
        _write(partial / "test-mixed.txt", with_wrong_pictures(posts, MIXED, rng))
        _write(partial / "test-shuffled.txt", with_wrong_pictures(posts, 1.0, rng))
        lines = [orjson.dumps(one._asdict()) for of_name in characters(seed).values() for one in of_name]
        (partial / "captions.jsonl").write_bytes(b"\n".join(captions) + b"\n")
        (partial / "characters.jsonl").write_bytes(b"\n".join(lines) + b"\n")


def with_wrong_pictures(posts: Sequence[TaggedPost], share: float, rng: Generator) -> list[TaggedPost]:
    """Return the posts, a share of them with the picture of another of these; `rng` decides which."""
    chosen = rng.permutation(len(posts))[: round(share * len(posts))]
    found = list(posts)
    for at, other in zip(chosen.tolist(), np.roll(chosen, 1).tolist(), strict=True):
        found[at] = replace(posts[at], picture=posts[other].picture)
    return found


def _captioned(post: TaggedPost, split: str) -> dict[str, object]:
    text = " ".join(post.words)
    file = f"images/{post.picture}.png"
    return {"id": post.picture, "file": file, "split": split, "captions": [text], "caption": text}


def _write(path: Path, posts: Sequence[TaggedPost]) -> None:
    path.write_text("".join(tagged_lines(posts)), encoding="utf-8")


def _post(number: int, cast: dict[str, list[Character]], rng: Generator) -> DrawnPost:
    names = rng.permutation(list(NAMES))[: 2 if rng.random() < PAIRS else 1].tolist()
    shares = [USUAL] + [(1 - USUAL) / (BEARERS - 1)] * (BEARERS - 1)
    chosen = [cast[name][int(rng.choice(BEARERS, p=shares))] for name in names]
    beside = (pick(list(words.COLOURS), rng), pick(BESIDE, rng))
    looks = [(one.colour, one.shape) for one in chosen] + [beside]
    objects = None
    while objects is None:
        objects = _objects(looks, rng)
    shown = {colour for colour, _ in looks}
    background = pick([name for name, hidden in HIDDEN.items() if not shown & hidden], rng)
    rows = _rows(chosen, beside, background, rng)
    of_words, tags = zip(*rows, strict=True)
    scene = Scene(f"{number:06}", "", objects, background, (), seed=int(rng.integers(2**32)))
    return DrawnPost(TaggedPost(of_words, tags, f"{number:06}", ""), scene)


def _rows(
    chosen: Sequence[Character], beside: tuple[str, str], background: str, rng: Generator
) -> list[tuple[str, str]]:
    """Return the words of a post with their tags."""
    before, joint = pick(JOINTS, rng)
    where = pick(words.BACKGROUNDS[background], rng) if rng.random() < 0.5 else ""
    rows = _plain(f"{pick(OPENINGS, rng)} {before}")
    for at, one in enumerate(chosen):
        rows += _plain("and") if at else []
        rows += [(word, f"{'I' if n else 'B'}-{one.type}") for n, word in enumerate(one.name.split())]
    return rows + _plain(f"{joint} {' '.join(beside)} {where} {pick(CLOSINGS, rng)}")


def _plain(text: str) -> list[tuple[str, str]]:
    return [(word, "O") for word in text.split()]


def _objects(looks: Sequence[tuple[str, str]], rng: Generator) -> tuple[SceneObject, ...] | None:
    """Return the objects in their places; None if they do not all find room."""
    sizes = [pick(("medium", "large"), rng) for _ in looks]
    boxes = place([[int(rng.integers(*PIXELS[size], endpoint=True))] for size in sizes], rng)
    if boxes is None:
        return None
    return tuple(
        SceneObject(shape, colour, size, "plain", box)
        for (colour, shape), size, (box,) in zip(looks, sizes, boxes, strict=True)
    )
