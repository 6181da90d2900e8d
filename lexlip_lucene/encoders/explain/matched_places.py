"""Matched places of two pictures: which place of one was found through which place of the other."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image
from torch import Tensor

from lexlip_lucene.encoders.explain.patch_maps import grid_of
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.pixels import normalise, to_square
from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon
from lexlip_lucene.vectors.patch_map import Grid
from lexlip_lucene.vectors.place_matches import PlaceMatches, place_matches


def matched_places(
    model: LexLip, lexicon: VisualLexicon, query: Image, document: Image, contributions: Sequence[tuple[str, int]]
) -> PlaceMatches:
    """Return the matches of two pictures.

    Args:
        model: the model.
        lexicon: its visual lexicon.
        query: the picture searched by, of any size.
        document: the picture found.
        contributions: visual words that both have, with what each gave to the score.

    Raises:
        InputError: a word is none of the lexicon's.
    """
    words = [word for word, _ in contributions]
    given = np.array([value for _, value in contributions], dtype=np.float64)
    grid, *strengths = _strengths(model, lexicon, [query, document], words)
    return place_matches(grid, given, *strengths)


@torch.inference_mode()
def _strengths(
    model: LexLip, lexicon: VisualLexicon, pictures: Sequence[Image], words: Sequence[str]
) -> tuple[Grid, NDArray[np.float64], NDArray[np.float64]]:
    pixels = torch.stack([to_square(each.convert("RGB"), model.config.image.size) for each in pictures])
    places = model.image.tower.seen(normalise(pixels.to(model.device), model.config.image)).places.cpu()
    first, second = (_of_places(lexicon, each, words) for each in places)
    return places_grid(model, places.shape[1]), first, second


def _of_places(lexicon: VisualLexicon, places: Tensor, words: Sequence[str]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = lexicon.at_places(places, words).double().numpy()
    return found


def places_grid(model: LexLip, places: int) -> Grid:
    """Return the grid of a tower's places, as many as there are: finer than the model's own if that is pooled."""
    own, side = grid_of(model), round(places**0.5)
    return Grid(side, side, own.shift * side / own.rows)
