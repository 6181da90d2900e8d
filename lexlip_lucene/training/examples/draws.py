"""Draws of a step: its images, captions, masks and augmentation, a function of only the seed and the step's number.

Nothing random is carried from step to step, so a run that resumes at step n draws the same as an unbroken one, and the
processes of a team draw the same without speaking to each other. (A run of neighbours has its images from elsewhere:
`neighbour_batches.py`.)
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from lexlip_lucene.encoders.model.tokens import TokenBatch
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe, ImageRecipe
from lexlip_lucene.training.examples.augmentation import Augmentation
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.examples.expansion import is_admitted
from lexlip_lucene.training.examples.masking import MaskedTokens, MaskVocabulary, whole_word_mask
from lexlip_lucene.training.examples.sampler import NETWORK, STEP, EpochShuffles
from lexlip_lucene.training.parallel import Team, require_divisible


@dataclass(frozen=True)
class Draw:
    """Everything drawn for one part of a step: (images × captions each) rows of tokens, `numbers` among all captions.

    `masked` is the captions masked for the text side, `weakly_seen` the same ones masked for the decoder, by a draw of
    their own. `admitted` is True if texts may have tokens that they lack.
    """

    images: NDArray[np.int64]
    numbers: NDArray[np.int64]
    captions: TokenBatch
    masked: MaskedTokens | None
    weakly_seen: MaskedTokens | None
    admitted: bool

    def part(self, own: slice, each: int) -> "Draw":
        """Return the images of `own`, with their `each` captions."""
        rows = slice(own.start * each, own.stop * each)
        return Draw(
            images=self.images[own],
            numbers=self.numbers[rows],
            captions=_rows(self.captions, rows),
            masked=None if self.masked is None else MaskedTokens(*(part[rows] for part in self.masked)),
            weakly_seen=None if self.weakly_seen is None else MaskedTokens(*(part[rows] for part in self.weakly_seen)),
            admitted=self.admitted,
        )


@dataclass(frozen=True)
class Draws:
    """The draws of the steps of one run.

    Attributes:
        seed: of the run.
        trained: numbers of the images trained on.
        batch: images a step.
        captions: all captions.
        each: captions drawn for every image.
        image: the recipe's image part, for augmentation.
        vocabulary: of the masking; None if nothing is masked.
        masks: shares of words masked for the text side and for the decoder; 0: none.
        expansion: share of the run until texts may have all tokens.
    """

    seed: int
    trained: NDArray[np.int64]
    batch: int
    captions: CaptionTokens
    each: int
    image: ImageRecipe
    vocabulary: MaskVocabulary | None = None
    masks: tuple[float, float] = (0.0, 0.0)
    expansion: float = 0.0

    @classmethod
    def of(
        cls,
        recipe: EncoderRecipe,
        trained: NDArray[np.int64],
        captions: CaptionTokens,
        tokenizer: Tokenizer,
        team: Team,
        *,
        masks: tuple[float, float] = (0.0, 0.0),
    ) -> "Draws":
        """Lay out a run of `recipe` over the images `trained`; `masks` is what its losses need.

        Raises:
            InputError: a batch can't be cut evenly into parts and processes.
        """
        training = recipe.training
        photos = 1 if training.neighbours is None else training.neighbours.photos
        unit = training.accumulate * math.lcm(team.size, photos)
        batch = min(training.batch_size, len(trained) // unit * unit)  # a smaller set than one batch is one step
        require_divisible(batch, training.accumulate, team)
        return cls(
            seed=training.seed,
            trained=trained,
            batch=batch,
            captions=captions,
            each=training.captions_per_image,
            image=recipe.image,
            vocabulary=MaskVocabulary.of(tokenizer) if any(masks) else None,
            masks=masks,
            expansion=training.expansion,
        )

    @property
    def shuffles(self) -> EpochShuffles:
        """The images of every step, unless the run has another sampler."""
        return EpochShuffles(self.seed, self.trained, self.batch)

    @property
    def steps_of_an_epoch(self) -> int:
        """Whole batches of an epoch."""
        return self.shuffles.steps_of_an_epoch

    def images(self, first: int, last: int) -> Iterator[NDArray[np.int64]]:
        """Yield the images of the steps `first` to `last` − 1; every epoch has an order of its own."""
        return self.shuffles.images(first, last)

    def augmentation(self, step: int) -> Augmentation:
        """Return the change of the step's pictures."""
        chance = np.random.default_rng([self.seed, STEP, step, 0])
        down, right = (int(by) for by in chance.integers(-self.image.shift, self.image.shift + 1, size=2))
        brightness = 1.0 + float(chance.uniform(-self.image.brightness, self.image.brightness))
        mirrored = self.image.flip and bool(chance.integers(2))
        rand_augment = int(chance.integers(2**31)) if self.image.augment is not None else None
        return Augmentation(mirrored, (down, right), brightness, rand_augment)

    def part(self, step: int, number: int, images: NDArray[np.int64], done: float) -> Draw:
        """Draw the captions of part `number` of a step, at the share `done` of the run."""
        chance = np.random.default_rng([self.seed, STEP, step, 1 + number])
        numbers = self.captions.draw(images, self.each, chance)
        captions = self.captions.rows(numbers)
        return Draw(
            images=images,
            numbers=numbers,
            captions=captions,
            masked=self._masked(captions, self.masks[0], chance),
            weakly_seen=self._masked(captions, self.masks[1], chance),
            admitted=is_admitted(done, self.expansion, np.random.default_rng([self.seed, STEP, step, 0, 1])),
        )

    def seed_networks(self, step: int, rank: int) -> None:
        """Seed torch for the step's dropout, differently in every process."""
        sequence = np.random.SeedSequence([self.seed, NETWORK, step, rank])
        torch.manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> 1))

    def _masked(self, captions: TokenBatch, share: float, chance: np.random.Generator) -> MaskedTokens | None:
        if not share:
            return None
        assert self.vocabulary is not None, "masking has its vocabulary"
        return whole_word_mask(captions, share, self.vocabulary, chance)


def _rows(tokens: TokenBatch, rows: slice) -> TokenBatch:
    return TokenBatch(*(part[rows] for part in tokens))
