"""The visual words of a loaded model, and pictures encoded with them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image

from lexlip_lucene.data.images import open_image
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.model_config import CONFIG_FILE
from lexlip_lucene.encoders.model.pixels import normalise, to_square
from lexlip_lucene.encoders.pool.heaviest import quantised
from lexlip_lucene.encoders.pool.saturation import divide_by_length
from lexlip_lucene.encoders.visual.backbone_identity import backbone_sha256
from lexlip_lucene.encoders.visual.visual_file import VISUAL_FILE, read_visual
from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon, whole
from lexlip_lucene.errors import ModelError
from lexlip_lucene.vectors.picture_vector import PictureVector


def visual_of(model: LexLip) -> VisualLexicon:
    """Return the visual lexicon in a loaded model's folder.

    Raises:
        ModelError: the model was not loaded from a folder, has no visual words, or they are of another backbone.
        InputError: the model's lexicon has a token like a visual word.
    """
    if model.folder is None:
        raise ModelError(f"model {model.config.name} is in no folder yet, so it has no visual words: save it first")
    lexicon = read_visual(model.folder, model.config.files, CONFIG_FILE)
    require_backbone(lexicon, model)
    lexicon.require_apart(model.lexicon)
    return lexicon


def require_backbone(lexicon: VisualLexicon, model: LexLip) -> None:
    """Raise ModelError unless visual words read the states of the model's own backbone."""
    tower = model.image.tower
    if lexicon.code.width != tower.width or lexicon.made_of.backbone_sha256 != backbone_sha256(tower):
        raise ModelError(
            f"the visual words in {model.folder or model.config.name} ({VISUAL_FILE}) were learned from the states of "
            "another backbone than this model's: make them again with `lexlip train-visual`"
        )


@torch.inference_mode()
def whole_vector(model: LexLip, picture: Image) -> NDArray[np.float32]:
    """Return the vector (width,) of a whole picture in mode RGB, as `lexlip encode images --whole` stores it."""
    pixels = to_square(picture, model.config.image.size).unsqueeze(0).to(model.device)
    found: NDArray[np.float32] = (
        whole(model.image.tower.seen(normalise(pixels, model.config.image)).places)[0].cpu().numpy()
    )
    return found


@torch.inference_mode()
def encode_pictures(
    model: LexLip, lexicon: VisualLexicon, pictures: Sequence[Path | Image], *, top_k: int | None = None
) -> list[PictureVector]:
    """Encode pictures (files, or PIL images in mode RGB) with their words and their visual words, in one pass.

    Args:
        model: the model.
        lexicon: its visual lexicon.
        pictures: as many as fit in memory at once.
        top_k: words kept of each; the model's own unless given.

    Raises:
        UnreadableImage: a file can't be read as an image.
        ModelError: the model's scale was never calibrated.
    """
    size, quantiser = model.config.image.size, model.quantiser("image", top_k=top_k)
    opened = [open_image(each, side=size) if isinstance(each, Path) else each.convert("RGB") for each in pictures]
    pixels = torch.stack([to_square(image, size) for image in opened]).to(model.device)
    seen = model.image.tower.seen(normalise(pixels, model.config.image))
    weights = divide_by_length(model.image.weights(seen.states), model.config.image.length_power)
    words = quantised(model.kept(weights, "image", quantiser.top_k), quantiser, model.lexicon.tokens)
    looks = lexicon.impacts(seen.places.cpu())
    return [PictureVector(*each) for each in zip(words, looks, strict=True)]
