"""The CRF against every tag sequence there is, and against pytorch-crf."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from lexlip_lucene.data.entities.iob2 import WordSpan, all_tags, spans_of
from lexlip_lucene.encoders.entities.crf import NEVER, LinearChainCrf

TAGS = all_tags(("LOC", "PER"))


def crf(seed: int = 0) -> LinearChainCrf:
    torch.manual_seed(seed)
    made = LinearChainCrf(TAGS).double()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter)
    return made.requires_grad_(False)


def allowed(path: tuple[int, ...]) -> bool:
    before = ("O", *(TAGS[tag] for tag in path))
    return all(not tag.startswith("I-") or last[2:] == tag[2:] for last, tag in itertools.pairwise(before))


def score(model: LinearChainCrf, emissions: Tensor, path: tuple[int, ...]) -> float:
    total = model.start[path[0]] + model.end[path[-1]] + sum(emissions[at, tag] for at, tag in enumerate(path))
    return float(total + sum(model.transition[a, b] for a, b in itertools.pairwise(path)))


def every(model: LinearChainCrf, emissions: Tensor) -> dict[tuple[int, ...], float]:
    paths = itertools.product(range(len(TAGS)), repeat=len(emissions))
    return {path: score(model, emissions, path) for path in paths if allowed(path)}


@pytest.mark.parametrize("words", [1, 2, 4])
def test_it_is_the_sum_and_the_best_over_all_sequences(words: int) -> None:
    model, emissions = crf(words), torch.randn(words, len(TAGS)).double()
    scores = every(model, emissions)
    mask = torch.ones(1, words, dtype=torch.bool)
    z = math.log(sum(math.exp(value) for value in scores.values()))
    assert float(model.log_partition(emissions.unsqueeze(0), mask)) == pytest.approx(z)
    best = max(scores, key=scores.__getitem__)
    assert model.best(emissions.unsqueeze(0), mask) == [list(best)]
    for path in list(scores)[:20]:
        found = model.log_likelihood(emissions.unsqueeze(0), torch.tensor([path]), mask)
        assert float(found) == pytest.approx(scores[path] - z)


@pytest.mark.parametrize("span", [(0, 1, "LOC"), (1, 3, "PER"), (3, 4, "LOC"), (0, 4, "PER")])
def test_the_probability_of_an_entity_is_the_share_of_the_sequences_that_have_it(span: tuple[int, int, str]) -> None:
    model, emissions = crf(7), torch.randn(4, len(TAGS)).double()
    scores = every(model, emissions)
    whole = sum(math.exp(value) for value in scores.values())
    having = sum(
        math.exp(value) for path, value in scores.items() if WordSpan(*span) in spans_of([TAGS[t] for t in path])
    )
    assert model.span_probability(emissions, WordSpan(*span)) == pytest.approx(having / whole)


def test_pads_change_nothing() -> None:
    model = crf(3)
    emissions, tags = torch.randn(2, 5, len(TAGS)).double(), torch.tensor([[0, 1, 2, 0, 3], [1, 2, 2, 0, 0]])
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    alone = emissions[1:, :3]
    own = torch.ones(1, 3, dtype=torch.bool)
    padded = model.log_likelihood(emissions, tags, mask)[1]
    assert float(padded) == pytest.approx(float(model.log_likelihood(alone, tags[1:, :3], own)))
    assert model.best(emissions, mask)[1] == model.best(alone, own)[0]


def test_a_sequence_that_may_not_be_is_never_found() -> None:
    model = crf(5)
    emissions = torch.zeros(1, 6, len(TAGS)).double()
    emissions[:, :, TAGS.index("I-PER")] = 5
    (path,) = model.best(emissions, torch.ones(1, 6, dtype=torch.bool))
    assert allowed(tuple(path))


def test_it_is_pytorch_crf_with_barred_transitions() -> None:
    from torchcrf import CRF

    model = crf(11)
    theirs = CRF(len(TAGS), batch_first=True).double()
    with torch.no_grad():
        theirs.start_transitions.copy_(model.start.masked_fill(model.never_first, NEVER))
        theirs.transitions.copy_(model.transition.masked_fill(model.never_follows, NEVER))
        theirs.end_transitions.copy_(model.end)
    emissions, tags = torch.randn(3, 6, len(TAGS)).double(), torch.zeros(3, 6, dtype=torch.long)
    mask = torch.tensor([[True] * 6, [True] * 4 + [False] * 2, [True] + [False] * 5])
    ours = model.log_likelihood(emissions, tags, mask)
    assert ours.tolist() == pytest.approx(theirs(emissions, tags, mask, reduction="none").tolist())
    assert model.best(emissions, mask) == theirs.decode(emissions, mask)
