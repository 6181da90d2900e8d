"""Words and picture put together: pads, gates, posts without pictures, and a match head that can learn to match."""

import torch
from support import tiny

from lexlip_lucene.data.entities.iob2 import all_tags
from lexlip_lucene.encoders.entities.maf import MatchGatedFusion
from lexlip_lucene.encoders.entities.tagger_network import TaggerNetwork
from lexlip_lucene.encoders.entities.word_batch import WordCutter
from lexlip_lucene.encoders.model.text_encoders import fresh_network
from lexlip_lucene.recipes.tagger_spec import FusionSpec, PictureSpec

WIDTH = 16
PICTURE = PictureSpec(backbone="resnet10t", arguments={"channels": [8, 8, 8, 8], "stem_width": 8}, size=32)


def fusion(**changes: object) -> MatchGatedFusion:
    torch.manual_seed(0)
    return MatchGatedFusion(WIDTH, 12, FusionSpec(heads=2, **changes)).eval()  # type: ignore[arg-type]  # checked by the spec


def network(picture: PictureSpec | None = PICTURE) -> TaggerNetwork:
    torch.manual_seed(0)
    encoder = fresh_network(tiny.BERT.architecture).base_model
    return TaggerNetwork(
        encoder,  # type: ignore[arg-type]  # transformers does not say that it is a module
        all_tags(("LOC", "PER")),
        shapes=True,
        picture=picture,
        fusion=FusionSpec(heads=2),
    ).eval()


def pixels(count: int, seed: int = 0) -> torch.Tensor:
    made = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=made)


def test_pads_have_no_part_in_the_match_or_in_any_word() -> None:
    model = fusion()
    words, patches = torch.randn(2, 5, WIDTH), torch.randn(2, 4, 12)
    mask = torch.tensor([[True] * 5, [True] * 2 + [False] * 3])
    both = model(words, mask, patches)
    alone = model(words[1:, :2], mask[1:, :2], patches[1:])
    assert torch.allclose(both.match[1], alone.match[0], atol=1e-5)
    assert torch.allclose(both.visual[1, :2], alone.visual[0], atol=1e-5)
    words[1, 2:] = 1e3
    assert torch.allclose(model(words, mask, patches).match, both.match)


def test_the_match_gate_takes_away_what_a_wrong_picture_says() -> None:
    words, mask, patches = torch.randn(1, 3, WIDTH), torch.ones(1, 3, dtype=torch.bool), torch.randn(1, 4, 12)
    gated, free = fusion(), fusion(match_gate=False)
    for model in (gated, free):
        model.match.joint[2].bias.data.fill_(-50.0)
    assert gated(words, mask, patches).visual.abs().max() < 1e-12
    assert free(words, mask, patches).visual.abs().max() > 0.1


def test_the_match_head_tells_right_pictures_from_wrong_ones() -> None:
    """One word names the kind of one patch: a head that is linear on [T; H] can't see it, this one can."""
    torch.manual_seed(1)
    model = MatchGatedFusion(WIDTH, 12, FusionSpec(heads=2, dropout=0))
    kinds, of_word, of_patch = 6, torch.randn(6, WIDTH), torch.randn(6, 12)
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)

    def pairs(count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        named, wrong = torch.randint(kinds, (count,)), torch.rand(count) < 0.5
        shown = torch.where(wrong, (named + torch.randint(1, kinds, (count,))) % kinds, named)
        words, patches = 0.3 * torch.randn(count, 4, WIDTH), 0.3 * torch.randn(count, 5, 12)
        words[:, 1] += of_word[named]
        patches[:, 2] += of_patch[shown]
        return words, patches, wrong

    mask = torch.ones(64, 4, dtype=torch.bool)
    for _ in range(300):
        words, patches, wrong = pairs(64)
        match = model(words, mask, patches).match
        loss = torch.nn.functional.binary_cross_entropy_with_logits(match, (~wrong).float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    words, patches, wrong = pairs(64)
    right = (model(words, mask, patches).match > 0) == ~wrong
    assert right.float().mean() > 0.9


def test_a_post_without_a_picture_has_a_visual_half_of_zeros() -> None:
    model, batch = network(), WordCutter(tiny.tokenizer(), 64).batch([["red", "dog"], ["cat"]])
    patches = model.patches(pixels(1))
    mixed = model(batch, patches, torch.tensor([True, False]))
    without = model(batch, None, None)
    assert torch.allclose(mixed.emissions[1, :1], without.emissions[1, :1], atol=1e-5)
    assert not torch.allclose(mixed.emissions[0], without.emissions[0], atol=1e-3)
    assert without.match is None


def test_a_picture_goes_to_its_own_post() -> None:
    model, batch = network(), WordCutter(tiny.tokenizer(), 64).batch([["red", "dog"], ["red", "dog"], ["red", "dog"]])
    patches = model.patches(pixels(2))
    found = model(batch, patches, torch.tensor([True, False, True])).emissions
    alone = model(batch, patches[1:], torch.tensor([False, False, True])).emissions
    assert torch.allclose(found[2], alone[2], atol=1e-5)
    assert not torch.allclose(found[0], found[2], atol=1e-4)


def test_a_frozen_tower_keeps_its_statistics_while_the_rest_trains() -> None:
    model, batch = network(), WordCutter(tiny.tokenizer(), 64).batch([["red", "dog"]] * 4)
    model.frozen_tower = True
    model.train()
    assert model.training and model.tower is not None and not model.tower.training
    before = {name: tensor.clone() for name, tensor in model.tower.state_dict().items()}
    model(batch, model.patches(pixels(4)), torch.ones(4, dtype=torch.bool))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.tower.state_dict().items())


def test_a_tagger_without_a_tower_reads_texts() -> None:
    model, batch = network(None), WordCutter(tiny.tokenizer(), 64).batch([["red", "dog"]])
    assert model(batch, None, None).emissions.shape == (1, 2, 5)
