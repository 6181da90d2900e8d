"""The places of pictures, of some as altered copies, kept in files: computed once, and memory-mapped after that."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image
from torch import Tensor

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.images import UnreadableImage, open_listed
from lexlip_lucene.encode.arithmetic import Arithmetic
from lexlip_lucene.encode.states_pass import StatesPass
from lexlip_lucene.encoders.model.image_tower import ImageTower
from lexlip_lucene.encoders.model.pixels import to_square
from lexlip_lucene.encoders.visual.backbone_identity import backbone_sha256
from lexlip_lucene.errors import InputError, RecipeError
from lexlip_lucene.files.written import require_file, written_file
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe

AT_ONCE = 32

Alter = Callable[[Image, str, str], Image]
"""From a picture, its id and the name of an alteration to the altered copy (`alterations.py`)."""


def tower_of(recipe: EncoderRecipe) -> ImageTower:
    """Return the backbone of a recipe with its weights, without the views, which places do not show.

    Raises:
        ModelError: it can't be loaded.
        RecipeError: the recipe starts from another model, whose backbone it may be.
    """
    if recipe.training.start is not None:
        raise RecipeError(f"{recipe.name}: training.start is set: give a recipe that names its backbone's weights")
    spec = recipe.image.spec().model_copy(update={"grid": None, "global_state": False, "views": ()})
    torch.manual_seed(recipe.training.seed)  # of a backbone without weights
    tower = ImageTower(spec, from_hub=recipe.image.weights == "hub")
    tower.load_packages()
    if isinstance(recipe.image.weights, Path):
        tower.load_weights(require_file(recipe.image.weights, "image.weights"))
    return tower.eval()


@dataclass(frozen=True)
class KeptPlaces:
    """Places of pictures in files under `folder`.

    Attributes:
        tower: the backbone.
        folder: of the files.
        alter: makes altered copies.
        progress: shows every pass.
    """

    tower: ImageTower
    folder: Path
    alter: Alter
    progress: Progress

    @property
    def identity(self) -> str:
        """The hash of the backbone."""
        return backbone_sha256(self.tower)

    def file(self, images: Sequence[CaptionedImage], alteration: str | None) -> Path:
        """Return where the places of these pictures, as they are or altered, are kept."""
        digest = hashlib.sha256(f"{self.identity} {alteration}".encode())
        for image in images:
            size = image.path.stat().st_size if image.path.exists() else None
            digest.update(f"\n{image.id} {size}".encode())
        return self.folder / f"{alteration or 'plain'}-{len(images)}-{digest.hexdigest()[:16]}.npy"

    def of(self, images: Sequence[CaptionedImage], alteration: str | None = None) -> NDArray[np.float16]:
        """Return (pictures, places, width) fp16, as a map of the file.

        Raises:
            InputError: a picture can't be read; it is named.
        """
        file = self.file(images, alteration)
        if not file.exists():
            places = self._computed(images, alteration)
            file.parent.mkdir(parents=True, exist_ok=True)
            with written_file(file, force=True) as opened:
                np.save(opened, places)
        # Copy on write: torch warns of arrays that it may not write to.
        kept: NDArray[np.float16] = np.load(file, mmap_mode="c", allow_pickle=False)
        return kept

    def _computed(self, images: Sequence[CaptionedImage], alteration: str | None) -> NDArray[np.float16]:
        device = next(self.tower.parameters()).device
        run = StatesPass(self.tower, device, Arithmetic(), batch_size=AT_ONCE, places=True)
        found = []
        begins = range(0, len(images), AT_ONCE)
        for begin in self.progress.track(begins, f"places, {alteration or 'plain'} (batches)", len(begins)):
            pixels = torch.stack([self._pixels(image, alteration) for image in images[begin : begin + AT_ONCE]])
            found.append(run.seen(pixels).places.half().cpu())
        return torch.cat(found).numpy()

    def _pixels(self, image: CaptionedImage, alteration: str | None) -> Tensor:
        size = self.tower.spec.size
        try:
            if alteration is None:
                return to_square(open_listed(image, side=size), size)
            return to_square(self.alter(open_listed(image), image.id, alteration), size)
        except UnreadableImage as reason:
            raise InputError(f"{image.where}: image {image.id}: {reason}: leave it out of the captions file") from None
