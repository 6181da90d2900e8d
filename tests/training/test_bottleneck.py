"""The lexicon bottleneck and the weak decoder against their formulas in plain float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from lexlip_lucene.training.losses.bottleneck import WeakDecoder, lexicon_bottleneck

Array = NDArray[np.float64]
seeds = st.integers(0, 2**32 - 1)
NORMALISATIONS = pytest.mark.parametrize("normalisation", ["softmax", "saturated"])


def normal(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(scale=2, size=shape))


def bag_of(logits: list[float], normalisation: str) -> list[float]:
    if normalisation == "softmax":
        raised = [math.exp(logit) for logit in logits]
    else:
        raised = [math.log(1 + max(0.0, logit)) for logit in logits]
    return [weight / sum(raised) if sum(raised) else 0.0 for weight in raised]


def test_the_worked_numbers_of_the_module() -> None:
    logits, words = torch.tensor([[2.0, 0.0]]), torch.eye(2)
    assert lexicon_bottleneck(logits, words, "softmax")[0].tolist() == pytest.approx([0.88, 0.12], abs=5e-3)
    assert lexicon_bottleneck(logits, words, "saturated").tolist() == [[1.0, 0.0]]


@NORMALISATIONS
@given(seeds, st.integers(1, 4), st.integers(1, 6))
def test_the_bottleneck_is_the_mean_of_the_embeddings(normalisation: str, seed: int, batch: int, tokens: int) -> None:
    logits, embeddings = normal(seed, batch, tokens), normal(seed + 1, tokens, 3)
    found = lexicon_bottleneck(logits, embeddings, normalisation)
    for row, vector in zip(logits.tolist(), found.tolist(), strict=True):
        bag = bag_of(row, normalisation)
        expected = [sum(bag[v] * embeddings[v, d].item() for v in range(tokens)) for d in range(3)]
        assert vector == pytest.approx(expected, rel=1e-9, abs=1e-12)


@NORMALISATIONS
def test_the_gradient_flows_into_the_logits_and_never_into_the_embeddings(normalisation: str) -> None:
    logits, embeddings = normal(0, 2, 5).requires_grad_(), normal(1, 5, 3).requires_grad_()
    lexicon_bottleneck(logits, embeddings, normalisation).square().sum().backward()
    assert logits.grad is not None and bool(logits.grad.any())
    assert embeddings.grad is None


@NORMALISATIONS
def test_a_vector_without_anything_in_it_stays_finite_and_so_does_its_gradient(normalisation: str) -> None:
    """−inf is the largest logit of a caption without a word; softmax then weighs all words alike."""
    logits = torch.tensor([[-math.inf, -math.inf], [-1.0, -2.0]], requires_grad=True)
    found = lexicon_bottleneck(logits, torch.tensor([[1.0], [3.0]]), normalisation)
    found.sum().backward()
    softmax = [2.0, (math.exp(-1) + 3 * math.exp(-2)) / (math.exp(-1) + math.exp(-2))]
    assert found.flatten().tolist() == pytest.approx(softmax if normalisation == "softmax" else [0.0, 0.0])
    assert logits.grad is not None and bool(logits.grad.isfinite().all())


# --- the decoder -------------------------------------------------------------------------------------------------


def decoder(layers: int = 2, dropout: float = 0.0) -> WeakDecoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = WeakDecoder(8, layers, 2, 16, dropout).double()
        for parameter in made.parameters():
            nn.init.normal_(parameter, std=0.5)  # biases and norms that do something
    return made


def attention(*lengths: int) -> Tensor:
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


def norm_of(states: Array, weight: Array, bias: Array) -> Array:
    centred = states - states.mean(axis=1, keepdims=True)
    scaled: Array = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5) * weight + bias
    return scaled


def layer_of(states: Array, layer: nn.Module) -> Array:
    """One post-norm layer with two heads over the states (length, 8) of a caption without padding."""
    part = {name: tensor.detach().numpy() for name, tensor in layer.named_parameters()}
    query, key, value = np.split(
        states @ part["self_attn.in_proj_weight"].T + part["self_attn.in_proj_bias"], 3, axis=1
    )
    heads = []
    for columns in (slice(0, 4), slice(4, 8)):
        raised = np.exp(query[:, columns] @ key[:, columns].T / 2.0)
        heads.append(raised / raised.sum(axis=1, keepdims=True) @ value[:, columns])
    mixed = np.concatenate(heads, axis=1) @ part["self_attn.out_proj.weight"].T + part["self_attn.out_proj.bias"]
    states = norm_of(states + mixed, part["norm1.weight"], part["norm1.bias"])
    inner = states @ part["linear1.weight"].T + part["linear1.bias"]
    gelu = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
    out = gelu @ part["linear2.weight"].T + part["linear2.bias"]
    return norm_of(states + out, part["norm2.weight"], part["norm2.bias"])


@pytest.mark.parametrize("layers", [1, 2])
def test_the_decoder_is_the_formula_of_a_post_norm_transformer(layers: int) -> None:
    made, lengths = decoder(layers), (5, 3)
    bottleneck, embedded = normal(0, 2, 8), normal(1, 2, 5, 8)
    found = made(bottleneck, embedded, attention(*lengths)).detach()
    for row, length in enumerate(lengths):
        states = np.concatenate([bottleneck[row : row + 1].numpy(), embedded[row, 1:length].numpy()])
        for layer in made.layers:
            states = layer_of(states, layer)
        np.testing.assert_allclose(found[row, :length].numpy(), states, rtol=1e-9, atol=1e-9)


def test_every_word_sees_the_bottleneck_and_nothing_sees_what_it_replaced_or_the_padding() -> None:
    made, seen = decoder(), attention(5, 3)
    bottleneck, embedded = normal(0, 2, 8), normal(1, 2, 5, 8)
    states = made(bottleneck, embedded, seen)
    changed = embedded.clone()
    changed[:, 0], changed[1, 3:] = 9.0, -9.0
    torch.testing.assert_close(made(bottleneck, changed, seen)[seen], states[seen])
    other = made(bottleneck + 1, embedded, seen)
    assert ((other - states).abs().amax(dim=2) > 1e-6)[seen].all()


def test_all_layers_start_apart_and_learn() -> None:
    made = WeakDecoder(8, 2, 2, 16, 0.1)
    first, second = (dict(layer.named_parameters()) for layer in made.layers)
    assert not torch.equal(first["linear1.weight"], second["linear1.weight"])
    bottleneck = torch.randn(2, 8, requires_grad=True)
    made(bottleneck, torch.randn(2, 4, 8), attention(4, 2))[:, 1].square().sum().backward()
    assert bottleneck.grad is not None and bool(bottleneck.grad.any())
    assert all(parameter.grad is not None for parameter in made.parameters())


def test_without_gradients_in_eval_mode_it_gives_the_same_states() -> None:
    made, seen = decoder(), attention(5, 3)
    bottleneck, embedded = normal(0, 2, 8), normal(1, 2, 5, 8)
    expected = made(bottleneck, embedded, seen).detach()
    with torch.no_grad():
        found = made.eval()(bottleneck, embedded, seen)
    torch.testing.assert_close(found[seen], expected[seen])
