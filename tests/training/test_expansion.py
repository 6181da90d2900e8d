"""Expansion control: the schedule, and what a text that keeps to its own words keeps."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import tiny

from lexlip_lucene.encoders.model.text_encoders import StaticText
from lexlip_lucene.encoders.model.tokens import tokenise
from lexlip_lucene.training.examples.expansion import is_admitted, within_own_words

TEXTS = ["a red dog", "two cats run over zebra .", "", "[MASK] star star"]


def test_until_0_admits_all_and_draws_nothing() -> None:
    chance = np.random.default_rng(0)
    before = chance.bit_generator.state
    assert all(is_admitted(done, 0.0, chance) for done in (0.0, 0.5, 1.0))
    assert chance.bit_generator.state == before


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 1.0))
def test_the_first_step_admits_nothing_and_those_past_the_share_all(seed: int, until: float) -> None:
    chance = np.random.default_rng(seed)
    assert not is_admitted(0.0, until, chance)
    assert all(is_admitted(done, until, chance) for done in (until, 1.0))


@pytest.mark.parametrize(("done", "expected"), [(0.1, 0.125), (0.2, 0.25), (0.6, 0.75)])
def test_the_share_of_open_steps_grows_with_the_run(done: float, expected: float) -> None:
    chance = np.random.default_rng(0)
    draws = 4000
    open_steps = sum(is_admitted(done, 0.8, chance) for _ in range(draws))
    assert open_steps / draws == pytest.approx(expected, abs=0.03)  # 4 standard deviations of 4,000 draws


def test_a_text_keeps_the_weights_of_its_own_tokens_and_learns_from_them_alone() -> None:
    model = tiny.lexlip()
    assert isinstance(model.text, StaticText)
    tokens = tokenise(model.tokenizer, TEXTS, max_length=16)
    weights = (torch.rand(len(TEXTS), 13, generator=torch.Generator().manual_seed(0)) + 0.1).requires_grad_()
    kept = within_own_words(weights, model.text.own.presence(tokens.ids, tokens.words))
    kept.sum().backward()
    own = [set(model.tokenizer.encode(text).tokens) for text in TEXTS]
    inside = torch.tensor([[token in tokens_of for token in model.lexicon.tokens] for tokens_of in own])
    assert torch.equal(kept.detach(), torch.where(inside, weights.detach(), 0.0))
    assert weights.grad is not None
    assert torch.equal(weights.grad, inside.float())
    assert inside.sum(dim=1).tolist() == [
        3,
        5,
        0,
        1,
    ]  # two cat ##s run over: special, unknown and blocked ones do not count
