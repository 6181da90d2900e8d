"""Scenes with their visual words: learned on training scenes, test scenes encoded, and matches of pairs of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.encode.arithmetic import Arithmetic
from lexlip_lucene.encode.states_pass import StatesPass
from lexlip_lucene.encoders.explain.matched_places import places_grid
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.pixels import load_square
from lexlip_lucene.encoders.pool.heaviest import quantised
from lexlip_lucene.encoders.pool.saturation import divide_by_length
from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.visual_recipe import VisualRecipe
from lexlip_lucene.records import Document
from lexlip_lucene.training.visual.visual_words import train_visual
from lexlip_lucene.vectors.collection import write_queries, write_shards
from lexlip_lucene.vectors.patch_map import Grid
from lexlip_lucene.vectors.picture_vector import PictureVector
from lexlip_lucene.vectors.place_matches import PlaceMatches, place_matches

AT_ONCE = 32

DOCUMENTS = "documents"
"""The folder of the collection; `looks.jsonl` and `words.jsonl` beside it are queries of the same pictures."""


class Pair(NamedTuple):
    """A picture that searched, one that it found, and what each visual word of both gave to the score."""

    query: str
    document: str
    contributions: Mapping[str, int]


@dataclass(frozen=True)
class ScenePictures:
    """Encoded scenes.

    Attributes:
        lexicon: visual words of training scenes.
        places: id → (places, width) fp16.
        grid: of the places.
    """

    lexicon: VisualLexicon
    places: Mapping[str, NDArray[np.float16]]
    grid: Grid

    def matches(self, pairs: Iterable[Pair]) -> Iterator[PlaceMatches]:
        """Yield the matched places of each pair."""
        for pair in pairs:
            words, given = list(pair.contributions), np.array(list(pair.contributions.values()), dtype=np.float64)
            strengths = [self._strengths(id, words) for id in (pair.query, pair.document)]
            yield place_matches(self.grid, given, *strengths)

    @torch.inference_mode()
    def _strengths(self, id: str, words: Sequence[str]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self.lexicon.at_places(torch.from_numpy(self.places[id]), words).double().numpy()
        return found


def encode_scenes(
    model: LexLip,
    train: Sequence[CaptionedImage],
    test: Sequence[CaptionedImage],
    recipe: VisualRecipe,
    folder: Path,
    progress: Progress,
) -> ScenePictures:
    """Learn visual words on `train`; write the collection and queries of `test` to `folder`, which is replaced.

    Raises:
        InputError: a picture can't be read, or there are too few for the codes.
    """
    lexicon = train_visual(model, train, recipe, progress=progress)
    tower = model.image.tower.eval()
    run = StatesPass(tower, model.device, Arithmetic(), batch_size=AT_ONCE, places=True)
    quantiser = model.quantiser("image")
    vectors: dict[str, PictureVector] = {}
    places: dict[str, NDArray[np.float16]] = {}
    for begin in progress.track(range(0, len(test), AT_ONCE), "scenes through the model (batches)"):
        some = test[begin : begin + AT_ONCE]
        with torch.inference_mode():
            seen = run.seen(torch.stack([_pixels(image, model.config.image.size) for image in some]))
            weights = divide_by_length(model.image.weights(seen.states), model.config.image.length_power)
            words = quantised(model.kept(weights, "image", quantiser.top_k), quantiser, model.lexicon.tokens)
            looks = lexicon.impacts(seen.places.cpu())
        for image, own, look, place in zip(some, words, looks, seen.places.half().cpu().numpy(), strict=True):
            vectors[image.id], places[image.id] = PictureVector(own, look), place
    with written_folder(folder, force=True) as partial:
        (partial / DOCUMENTS).mkdir()
        write_shards(partial / DOCUMENTS, (Document(id, "", vector.joined) for id, vector in vectors.items()))
        write_queries(partial / "looks.jsonl", (Document(id, "", vector.looks) for id, vector in vectors.items()))
        write_queries(partial / "words.jsonl", (Document(id, "", vector.words) for id, vector in vectors.items()))
    return ScenePictures(lexicon, places, places_grid(model, len(next(iter(places.values())))))


def _pixels(image: CaptionedImage, size: int) -> torch.Tensor:
    pixels = load_square(image, size)
    if not isinstance(pixels, torch.Tensor):
        raise InputError(f"{image.where}: image {image.id}: {pixels}: leave it out of the captions file")
    return pixels
