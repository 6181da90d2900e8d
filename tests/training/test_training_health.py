"""Figures of lexicon vectors, the warnings that follow from them, and the report of too little memory."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lexlip_lucene.encode.memory import encoding_memory_errors_named
from lexlip_lucene.errors import MemoryLimitError
from lexlip_lucene.recipes.training_recipe import MomentumRecipe, TrainingRecipe
from lexlip_lucene.training.run.health import Health, expected_flops, vector_figures
from lexlip_lucene.training.run.memory import training_memory_errors_named


def vectors(rows: int, tokens: int, active: int, seed: int = 0) -> Tensor:
    """Vectors with `active` tokens each, drawn apart."""
    chance = torch.Generator().manual_seed(seed)
    made = torch.zeros(rows, tokens)
    for row in made:
        row[torch.randperm(tokens, generator=chance)[:active]] = torch.rand(active, generator=chance) + 0.1
    return made


# --- figures -----------------------------------------------------------------------------------------------------


def test_the_figures_are_those_counted_by_hand() -> None:
    weights = torch.tensor([[1.0, 0, 0, 2], [1, 0, 3, 0], [1, 0, 0.5, 0.1]])
    assert vector_figures(weights) == {
        "active_tokens": pytest.approx(7 / 3),
        "dead": 0.25,  # the second token
        "always_on": 0.25,  # the first
        "skew": pytest.approx(3 / 7),  # the longest of 4 lists has 3 of 7 postings
    }


def test_the_skew_looks_at_the_longest_hundredth_of_the_lists() -> None:
    even = torch.ones(10, 200)
    assert vector_figures(even)["skew"] == pytest.approx(0.01)
    uneven = torch.zeros(10, 200)
    uneven[:, :2] = 1
    uneven[0, 2:22] = 1
    assert vector_figures(uneven)["skew"] == pytest.approx(20 / 40)


def test_vectors_without_any_token_have_figures_too() -> None:
    assert vector_figures(torch.zeros(2, 5)) == {"active_tokens": 0, "dead": 1, "always_on": 0, "skew": 0}


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 8), st.integers(0, 99))
def test_expected_flops_is_the_mean_number_of_shared_postings(n: int, m: int, tokens: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    images, texts = (torch.from_numpy(chance.integers(0, 2, (rows, tokens)) * 0.7) for rows in (n, m))
    shared = [sum(bool(i > 0 and t > 0) for i, t in zip(a, b, strict=True)) for a in images for b in texts]
    assert expected_flops(images, texts) == pytest.approx(sum(shared) / len(shared))


# --- warnings ----------------------------------------------------------------------------------------------------

GOOD = vectors(50, 100, 10)


def test_vectors_that_are_well_are_not_spoken_of() -> None:
    assert Health(100, None).look(0, GOOD, vectors(50, 100, 5, seed=1)) == []


@pytest.mark.parametrize(
    ("images", "words", "knob"),
    [
        (torch.zeros(50, 100), "image vectors are empty, 0.00 tokens each", "lower training.image_flops"),
        (
            vectors(1, 100, 10) + 0.001 * GOOD,
            "image vectors are nearly all the same, mean cosine 1.000",
            "lower training.learning_rate",
        ),
        (vectors(50, 100, 60), "image vectors are dense, 60 of 100 tokens active", "raise training.image_flops"),
        (
            torch.cat([torch.ones(50, 2), GOOD[:, 2:]], dim=1),
            "always-on tokens, in at least 90 % of the image vectors: 2",
            "training.flops_frequency=true",
        ),
    ],
    ids=["empty", "alike", "dense", "always-on"],
)
def test_a_trouble_is_told_once_in_one_line_with_the_knob(images: Tensor, words: str, knob: str) -> None:
    health = Health(100, None)
    told = health.look(7, images, GOOD)
    assert any(words in line and knob in line and line.startswith("step 7: ") for line in told)
    assert all("\n" not in line for line in told)
    assert health.look(8, images, GOOD) == []
    resumed = Health(100, None, said=set(health.said))
    assert resumed.look(9, images, GOOD) == []
    assert len(resumed.look(10, GOOD, images)) == len(told), "the text side is spoken of by itself"


def test_dense_vectors_and_always_on_tokens_are_no_news_before_the_ramp_ends() -> None:
    health, dense = Health(100, None, ramp_ends=50), vectors(50, 100, 60)
    dense[:, 0] = 1
    assert health.look(49, dense, GOOD) == []
    assert len(health.look(50, dense, GOOD)) == 2


def test_a_token_that_top_k_cuts_away_is_not_always_on() -> None:
    weights = GOOD.clone()
    weights[:, 0] = 1e-3
    assert Health(100, 10).look(0, weights, GOOD) == []
    assert "image vectors: 1;" in Health(100, 11).look(0, weights, GOOD)[0]


# --- memory ------------------------------------------------------------------------------------------------------

RECIPE = TrainingRecipe(steps=1, batch_size=8, learning_rate=1e-3)


@pytest.mark.parametrize("library", ["torch on a CPU", "NumPy", "torch on a GPU"])
def test_out_of_memory_is_told_with_the_knobs_to_turn(library: str) -> None:
    with pytest.raises(MemoryLimitError) as raised, training_memory_errors_named(RECIPE):
        if library == "torch on a CPU":
            torch.empty(2**55)
        elif library == "NumPy":
            np.empty(2**55)
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nOf it, 1 GiB is free")
    message = str(raised.value)
    assert message.startswith("training at batch size 8 needs more memory than there is (")
    assert message.endswith(
        "): set training.precision=bfloat16, or training.checkpointing=true, or training.accumulate=2, "
        "or training.batch_size below 8, or image.size smaller"
    )
    assert "\n" not in message


def test_knobs_that_are_turned_already_are_not_named() -> None:
    recipe = TrainingRecipe(
        steps=1,
        batch_size=8,
        accumulate=4,
        learning_rate=1e-3,
        precision="bfloat16",
        checkpointing=True,
        momentum=MomentumRecipe(queue=100),
    )
    with (
        pytest.raises(MemoryLimitError, match=r"set training.momentum.queue=50, or training.batch_size below 8, or im"),
        training_memory_errors_named(recipe),
    ):
        raise MemoryError


def test_encoding_names_its_batch_size() -> None:
    with (
        pytest.raises(MemoryLimitError, match=r"encoding at batch size 32 .*--batch-size 16"),
        encoding_memory_errors_named(32),
    ):
        torch.empty(2**55)
    with pytest.raises(MemoryLimitError, match="a batch of one is the smallest"), encoding_memory_errors_named(1):
        raise MemoryError


def test_other_errors_pass_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="inconsistent"), training_memory_errors_named(RECIPE):
        raise RuntimeError("inconsistent tensor size")
