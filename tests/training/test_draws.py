"""The draws of a step follow from only the seed and the step's number."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import tiny

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.errors import InputError
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe, ImageRecipe
from lexlip_lucene.training.examples.augmentation import UNCHANGED
from lexlip_lucene.training.examples.draws import Draw, Draws
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.examples.masking import MaskVocabulary
from lexlip_lucene.training.losses.needs import joint_needs
from lexlip_lucene.training.losses.terms import named_terms, needs_of
from lexlip_lucene.training.parallel import ALONE, Team

AUGMENTED = {"flip": True, "shift": 3, "brightness": 0.2, "augment": {}}
TOKENIZER = tiny.tokenizer()


@cache
def captioned(images: int) -> CaptionTokens:
    """Image n has n % 3 + 1 captions; no two of an image's are alike."""
    words = tiny.WORDS
    texts = [
        [f"a {words[n % 8 + 1]} {words[k + 6]} run over two dogs" for k in range(n % 3 + 1)] for n in range(images)
    ]
    listed = [CaptionedImage(f"i{n}", Path(f"{n}.png"), "train", tuple(own)) for n, own in enumerate(texts)]
    return CaptionTokens.of(listed, TOKENIZER, 16)


def draws(
    trained: Sequence[int] = range(12), batch: int = 4, *, masks: tuple[float, float] = (0.0, 0.0), **others: Any
) -> Draws:
    image = ImageRecipe(**tiny.VIT.model_dump(), **others.pop("augmented", {}))
    settings: dict[str, Any] = {"seed": 0, "each": 1, **others}
    vocabulary = MaskVocabulary.of(TOKENIZER) if any(masks) else None
    numbers = np.array(trained)
    captions = captioned(int(numbers.max()) + 1)
    return Draws(
        trained=numbers, batch=batch, captions=captions, image=image, vocabulary=vocabulary, masks=masks, **settings
    )


def content(draw: Draw) -> list[Any]:
    """All of a draw in lists, so that two compare by ==."""
    parts = [draw.captions, draw.masked, draw.weakly_seen]
    tokens = [None if part is None else [tensor.tolist() for tensor in part] for part in parts]
    return [draw.images.tolist(), draw.numbers.tolist(), *tokens, draw.admitted]


# --- images ------------------------------------------------------------------------------------------------------


@given(st.integers(2, 30), st.integers(1, 30), st.integers(0, 5), st.integers(0, 2**63 - 1))
def test_an_epoch_sees_every_image_once_but_for_the_last_partial_batch(
    count: int, batch: int, epoch: int, seed: int
) -> None:
    trained = list(range(0, 3 * count, 3))
    made = draws(trained, batch := min(batch, count), seed=seed)
    steps = made.steps_of_an_epoch
    batches = list(made.images(epoch * steps, (epoch + 1) * steps))
    assert [len(one) for one in batches] == [batch] * (count // batch)
    seen = np.concatenate(batches).tolist()
    assert len(set(seen)) == len(seen) and set(seen) <= set(trained)
    assert count - len(seen) < batch


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 9))
def test_images_from_a_later_step_on_are_the_tail_of_a_whole_run(first: int, more: int, seed: int) -> None:
    made = draws(range(14), 4, seed=seed)  # three steps an epoch, two images left over
    whole = [images.tolist() for images in made.images(0, first + more)]
    assert [images.tolist() for images in made.images(first, first + more)] == whole[first:]


def test_every_epoch_and_every_seed_has_an_order_of_its_own() -> None:
    def order(seed: int, epoch: int) -> tuple[int, ...]:
        return tuple(np.concatenate(list(draws(seed=seed).images(3 * epoch, 3 * epoch + 3))).tolist())

    assert len({order(seed, epoch) for seed in range(3) for epoch in range(3)}) == 9


# --- looks -------------------------------------------------------------------------------------------------------


def test_the_look_of_a_step_is_the_same_whenever_it_is_asked_for_and_others_differ() -> None:
    made = draws(augmented=AUGMENTED)
    forwards = [made.augmentation(step) for step in range(40)]
    torch.rand(5)
    assert [draws(augmented=AUGMENTED).augmentation(step) for step in reversed(range(40))] == forwards[::-1]
    assert len(set(forwards)) == 40
    assert {look.mirrored for look in forwards} == {False, True}
    assert {side for look in forwards for side in look.shift} == set(range(-3, 4))
    assert all(0.8 <= look.brightness <= 1.2 for look in forwards)


def test_without_any_change_asked_for_pictures_are_seen_as_they_are() -> None:
    assert {draws().augmentation(step) for step in range(20)} == {UNCHANGED}


# --- captions ----------------------------------------------------------------------------------------------------


@given(st.integers(0, 1000), st.integers(0, 3), st.integers(1, 3))
def test_a_part_is_drawn_the_same_twice_and_its_captions_are_its_images_own(step: int, number: int, each: int) -> None:
    made, images = draws(each=each, masks=(0.3, 0.5), expansion=0.5), np.array([5, 2, 9, 3])
    one = made.part(step, number, images, 0.2)
    torch.rand(5)
    assert content(made.part(step, number, images, 0.2)) == content(one)
    first = made.captions.first
    for image, own in zip(images, one.numbers.reshape(4, each), strict=True):
        assert all(first[image] <= caption < first[image + 1] for caption in own)
        assert len(set(own.tolist())) == min(each, made.captions.counts[image])


def test_parts_of_a_step_and_steps_draw_apart() -> None:
    made, images = draws(range(60), each=2), np.arange(60)
    found = {tuple(made.part(step, number, images, 0.0).numbers.tolist()) for step in range(3) for number in range(3)}
    assert len(found) == 9


def test_captions_are_masked_only_where_that_is_asked_for() -> None:
    images = np.arange(12)
    for masks in ((0.0, 0.0), (0.3, 0.0), (0.0, 0.5), (0.3, 0.5)):
        drawn = draws(masks=masks).part(0, 0, images, 0.0)
        assert (drawn.masked is not None, drawn.weakly_seen is not None) == (masks[0] > 0, masks[1] > 0)
        for masked in (drawn.masked, drawn.weakly_seen):
            if masked is not None:
                assert masked.ids.shape == masked.labels.shape == drawn.captions.ids.shape
                assert torch.equal(masked.ids[masked.labels < 0], drawn.captions.ids[masked.labels < 0])
                assert torch.equal(masked.labels[masked.labels >= 0], drawn.captions.ids[masked.labels >= 0])


def test_the_masks_of_both_sides_are_drawn_apart() -> None:
    drawn = draws(range(60), masks=(0.5, 0.5)).part(0, 0, np.arange(60), 0.0)
    assert drawn.masked is not None and drawn.weakly_seen is not None
    assert not torch.equal(drawn.masked.labels, drawn.weakly_seen.labels)


@pytest.mark.parametrize("masks", [(0.0, 0.0), (0.3, 0.5)])
def test_processes_cut_a_part_into_images_with_their_captions(masks: tuple[float, float]) -> None:
    whole = draws(each=2, masks=masks).part(3, 0, np.array([4, 7, 1, 10, 2, 8]), 0.0)
    parts = [whole.part(Team(rank, 3).own(6), 2) for rank in range(3)]
    assert [part.images.tolist() for part in parts] == [[4, 7], [1, 10], [2, 8]]
    owner = np.searchsorted(captioned(12).first, whole.numbers, side="right") - 1
    for rank, part in enumerate(parts):
        assert part.numbers.tolist() == whole.numbers[4 * rank : 4 * rank + 4].tolist()
        assert owner[4 * rank : 4 * rank + 4].tolist() == np.repeat(part.images, 2).tolist()
    for name in ("captions", "masked", "weakly_seen"):
        of_whole, of_parts = getattr(whole, name), [getattr(part, name) for part in parts]
        assert (of_whole is None) == all(one is None for one in of_parts) == (name != "captions" and not masks[0])
        for joined, tensor in zip(zip(*of_parts, strict=True), of_whole, strict=True) if of_whole else ():
            assert torch.equal(torch.cat(joined), tensor)


@pytest.mark.parametrize(("expansion", "done", "shares"), [(0.0, 0.0, (1, 1)), (0.5, 0.0, (0, 0)), (0.5, 0.5, (1, 1))])
def test_tokens_that_a_text_lacks_are_admitted_by_the_recipe_s_schedule(
    expansion: float, done: float, shares: tuple[float, float]
) -> None:
    made, images = draws(expansion=expansion), np.arange(4)
    share = np.mean([made.part(step, 0, images, done).admitted for step in range(50)])
    assert shares[0] <= share <= shares[1]


def test_all_parts_of_a_step_admit_or_none() -> None:
    made, images = draws(expansion=0.5), np.arange(4)
    found = [{made.part(step, number, images, 0.25).admitted for number in range(4)} for step in range(40)]
    assert all(len(one) == 1 for one in found)
    assert {True, False} == set.union(*found)


# --- networks ----------------------------------------------------------------------------------------------------


def test_dropout_is_seeded_by_step_and_process() -> None:
    def drawn(step: int, rank: int) -> float:
        draws().seed_networks(step, rank)
        return torch.rand(()).item()

    found = {(step, rank): drawn(step, rank) for step in range(4) for rank in range(3)}
    assert len(set(found.values())) == 12
    assert drawn(2, 1) == found[2, 1]


# --- from a recipe -----------------------------------------------------------------------------------------------


def of(trained: NDArray[np.int64], team: Team = ALONE, **training: Any) -> Draws:
    recipe = EncoderRecipe.model_validate(
        {
            "name": "tiny",
            "data": {"captions": "captions.jsonl", "keep_aside": 1},
            "vocabulary": {"wordpieces": "vocab.txt"},
            "image": tiny.VIT.model_dump(),
            "text": tiny.BERT.model_dump(),
            "training": {"epochs": 1, "batch_size": 8, "learning_rate": 0.1, **training},
        }
    )
    masks = joint_needs(needs_of(named_terms(recipe.training))).masks
    return Draws.of(recipe, trained, captioned(20), TOKENIZER, team, masks=masks)


def test_a_recipe_says_what_is_drawn() -> None:
    made = of(
        np.arange(20), seed=7, captions_per_image=3, language={"mask": 0.2}, bottleneck={"mask": 0.6}, expansion=0.4
    )
    assert (made.seed, made.batch, made.each, made.masks, made.expansion) == (7, 8, 3, (0.2, 0.6), 0.4)
    assert made.steps_of_an_epoch == 2
    assert of(np.arange(20)).masks == (0.0, 0.0) and of(np.arange(20)).vocabulary is None


def test_a_batch_is_at_most_the_images_that_can_be_cut_evenly() -> None:
    assert of(np.arange(7)).batch == 7
    assert of(np.arange(7), accumulate=2).batch == 6
    assert of(np.arange(7), Team(0, 2), accumulate=2).batch == 4
    with pytest.raises(InputError, match="must be a multiple of accumulate × processes, got 8"):
        of(np.arange(20), Team(0, 3))
