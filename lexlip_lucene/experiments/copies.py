"""Near-duplicates that are known: photos and altered copies of them, and how many `lexlip duplicates` finds.

    python -m lexlip_lucene.experiments.copies draw CAPTIONS COPIES --split train --count 2000 --others others.jsonl
    lexlip train-visual others.jsonl model --model photos-fast
    lexlip encode images COPIES collection --model model --visual
    lexlip index collection index
    lexlip duplicates index --above 0.3 --output groups.json
    python -m lexlip_lucene.experiments.copies figures groups.json --count 2000

A pair is right if both pictures are of one photo. Of each kind, among the photos and their copies of that kind:

    recall at S = copies that are at least S like their photo / copies
    precision at S = right pairs of at least S / all pairs of at least S

Photos that were taken a second apart count as wrong, so the precision is a lower bound.
"""

import argparse
import math
import random
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson
from PIL import Image, ImageEnhance, ImageOps

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.data.images import open_image

ORIGINAL = "original"

Pair = tuple[str, str, float]
"""Two docids, and how alike they are."""


class Figures(NamedTuple):
    """Recall and precision of a kind of copy at a similarity; `wrong` pairs per thousand pictures."""

    kind: str
    above: float
    recall: float
    precision: float
    wrong: float


def _shrunk(photo: Image.Image, chance: random.Random) -> tuple[Image.Image, int]:
    return photo.resize((photo.width // 2, photo.height // 2), Image.Resampling.LANCZOS), 60


def _cropped(photo: Image.Image, chance: random.Random) -> tuple[Image.Image, int]:
    return _cut(photo, 0.9, chance), 90


def _cropped_more(photo: Image.Image, chance: random.Random) -> tuple[Image.Image, int]:
    return _cut(photo, 0.6, chance), 90


def _brighter(photo: Image.Image, chance: random.Random) -> tuple[Image.Image, int]:
    factor = chance.choice((0.65, 1.5))
    return ImageEnhance.Brightness(photo).enhance(factor), 90


def _mirrored(photo: Image.Image, chance: random.Random) -> tuple[Image.Image, int]:
    return ImageOps.mirror(photo), 90


KINDS: Mapping[str, Callable[[Image.Image, random.Random], tuple[Image.Image, int]]] = {
    "shrunk": _shrunk,
    "cropped": _cropped,
    "brighter": _brighter,
    "mirrored": _mirrored,
    "cropped-more": _cropped_more,
}
"""Kind → the altered picture and the quality of its JPEG: half the size at quality 60; 90 % of both sides, somewhere;
brightness × 0.65 or × 1.5; left and right changed; 60 % of both sides, somewhere."""

EVERY: Mapping[str, int] = {"shrunk": 2, "cropped": 2, "brighter": 2, "mirrored": 8, "cropped-more": 8}
"""Kind → of so many photos one has such a copy: photos that have none can be taken for another's copy as well."""


def draw_copies(photos: Sequence[CaptionedImage], folder: Path, *, seed: int) -> None:
    """Write each photo and its copies: `folder/ID/original.jpg`, `folder/ID/cropped.jpg`, …"""
    for number, photo in enumerate(photos):
        chance = random.Random(f"{seed} {photo.id}")
        own = folder / photo.id
        own.mkdir(parents=True)
        shutil.copyfile(photo.path, own / f"{ORIGINAL}.jpg")
        opened = open_image(photo.path)
        for kind, alter in KINDS.items():
            picture, quality = alter(opened, chance)
            if number % EVERY[kind] == 0:
                picture.save(own / f"{kind}.jpg", quality=quality)


def figures(pairs: Iterable[Pair], *, photos: int, levels: Sequence[float]) -> list[Figures]:
    """Return the figures of each kind at each similarity.

    Args:
        pairs: of a collection of `draw_copies`; all that are at least the lowest of `levels`.
        photos: number of originals.
        levels: similarities.
    """
    right: dict[str, list[float]] = {kind: [] for kind in KINDS}
    wrong: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for first, second, similarity in pairs:
        (photo, kind), (other, other_kind) = _of(first), _of(second)
        kinds = {kind, other_kind} - {ORIGINAL}
        if photo == other and len(kinds) == 1 and ORIGINAL in (kind, other_kind):
            right[kinds.pop()].append(similarity)
        elif photo != other and len(kinds) < 2:
            for each in kinds or KINDS:
                wrong[each].append(similarity)
    found = []
    for kind in KINDS:
        copies = math.ceil(photos / EVERY[kind])
        for level in levels:
            hits, misses = (sum(each >= level for each in of[kind]) for of in (right, wrong))
            precision = hits / (hits + misses) if hits + misses else 1.0
            found.append(Figures(kind, level, hits / copies, precision, 1000 * misses / (photos + copies)))
    return found


def _of(docid: str) -> tuple[str, str]:
    photo, _, name = docid.rpartition("/")
    return photo, name.removesuffix(".jpg")


def _cut(photo: Image.Image, share: float, chance: random.Random) -> Image.Image:
    width, height = round(share * photo.width), round(share * photo.height)
    left, top = chance.randint(0, photo.width - width), chance.randint(0, photo.height - height)
    return photo.crop((left, top, left + width, top + height))


def table(found: Sequence[Figures]) -> str:
    """Return the figures as a Markdown table."""
    head = ["| copies | at least | recall | precision | wrong pairs per 1,000 pictures |", "| --- |" + " ---: |" * 4]
    rows = [
        f"| {each.kind} | {each.above:.2f} | {each.recall:.4f} | {each.precision:.4f} | {each.wrong:.2f} |"
        for each in found
    ]
    return "\n".join([*head, *rows])


def _draw(arguments: argparse.Namespace) -> None:
    images = read_captions(arguments.captions, split=arguments.split)
    drawn = random.Random(arguments.seed).sample(images, arguments.count)
    draw_copies(drawn, arguments.folder, seed=arguments.seed)
    if arguments.others is not None:
        taken = {image.id for image in drawn}
        others = [image for image in images if image.id not in taken]
        lines = [
            orjson.dumps({"id": each.id, "file": str(each.path), "split": each.split, "captions": each.captions})
            for each in others
        ]
        arguments.others.write_bytes(b"\n".join(lines))


def _figures(arguments: argparse.Namespace) -> None:
    groups = orjson.loads(arguments.groups.read_bytes())["groups"]
    pairs = [(pair["first"], pair["second"], pair["similarity"]) for group in groups for pair in group["pairs"]]
    print(table(figures(pairs, photos=arguments.count, levels=arguments.at)))


def main() -> None:
    """Draw copies, or print the figures of what was found."""
    parser = argparse.ArgumentParser(
        prog="python -m lexlip_lucene.experiments.copies",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    steps = parser.add_subparsers(required=True)
    draw = steps.add_parser("draw", help="write photos and their copies")
    draw.add_argument("captions", type=Path)
    draw.add_argument("folder", type=Path)
    draw.add_argument("--split", default=None)
    draw.add_argument("--seed", type=int, default=0)
    draw.add_argument("--others", type=Path, default=None, help="captions file of the photos that were not drawn")
    draw.set_defaults(run=_draw)
    found = steps.add_parser("figures", help="print recall and precision")
    found.add_argument("groups", type=Path)
    found.add_argument("--at", type=float, nargs="+", default=[0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    found.set_defaults(run=_figures)
    for each in (draw, found):
        each.add_argument("--count", type=int, default=2000, help="photos that have copies")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
