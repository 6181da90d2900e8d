"""A folder of small photos, each of its own colours, and what `lexlip photos` made of it."""

from pathlib import Path
from typing import Any

import orjson
from PIL import Image

from lexlip_lucene.vectors.collection import shards_of
from support import tiny


def photo(path: Path, number: int, **options: object) -> Path:
    """Save a photo that no other `number` gives; `options` are those of Pillow."""
    path.parent.mkdir(parents=True, exist_ok=True)
    blocks = Image.new("RGB", (4, 3))
    blocks.putdata([((37 * number + 61 * cell) % 256, 23 * cell % 256, 255 - 11 * number % 256) for cell in range(12)])
    blocks.resize((40, 30), Image.Resampling.NEAREST).save(path, **options)
    return path


def lines_of(collection: Path) -> dict[str, dict[str, Any]]:
    """Return id → line of a collection."""
    lines = [orjson.loads(line) for shard in shards_of(collection) for line in shard.read_bytes().splitlines()]
    return {line["id"]: line for line in lines}


def vectors_of(collection: Path) -> dict[str, dict[str, int]]:
    """Return id → vector of a collection."""
    return {id: line["vector"] for id, line in lines_of(collection).items()}


def photo_folder(folder: Path, count: int) -> Path:
    """Save `count` photos in `folder`."""
    for number in range(count):
        photo(folder / f"{number}.png", number)
    return folder


def tiny_model(folder: Path) -> Path:
    """Save the tiny model in `folder`."""
    tiny.lexlip().save_pretrained(folder)
    return folder
