"""The photos of a measurement: those that are searched by and for, and those that codes are fitted on."""

from typing import NamedTuple

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.errors import InputError
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe


class Photos(NamedTuple):
    """The photos in two parts.

    Attributes:
        searched: they search, and altered copies of them; no code is fitted on them.
        fitted: codes are fitted on them, and they are searched beside the others.
    """

    searched: list[CaptionedImage]
    fitted: list[CaptionedImage]


def photos_of(recipe: EncoderRecipe, *, split: str, aside: int) -> Photos:
    """Return the photos of `split` beside those that the recipe trains on.

    Args:
        recipe: names captions file and training split.
        split: searched.
        aside: if above 0, so many photos of the training split, evenly spread, take the place of `split`, and are not
            fitted on: settings are chosen so.

    Raises:
        InputError: no photo is left for either part.
    """
    data = recipe.data
    trained = read_captions(data.captions, split=data.split, outside=data.outside)
    if not aside:
        photos = Photos(read_captions(data.captions, split=split, outside=data.outside), trained)
    else:
        count = min(aside, len(trained))
        kept = {number * len(trained) // count for number in range(count)}
        photos = Photos(
            [image for number, image in enumerate(trained) if number in kept],
            [image for number, image in enumerate(trained) if number not in kept],
        )
    if not photos.searched or not photos.fitted:
        raise InputError(
            f"{data.captions}: photos to search and others to fit on are needed, got {len(photos.searched)} and "
            f"{len(photos.fitted)}"
        )
    return photos
