"""A server's index with visual words: pictures of noise, encoded by the tiny model, one of them beside a faint copy."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
from PIL import Image

from lexlip_lucene.cli.serve import open_served
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.recipes.visual_recipe import VisualRecipe
from lexlip_lucene.serve.http.limits import Limits
from lexlip_lucene.serve.served import Served
from lexlip_lucene.training.visual.visual_words import add_visual, train_visual
from support import tiny
from support.noise_photos import noise_photos

PHOTOS = 10
KEEP = 24

ORIGINAL, COPY = "03.png", "copy.png"


class LookingPlace(NamedTuple):
    """The paths of the index with visual words, of its model, and of models and an index without."""

    root: Path

    @property
    def index(self) -> Path:
        return self.root / "index"

    @property
    def index_of_words(self) -> Path:
        return self.root / "index of words"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def model_of_words(self) -> Path:
        return self.root / "model of words"

    @property
    def model_of_other_looks(self) -> Path:
        return self.root / "model of other looks"

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def bm25(self) -> Path:
        return self.root / "bm25"

    def opened(self, *, index: Path | None = None, model: Path | None = None) -> Served:
        """Open the index, or another, with the model, or another."""
        parts = (index or self.index, model or self.model, self.images, None, self.bm25)
        return open_served(*parts, Limits(seconds=60))


def make(root: Path) -> LookingPlace:
    """Make everything below `root`."""
    place = LookingPlace(root)
    noise_photos(place.images, PHOTOS)
    faint(place.images / ORIGINAL).save(place.images / COPY)
    tiny.lexlip().save_pretrained(place.model_of_words)
    model = LexLip.from_pretrained(place.model_of_words)
    images = read_captions(place.images)
    for folder, seed in ((place.model, 0), (place.model_of_other_looks, 1)):
        add_visual(model, train_visual(model, images, VisualRecipe(code="rotated", keep=KEEP, seed=seed)), folder)
    encode_images(LexLip.from_pretrained(place.model), images, root / "collection", visual=True)
    encode_images(model, images, root / "collection of words")
    ImpactIndex.build(root / "collection", place.index, store=["contents"], captions={"contents": 1.0})
    ImpactIndex.build(root / "collection of words", place.index_of_words)
    (root / "texts").mkdir()
    texts = [{"id": image.id, "contents": "a red dog"} for image in images]
    (root / "texts" / "a.jsonl").write_bytes(b"\n".join(map(orjson.dumps, texts)))
    build_bm25(root / "texts", place.bm25)
    return place


def faint(path: Path) -> Image.Image:
    """Return a picture with less contrast, unlike enough that rounding does not put it before the original."""
    pixels = np.asarray(Image.open(path), dtype=np.float64)
    return Image.fromarray((0.7 * pixels + 38).astype(np.uint8))
