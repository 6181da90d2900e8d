"""Patch maps: their maximum is what pooling gives, their places are the picture's, and the rest has no place."""

from math import log

import numpy as np
import pytest
import torch
from PIL import Image
from support import tiny

from lexlip_lucene.encoders.explain.patch_maps import grid_of, patch_maps
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.pixels import normalise, to_square
from lexlip_lucene.errors import InputError
from lexlip_lucene.recipes.model_spec import AdapterSpec, BankSpec, ImageSpec, ViewSpec
from lexlip_lucene.vectors.patch_map import Box, Cell, Grid, PatchMap

RESNET = {"channels": [8, 8, 16, 16], "stem_type": "", "stem_width": 8, "output_stride": 8}
PLAIN = ImageSpec(backbone="resnet10t", arguments=RESNET, size=64, adapter=AdapterSpec(width=16))
"""8 × 8 places, no other position, no global path."""

KINDS = {
    "plain": PLAIN,
    "unit length": PLAIN.model_copy(update={"length_power": 1.0}),
    "patches of a ViT": tiny.VIT,
    "pooled grid": PLAIN.model_copy(update={"grid": 4}),
    "global path": PLAIN.model_copy(update={"grid": 4, "global_path": True}),
    "global state": PLAIN.model_copy(update={"grid": 4, "global_state": True, "global_path": True}),
    "views": PLAIN.model_copy(update={"views": (ViewSpec(), ViewSpec(mirrored=True, size=32)), "global_path": True}),
    "bank": PLAIN.model_copy(update={"bank": BankSpec(size=20, tokens=5, nearest=3, make_up=0.5)}),
}
GRIDS = {"patches of a ViT": (2, 2), "pooled grid": (4, 4), "global path": (4, 4), "global state": (4, 4)}


def picture(seed: int = 0) -> Image.Image:
    """Coloured noise in blocks, not square."""
    noise = np.random.default_rng(seed).integers(0, 256, (5, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((160, 100), Image.Resampling.NEAREST)


def model_of(kind: str) -> LexLip:
    """A random model whose logits are large enough that most tokens have a weight."""
    model = tiny.lexlip(KINDS[kind])
    with torch.no_grad():
        model.image.head.tokens.weight.mul_(20)
        if kind == "bank":
            texts = torch.rand(20, len(model.lexicon), generator=torch.Generator().manual_seed(1))
            model.banks["image"].fill(texts, texts)  # type: ignore[operator]  # a LexiconBank
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_weight_of_a_map_is_what_pooling_gives(kind: str) -> None:
    """For every token of the lexicon; where a position without a place wins, the map stays below it."""
    model = model_of(kind)
    maps = patch_maps(model, picture(), model.lexicon.tokens)
    scale = model.quantiser("image").scale
    vector = model.encode_images([picture()])[0]
    assert len(vector) > 3
    for found in maps:
        assert found.weights.max() <= found.weight * (1 + 1e-6)
        if not model.image.whole_positions:
            assert found.weights.max() == pytest.approx(found.weight, rel=1e-6)
        impact = min(255, max(1, round(found.weight * scale))) if found.weight else 0
        assert abs(impact - vector.get(found.token, 0)) <= 1  # rounding, of sums in another order
    assert grid_of(model)[:2] == maps[0].grid[:2] == maps[0].weights.shape == GRIDS.get(kind, (8, 8))


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_place_is_the_one_that_pooling_took(kind: str) -> None:
    model = model_of(kind)
    pixels = normalise(to_square(picture(), model.config.image.size).unsqueeze(0), model.config.image)
    with torch.inference_mode():
        positions = model.image.pooled(model.image.tower(pixels)).positions[0].tolist()
    for found, position in zip(patch_maps(model, picture(), model.lexicon.tokens), positions, strict=True):
        if found.cell is not None and found.weights.max() == pytest.approx(found.weight, rel=1e-6):
            runners_up = np.sort(found.weights.ravel())[-2:]
            if runners_up[1] - runners_up[0] > 1e-6:
                assert found.cell == found.grid.cell(position)
        elif found.weight:
            assert position >= found.weights.size, "a position without a place won"


def with_logits(model: LexLip, *, bias: float, global_path: float) -> LexLip:
    """`model` with given bias and global path for all tokens, for any picture."""
    with torch.no_grad():
        model.image.head.tokens.bias.fill_(bias)
        if model.image.global_path is not None:
            model.image.global_path.weight.zero_()
            model.image.global_path.bias.fill_(global_path)
    return model


def test_a_model_of_places_alone_has_nothing_without_a_place() -> None:
    maps = patch_maps(model_of("plain"), picture(), tiny.WORDS)
    assert any(found.weight for found in maps)
    assert {found.placeless for found in maps} == {0.0}


def test_the_share_without_a_place_is_the_weight_that_would_be_left() -> None:
    """Bias 0.25 and global path 0.75 leave log(2); the largest place adds what it adds to the logit."""
    model = with_logits(model_of("global path"), bias=0.25, global_path=0.75)
    model.config = model.config.model_copy(update={"image": model.config.image.model_copy(update={"length_power": 0})})
    maps = [found for found in patch_maps(model, picture(), tiny.WORDS) if found.weight]
    assert {found.placeless < 1 for found in maps} == {True, False}  # places may also take from what the whole says
    for found in maps:
        assert found.placeless == pytest.approx(min(1, log(2) / found.weight), rel=1e-5)
    flat = model_of("global path")
    with torch.no_grad():
        flat.image.head.tokens.weight.zero_()
    for found in patch_maps(with_logits(flat, bias=0.25, global_path=0.75), picture(), tiny.WORDS):
        assert found.placeless == pytest.approx(1.0) and found.weights.min() == pytest.approx(found.weight)


def test_what_a_view_of_the_whole_says_louder_than_any_place_has_no_place() -> None:
    maps = [found for found in patch_maps(model_of("views"), picture(), tiny.WORDS) if found.weight]
    louder = [found for found in maps if found.weights.max() < found.weight * (1 - 1e-6)]
    assert 0 < len(louder) < len(maps)
    assert all(found.placeless == pytest.approx(1) for found in louder)
    assert all(0 <= found.placeless < 1 for found in maps if found not in louder)


def test_a_token_that_the_picture_lacks_has_no_place() -> None:
    (found,) = patch_maps(with_logits(model_of("plain"), bias=-1e3, global_path=0), picture(), ["red"])
    assert (found.weight, found.placeless, found.cell, found.box) == (0.0, 0.0, None, None)
    assert not found.weights.any()


def test_moving_what_is_seen_moves_the_map() -> None:
    """A ViT without blocks or positions sees each patch by itself: exchanged patches exchange their weights."""
    arguments = {"img_size": 32, "depth": 0, "embed_dim": 32, "pos_embed": "none"}
    spec = tiny.VIT.model_copy(update={"arguments": arguments, "global_path": False, "adapter": AdapterSpec(width=16)})
    model = tiny.lexlip(spec)
    square = picture().resize((32, 32))
    moved = Image.fromarray(np.roll(np.asarray(square), 16, axis=1))
    for here, there in zip(*(patch_maps(model, seen, tiny.WORDS) for seen in (square, moved)), strict=True):
        np.testing.assert_allclose(here.weights[:, ::-1], there.weights, rtol=1e-5)


def test_maps_come_in_the_order_of_the_tokens_and_none_for_none() -> None:
    model = model_of("plain")
    several = patch_maps(model, picture(), ["star", "red", "star"])
    assert [found.token for found in several] == ["star", "red", "star"]
    (alone,) = patch_maps(model, picture(), ["red"])
    np.testing.assert_allclose(several[1].weights, alone.weights, rtol=1e-4, atol=1e-6)
    assert patch_maps(model, picture(), []) == []


def test_a_token_outside_the_lexicon_is_named() -> None:
    with pytest.raises(InputError, match=r"a token of the model's lexicon is needed, but tiny has no 'zebra'"):
        patch_maps(model_of("plain"), picture(), ["red", "zebra"])


def test_cells_count_in_reading_order_and_their_boxes_are_fractions() -> None:
    grid = Grid(4, 8)
    assert grid.cell(10) == Cell(1, 2)
    assert grid.box(Cell(1, 2)) == Box(0.25, 0.25, 0.375, 0.5)
    assert (grid.box(grid.cell(0))[:2], grid.box(grid.cell(31))[2:]) == ((0, 0), (1, 1))
    shifted = Grid(4, 8, -0.5)
    assert shifted.box(Cell(1, 2)) == Box(0.1875, 0.125, 0.3125, 0.375)
    assert shifted.box(Cell(0, 0)) == Box(0, 0, 0.0625, 0.125), "cut off at the edge"


def test_the_first_of_equal_places_is_the_cell() -> None:
    weights = np.array([[0, 1, 2], [2, 0, 1]], dtype=np.float32)
    found = PatchMap("red", 2.0, weights, 0.0, Grid(2, 3))
    assert found.cell == Cell(0, 2)
    assert found.box == Box(2 / 3, 0, 1, 0.5)
