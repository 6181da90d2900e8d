"""MAF's match head: what it starts from, what it can learn, and what it never sees."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.separation import auc
from lexlip_lucene.pairs.encoded import Numbers
from lexlip_lucene.pairs.match_head import MatchHead, MatchInputs
from lexlip_lucene.pairs.match_training import MatchSettings, match_loss, train_match_head

WIDTH, TOKENS, PATCHES, CONCEPTS = 16, 3, 4, 6


class Toy:
    """Texts of three words, pictures of four patches; a picture has its caption's words, in a space of its own.

    Retrieval knows nothing: every score is 0.
    """

    def __init__(self, count: int = 400, seed: int = 0) -> None:
        chance = torch.Generator().manual_seed(seed)
        words = functional.normalize(torch.randn(CONCEPTS, WIDTH, generator=chance), dim=1)
        places = functional.normalize(torch.randn(CONCEPTS, WIDTH, generator=chance), dim=1)
        which = torch.stack([torch.randperm(CONCEPTS, generator=chance)[:TOKENS] for _ in range(count)])
        noise = 0.05 * torch.randn(count, PATCHES, WIDTH, generator=chance)
        self.tokens = words[which]
        self.patches = places[torch.cat([which, which[:, :1]], dim=1)] + noise

    def of(self, captions: Numbers, pictures: Numbers) -> MatchInputs:
        tokens = self.tokens[torch.from_numpy(captions)]
        patches = self.patches[torch.from_numpy(pictures)]
        return MatchInputs(tokens, torch.ones(tokens.shape[:2]), patches, torch.zeros(len(tokens)))


def settings(**changes: int) -> MatchSettings:
    given = {"epochs": 40, "batch_size": 50, "learning_rate": 3e-3, "alike": 0, **changes}
    return MatchSettings(**given)  # type: ignore[arg-type]  # of the types that the fields have


def some_pairs(seed: int = 0, pairs: int = 5, absent: Tensor | None = None) -> MatchInputs:
    chance = torch.Generator().manual_seed(seed)
    weights = torch.rand(pairs, TOKENS, generator=chance) + 0.1
    return MatchInputs(
        torch.randn(pairs, TOKENS, WIDTH, generator=chance),
        weights,
        torch.randn(pairs, PATCHES, WIDTH, generator=chance),
        torch.randn(pairs, generator=chance),
        absent,
    )


def trained_looking(head: MatchHead, seed: int = 1) -> MatchHead:
    """Fill the last layer, which starts at zero and would hide everything before it."""
    with torch.no_grad():
        head.match.weight.normal_(generator=torch.Generator().manual_seed(seed))
    return head.eval()


def auc_on(head: MatchHead, toy: Toy, numbers: Numbers) -> float:
    with torch.inference_mode():
        right = head(toy.of(numbers, numbers)).double().numpy()
        wrong = head(toy.of(numbers, np.roll(numbers, 7))).double().numpy()
    return auc(right, wrong)


@pytest.mark.parametrize("picture_width", [WIDTH, 24])
def test_an_untrained_head_gives_the_retrieval_score(picture_width: int) -> None:
    pairs = some_pairs()
    pairs = pairs._replace(patches=torch.randn(5, PATCHES, picture_width))
    head = MatchHead(WIDTH, picture_width, width=WIDTH).eval()
    assert torch.equal(head(pairs), pairs.retrieval)


def test_pictures_swapped_before_the_attention_teach_what_a_match_is() -> None:
    toy, numbers = Toy(), np.arange(300)
    torch.manual_seed(0)
    head = MatchHead(WIDTH, WIDTH, width=WIDTH, dropout=0.0)
    train_match_head(head, toy, numbers, numbers, None, settings())
    assert auc_on(head, toy, np.arange(300, 400)) > 0.95


def test_states_swapped_after_the_attention_teach_nothing_about_pictures() -> None:
    """The published way: what is exchanged was made from matched pairs only."""
    toy, train = Toy(), np.arange(300)
    torch.manual_seed(0)
    head = _PublishedHead()
    optimiser = torch.optim.AdamW(head.parameters(), lr=3e-3)
    for step in range(240):
        batch = np.random.default_rng(step).choice(train, 50, replace=False)
        pairs = toy.of(batch, batch)
        enhanced = head.enhanced(pairs)
        label = torch.ones(50)
        label[-16:] = 0
        swapped = torch.cat([enhanced[:-16], enhanced[-16:].roll(1, dims=0)])
        loss = functional.binary_cross_entropy_with_logits(head.judge(pairs.tokens, swapped), label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    numbers = np.arange(300, 400)
    with torch.inference_mode():
        right, wrong = toy.of(numbers, numbers), toy.of(numbers, np.roll(numbers, 7))
        scores = [head.judge(p.tokens, head.enhanced(p)).double().numpy() for p in (right, wrong)]
    assert 0.4 < auc(*scores) < 0.6


class _PublishedHead(torch.nn.Module):
    """The published match head: linear in [T; H], of a fixed length."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(WIDTH, 4, batch_first=True)
        self.norm = torch.nn.LayerNorm(WIDTH)
        self.linear = torch.nn.Linear(2 * WIDTH * TOKENS, 1)

    def enhanced(self, pairs: MatchInputs) -> Tensor:
        seen, _ = self.attention(pairs.tokens, pairs.patches, pairs.patches, need_weights=False)
        found: Tensor = self.norm(pairs.tokens + seen)
        return found

    def judge(self, tokens: Tensor, enhanced: Tensor) -> Tensor:
        found: Tensor = self.linear(torch.cat([tokens, enhanced], dim=2).flatten(1)).squeeze(1)
        return found


def test_pads_of_texts_never_matter() -> None:
    head, pairs = trained_looking(MatchHead(WIDTH, WIDTH, width=WIDTH)), some_pairs()
    pads = 1e6 * torch.randn(5, 2, WIDTH)
    longer = pairs._replace(
        tokens=torch.cat([pairs.tokens, pads], dim=1), weights=torch.cat([pairs.weights, torch.zeros(5, 2)], dim=1)
    )
    torch.testing.assert_close(head(longer), head(pairs))


def test_pads_of_pictures_never_matter() -> None:
    head = trained_looking(MatchHead(WIDTH, WIDTH, width=WIDTH))
    pairs = some_pairs(absent=torch.zeros(5, PATCHES, dtype=torch.bool))
    more = pairs._replace(
        patches=torch.cat([pairs.patches, 1e3 * torch.randn(5, 3, WIDTH)], dim=1),
        absent=torch.cat([torch.zeros(5, PATCHES), torch.ones(5, 3)], dim=1).bool(),
    )
    torch.testing.assert_close(head(more), head(pairs))
    torch.testing.assert_close(head(pairs), head(pairs._replace(absent=None)))


def test_a_pad_that_is_no_number_never_matters() -> None:
    head, pairs = trained_looking(MatchHead(WIDTH, WIDTH, width=WIDTH)), some_pairs()
    pads = torch.full((5, 1, WIDTH), float("nan"))
    longer = pairs._replace(
        tokens=torch.cat([pairs.tokens, pads], dim=1), weights=torch.cat([pairs.weights, torch.zeros(5, 1)], dim=1)
    )
    torch.testing.assert_close(head(longer), head(pairs))


def test_a_text_without_a_token_that_counts_has_the_retrieval_score() -> None:
    head, pairs = trained_looking(MatchHead(WIDTH, WIDTH, width=WIDTH)), some_pairs()
    silent = pairs._replace(weights=torch.zeros_like(pairs.weights))
    torch.testing.assert_close(head(silent), pairs.retrieval)


def test_texts_may_be_of_any_length() -> None:
    head = trained_looking(MatchHead(WIDTH, WIDTH, width=WIDTH))
    for length in (1, 200):
        pairs = some_pairs()._replace(tokens=torch.randn(5, length, WIDTH), weights=torch.ones(5, length))
        assert head(pairs).isfinite().all()


def test_a_match_joins_text_and_picture() -> None:
    """The published score is a(text) + b(picture), for which both sums would be equal."""
    head, pairs = trained_looking(MatchHead(WIDTH, WIDTH, width=WIDTH)), some_pairs(pairs=2)
    other = pairs._replace(patches=pairs.patches.flip(0))
    one, two = head.beyond(pairs), head.beyond(other)
    assert abs((one.sum() - two.sum()).item()) > 1e-3


@pytest.mark.parametrize("count", [2, 3])
def test_batches_smaller_than_the_published_swap_are_swapped(count: int) -> None:
    toy, numbers = Toy(), np.arange(count)
    head = MatchHead(WIDTH, WIDTH, width=WIDTH).eval()
    loss = match_loss(head, toy, numbers, numbers, None, np.random.default_rng(0))
    assert loss.item() == pytest.approx(1.5 * np.log(2)), "a match and half a mismatch, of logits 0"


def test_a_batch_of_one_has_only_its_match() -> None:
    toy, numbers = Toy(), np.arange(1)
    head = MatchHead(WIDTH, WIDTH, width=WIDTH).eval()
    loss = match_loss(head, toy, numbers, numbers, None, np.random.default_rng(0))
    assert loss.item() == pytest.approx(np.log(2))


def test_a_last_batch_of_one_trains() -> None:
    toy, numbers = Toy(), np.arange(5)
    head = MatchHead(WIDTH, WIDTH, width=WIDTH)
    train_match_head(head, toy, numbers, numbers, None, settings(epochs=2, batch_size=2))
    assert not head.training


def test_captions_of_one_picture_are_refused() -> None:
    with pytest.raises(InputError, match="captions of two pictures or more"):
        train_match_head(MatchHead(WIDTH, WIDTH), Toy(), np.arange(3), np.zeros(3, dtype=int), None, settings())


def test_the_same_seed_gives_the_same_head_and_leaves_the_global_generator() -> None:
    toy, numbers = Toy(), np.arange(20)
    heads = []
    for _ in range(2):
        torch.manual_seed(3)
        head = MatchHead(WIDTH, WIDTH, width=WIDTH)
        torch.rand(len(heads))
        before = torch.get_rng_state()
        train_match_head(head, toy, numbers, numbers, None, settings(epochs=1))
        assert torch.equal(before, torch.get_rng_state())
        heads.append(head.state_dict())
    assert all(torch.equal(value, heads[1][name]) for name, value in heads[0].items())


def test_a_head_trains_on_the_device_of_its_inputs() -> None:
    """On torch's meta device nothing is computed, but a tensor of another device would be an error."""
    head = MatchHead(WIDTH, WIDTH, width=WIDTH).to("meta")
    pairs = MatchInputs(*(None if part is None else part.to("meta") for part in some_pairs()))  # type: ignore[arg-type]  # in order
    assert head(pairs).device.type == "meta"
