"""Known defects of the published MAF code, each of which this one does not have."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import taggers

from lexlip_lucene.data.entities.iob2 import tags_of
from lexlip_lucene.data.entities.tagged_posts import TaggedPost
from lexlip_lucene.encoders.entities.word_batch import WordCutter
from lexlip_lucene.recipes.tagger_recipe import TaggerTrainingRecipe
from lexlip_lucene.training.tagger.picture_swap import swapped
from lexlip_lucene.training.tagger.post_batches import by_length, epoch_batches
from lexlip_lucene.training.tagger.post_pictures import PostPictures
from lexlip_lucene.training.tagger.tagged_data import PostSet
from lexlip_lucene.training.tagger.tagger_losses import Alignment, info_nce, match_loss
from lexlip_lucene.training.tagger.tagger_step import TaggerStep


@given(st.integers(0, 30), st.floats(0, 1), st.integers(0, 2**31))
def test_a_chosen_place_never_keeps_its_own_picture(count: int, share: float, seed: int) -> None:
    swap = swapped(list(range(count)), share, np.random.default_rng(seed))
    moved = swap.source != np.arange(count)
    wanted = round(share * count)
    assert moved.sum() == (wanted if wanted >= 2 else 0)
    assert sorted(swap.source.tolist()) == list(range(count)), "each picture is still there once"
    assert (swap.wrong == moved).all()


def test_chance_chooses_the_places_and_not_the_end_of_the_batch() -> None:
    rng = np.random.default_rng(0)
    times = sum(swapped(list(range(16)), 0.25, rng).wrong.astype(int) for _ in range(400))
    assert times.min() > 50, "each place is exchanged about 100 times"


def test_a_picture_that_two_posts_share_is_not_wrong_for_either() -> None:
    swap = swapped(["a", "a"], 1.0, np.random.default_rng(0))
    assert swap.source.tolist() == [1, 0] and not swap.wrong.any()


class Recorded(torch.nn.Module):
    """A fusion that notes what it is given."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner, self.patches = inner, torch.empty(0)

    def forward(self, words: torch.Tensor, mask: torch.Tensor, patches: torch.Tensor) -> object:
        self.patches = patches.detach().clone()
        return self.inner(words, mask, patches)


def step(posts: Sequence[TaggedPost], held: torch.Tensor, swapped: float = 0.5) -> TaggerStep:
    tagger = taggers.tagger()
    network = tagger.network
    network.frozen_tower = True
    recipe = TaggerTrainingRecipe(swapped=swapped)
    assert network.tower is not None
    alignment = Alignment(network.text.width, network.tower.width, recipe.temperature, recipe.text_to_image)
    pictures = PostPictures(held, list(range(len(posts))), 0)
    cutter = WordCutter(tagger.tokenizer, 32)
    return TaggerStep(
        network, alignment, cutter, PostSet(list(posts), [], 0), pictures, recipe, np.random.default_rng(3)
    )


POSTS = [
    TaggedPost(words, tuple(tags_of([], len(words))), str(number), "")
    for number, words in enumerate([("red", "dog"), ("cat",), ("two", "dogs", "run"), ("star", "over", "a", "cat")])
]


def test_pictures_are_exchanged_before_the_words_look_at_them() -> None:
    held = torch.randn(4, 2, 8)
    made = step(POSTS, held)
    made.network.fusion = Recorded(made.network.fusion)  # type: ignore[arg-type, assignment]
    made([0, 1, 2, 3])
    seen = made.network.fusion.patches  # type: ignore[union-attr]
    moved = [row for row in range(4) if not torch.equal(seen[row], held[row])]
    assert len(moved) == 2
    assert torch.equal(seen[moved[0]], held[moved[1]]) and torch.equal(seen[moved[1]], held[moved[0]])


def test_a_swapped_post_is_tagged_without_the_strangers_picture() -> None:
    """With all pictures exchanged, the tags' loss does not depend on any of them."""
    losses = []
    for seed in (0, 1):
        held = torch.randn(4, 2, 8, generator=torch.Generator().manual_seed(seed))
        made = step(POSTS, held, swapped=1.0)
        made.network.eval()
        losses.append(made([0, 1, 2, 3]).tags)
    assert losses[0] == losses[1]


def test_with_their_own_pictures_the_tags_loss_depends_on_them() -> None:
    losses = []
    for seed in (0, 1):
        held = torch.randn(4, 2, 8, generator=torch.Generator().manual_seed(seed))
        made = step(POSTS, held, swapped=0.0)
        made.network.eval()
        losses.append(made([0, 1, 2, 3]).tags)
    assert losses[0] != losses[1]


def test_two_posts_are_enough_for_a_swap() -> None:
    """The published code leaves the match loss out when the batch is small."""
    made = step(POSTS[:2], torch.randn(2, 2, 8), swapped=1.0)
    assert made([0, 1]).match > 0


def test_the_alignment_loss_is_the_one_by_hand() -> None:
    logits = torch.tensor([[2.0, 0.5], [1.0, -1.0]])
    rows = [2.0 - np.log(np.exp(2.0) + np.exp(0.5)), -1.0 - np.log(np.exp(1.0) + np.exp(-1.0))]
    columns = [2.0 - np.log(np.exp(2.0) + np.exp(1.0)), -1.0 - np.log(np.exp(0.5) + np.exp(-1.0))]
    expected = -0.7 * np.mean(rows) - 0.3 * np.mean(columns)
    assert float(info_nce(logits, torch.tensor([0, 1]), 0.7)) == pytest.approx(expected, rel=1e-5)
    assert float(info_nce(logits, torch.tensor([4, 4]), 0.7)) == 0, "posts of one picture are no negatives"


def test_pads_have_no_part_in_the_alignment_loss() -> None:
    torch.manual_seed(0)
    alignment = Alignment(6, 5, 0.1, 0.7)
    words, patches = torch.randn(2, 4, 6), torch.randn(2, 3, 5)
    mask = torch.tensor([[True] * 4, [True, False, False, False]])
    before = alignment(words, mask, patches, torch.tensor([0, 1]))
    words[1, 1:] = 100.0
    assert torch.equal(alignment(words, mask, patches, torch.tensor([0, 1])), before)


def test_the_match_loss_wants_small_p_for_wrong_pictures() -> None:
    match = torch.tensor([3.0, -3.0])
    assert match_loss(match, torch.tensor([False, True])) < 0.1 < match_loss(match, torch.tensor([True, False]))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=90), st.integers(1, 9))
def test_an_epoch_has_each_post_once(lengths: list[int], size: int) -> None:
    for batches in (epoch_batches(lengths, size, np.random.default_rng(0)), by_length(lengths, size)):
        assert sorted(at for batch in batches for at in batch) == list(range(len(lengths)))
        assert max(map(len, batches)) <= size
