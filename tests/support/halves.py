"""A training set small enough for a test: 40 pictures of 32 pixels with one half in colour.

Image n is `i<n>`, its captions are "a red left word<n>" and "the left half is red": only it has `word<n>`.
"""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.training.examples.examples import split_aside
from lexlip_lucene.training.run.train import TrainReport, train
from support import tiny

IMAGES, ASIDE = 40, 8
COLOURS = ("red", "lime", "blue", "yellow", "white")
PLACES = {"left": (0, 0, 16, 32), "right": (16, 0, 32, 32), "top": (0, 0, 32, 16), "bottom": (0, 16, 32, 32)}


def draw(folder: Path) -> list[dict[str, Any]]:
    """Draw the pictures; return the lines of their captions file."""
    lines = []
    for number in range(IMAGES):
        colour, place = COLOURS[number % 5], list(PLACES)[number // 5 % 4]
        image = Image.new("RGB", (32, 32), "black")
        image.paste(colour, PLACES[place])
        image.save(folder / f"{number}.png")
        captions = [f"a {colour} {place} word{number}", f"the {place} half is {colour}"]
        file = str(folder / f"{number}.png")
        lines.append({"id": f"i{number}", "file": file, "split": "train", "captions": captions})
    return lines


def write(folder: Path, lines: list[dict[str, Any]]) -> Path:
    """Write `captions.jsonl` and `vocab.txt`, which has all their words; return the folder."""
    words = sorted({word for line in lines for caption in line["captions"] for word in caption.split()})
    (folder / "vocab.txt").write_text("\n".join([*tiny.SPECIAL, *words]) + "\n", encoding="utf-8")
    (folder / "captions.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return folder


def recipe_of(data: Path, **changes: Any) -> EncoderRecipe:
    """Make a recipe over `data`: the tiny ViT, the static text side. `training__epochs=2` changes a key of a group."""
    values: dict[str, Any] = {
        "name": "tiny",
        "data": {"captions": data / "captions.jsonl", "keep_aside": ASIDE},
        "vocabulary": {"wordpieces": data / "vocab.txt"},
        "image": tiny.VIT.model_dump(),
        "text": {"kind": "static"},
        "training": {"epochs": 2, "batch_size": 8, "learning_rate": 3e-3, "evaluations": 2},
    }
    for name, value in changes.items():
        group, _, key = name.partition("__")
        values[group] = {**values[group], key: value} if key else value
    return EncoderRecipe.model_validate(values)


def trained(
    recipe: EncoderRecipe, output: Path, progress: Progress = SILENT, cache: Path | None = None
) -> tuple[LexLip, TrainReport]:
    """Train, and load what was saved."""
    report = train(recipe, output, progress=progress, cache=cache)
    return LexLip.from_pretrained(output), report


def aside_of(recipe: EncoderRecipe) -> set[int]:
    """Return the numbers of the images that the recipe keeps aside."""
    return set(split_aside(IMAGES, recipe.data.keep_aside, recipe.training.seed)[1].tolist())
