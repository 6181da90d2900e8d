"""Pictures of coloured noise, each another one."""

from pathlib import Path

import numpy as np
from PIL import Image


def noise_photos(folder: Path, count: int) -> Path:
    """Write `00.png`, `01.png`, … of 40 × 30 pixels into `folder`, and return it."""
    folder.mkdir()
    chance = np.random.default_rng(0)
    for number in range(count):
        pixels = chance.integers(0, 256, (30, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return folder
