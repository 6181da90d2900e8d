"""Views: the mean states of further looks at the whole picture, and what is made of them."""

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file
from support import tiny
from support.halves import draw, recipe_of, write
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.encoders.model.backbone_pass import BackbonePass, run_backbone
from lexlip_lucene.encoders.model.image_encoder import ImageEncoder
from lexlip_lucene.encoders.model.image_tower import ImageTower
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.pixels import normalise
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.model_spec import AdapterSpec, ImageSpec, ViewSpec
from lexlip_lucene.training.examples.frozen_states import FrozenStates
from lexlip_lucene.training.run.job import prepare
from lexlip_lucene.training.run.loop import Trainer

SIZE = 32
OTHER: dict[str, Any] = {"backbone": "mobilenetv2_050", "arguments": {"pad_type": "same"}, "identity": ("bn2.act",)}
"""As wide as the image's own backbone, which is a mobilenetv2_035: 1,280."""

VIEWS = (
    ViewSpec(),
    ViewSpec(size=64),
    ViewSpec(mirrored=True),
    ViewSpec(size=64, mirrored=True),
    ViewSpec(**OTHER),
    ViewSpec(**OTHER, size=48, mirrored=True),
)


def spec(*views: ViewSpec, **others: Any) -> ImageSpec:
    return ImageSpec(backbone="mobilenetv2_035", size=SIZE, views=views, adapter=AdapterSpec(width=8), **others)


def tower(*views: ViewSpec, **others: Any) -> ImageTower:
    torch.manual_seed(0)
    return ImageTower(spec(*views, **others)).eval()


def pictures(count: int = 3) -> Tensor:
    """Noise between mid grey and white: (count, 3, 32, 32) uint8."""
    return torch.randint(128, 256, (count, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(1)).byte()


def mean_of(backbone: nn.Module, pixels: Tensor) -> Tensor:
    """The states of timm's backbone, averaged over places: (batch, width)."""
    found: Tensor = cast(Any, backbone).forward_features(pixels)
    return found.flatten(2).mean(dim=2)


def block_mean(made: ImageTower, pixels: Tensor, number: int) -> Tensor:
    """The mean of what block `number` of the own backbone gives, 0 being the stem: (batch, width of the block)."""
    found: list[Tensor] = []
    hook = cast(Any, made.backbone).blocks[number - 1].register_forward_hook(lambda _, __, given: found.append(given))
    cast(Any, made.backbone).forward_features(pixels)
    hook.remove()
    return found[0].mean(dim=(2, 3))


def resized(pixels: Tensor, size: int, made: ImageTower) -> Tensor:
    """Resized as values of 0..255 would be, which can't leave that range."""
    mean, std = (torch.tensor(part).view(3, 1, 1) for part in (made.spec.mean, made.spec.std))
    raw = functional.interpolate(pixels * std + mean, size=(size, size), mode="bicubic", antialias=True)
    return (raw.clamp(0, 1) - mean) / std


# --- the states of a view ----------------------------------------------------------------------------------------


@torch.inference_mode()
def test_the_state_of_every_view_is_its_backbone_s_mean_of_what_it_sees() -> None:
    made = tower(*VIEWS, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.25))
    pixels = normalise(pictures(), made.spec)
    states = made(pixels)
    assert states.shape == (3, 1 + len(VIEWS), 1280), "one place of 32 pixels, and the views"
    for number, view in enumerate(VIEWS):
        backbone = made.backbone if view.backbone is None else made.others[str(number)]
        seen = pixels if view.size is None else resized(pixels, view.size, made)
        wanted = mean_of(backbone, seen)
        if view.mirrored:
            wanted = (wanted + mean_of(backbone, seen.flip(-1))) / 2
        torch.testing.assert_close(states[:, number - len(VIEWS)], wanted, rtol=1e-3, atol=1e-4)


@torch.inference_mode()
def test_views_stand_after_the_places_and_change_none() -> None:
    plain, made = tower(grid=1), tower(*VIEWS, grid=1)
    made.backbone.load_state_dict(plain.backbone.state_dict())
    pixels = normalise(pictures(), made.spec)
    assert torch.equal(made(pixels)[:, :1], plain(pixels))


@torch.inference_mode()
def test_a_view_of_the_image_s_own_size_is_the_picture_itself() -> None:
    made = tower(ViewSpec(), ViewSpec(size=SIZE))
    states = made(normalise(pictures(), made.spec))
    assert torch.equal(states[:, 1], states[:, 2])


@torch.inference_mode()
def test_the_states_of_a_picture_do_not_depend_on_the_others_of_its_batch() -> None:
    made = tower(*VIEWS)
    grey, both = pictures(1), torch.cat([pictures(1), 255 * (pictures(2)[1:] > 190).byte()])
    torch.testing.assert_close(made(normalise(both, made.spec))[:1], made(normalise(grey, made.spec)))


@torch.inference_mode()
def test_a_view_of_blocks_has_their_mean_states_side_by_side_and_then_zeros() -> None:
    made = tower(ViewSpec(), ViewSpec(blocks=(6, 2)), ViewSpec(size=64, mirrored=True, blocks=(7,)))
    pixels = normalise(pictures(), made.spec)
    states = made(pixels)
    large = resized(pixels, 64, made)
    side = torch.cat([block_mean(made, pixels, 6), block_mean(made, pixels, 2)], dim=1)
    torch.testing.assert_close(states[:, -2, : side.shape[1]], side)
    assert not states[:, -2, side.shape[1] :].any()
    both = (block_mean(made, large, 7) + block_mean(made, large.flip(-1), 7)) / 2
    torch.testing.assert_close(states[:, -1, : both.shape[1]], both, rtol=1e-3, atol=1e-4)
    assert torch.equal(states[:, :-2], tower(ViewSpec())(pixels)), "places and other views are as without"


@torch.inference_mode()
def test_views_that_see_the_same_share_one_pass() -> None:
    made = tower(ViewSpec(mirrored=True), ViewSpec(blocks=(6,)), ViewSpec(size=64), ViewSpec(size=64, blocks=(5,)))
    seen = []
    cast(Any, made.backbone).conv_stem.register_forward_hook(lambda _, given, __: seen.append(given[0].shape[-1]))
    made(normalise(pictures(), made.spec))
    assert seen == [32, 32, 64], "the picture, its mirror image, and the large one"


@torch.inference_mode()
def test_blocks_that_are_not_there_or_too_wide_are_refused() -> None:
    pixels = normalise(pictures(), spec())
    with pytest.raises(ModelError, match=r"no blocks \[40\]"):
        tower(ViewSpec(blocks=(40,)))(pixels)
    wide = tower(ViewSpec(blocks=(5, 6, 7)))
    with pytest.raises(ModelError, match=r"blocks \[5, 6, 7\] are 200 wide together, but a state has a width of 100"):
        BackbonePass(torch.zeros(1, 100, 1, 1), run_backbone(wide.backbone, "", pixels, (5, 6, 7)).blocks).mean(
            (5, 6, 7)
        )
    with pytest.raises(ValidationError, match="each block once is needed, got \\[1, 1\\]"):
        ViewSpec(blocks=(1, 1))


@torch.inference_mode()
def test_a_mirrored_view_sees_a_picture_and_its_mirror_image_alike() -> None:
    made = tower(ViewSpec(size=64, mirrored=True), ViewSpec(size=64))
    there, back = (made(normalise(one, made.spec)) for one in (pictures(), pictures().flip(-1)))
    torch.testing.assert_close(there[:, -2], back[:, -2])
    assert not torch.allclose(there[:, -1], back[:, -1], rtol=1e-3)


def test_a_vit_gives_views_too() -> None:
    view = ViewSpec(backbone="beit_base_patch16_224", arguments={**tiny.VIT.arguments, "depth": 1})
    image = tiny.VIT.model_copy(update={"views": (ViewSpec(mirrored=True), view)})
    made = ImageTower(image).eval()
    pixels = normalise(pictures(), image)
    with torch.inference_mode():
        states, patches = made(pixels), cast(Any, made.others["1"]).forward_features(pixels)[:, 1:]
    assert states.shape == (3, 6, 32)
    torch.testing.assert_close(states[:, -1], patches.mean(dim=1))


# --- what is refused ---------------------------------------------------------------------------------------------


def test_a_view_of_another_width_is_refused() -> None:
    view = ViewSpec(backbone="vit_tiny_patch16_224", arguments=tiny.VIT.arguments)
    with pytest.raises(ModelError, match=r"image\.views: vit_tiny_patch16_224 has states of width 32, but .* 1280"):
        ImageTower(spec(view))


def test_views_and_a_global_state_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="views take the place of global_state"):
        spec(ViewSpec(), global_state=True)


# --- what the image side makes of them ---------------------------------------------------------------------------


@torch.inference_mode()
def test_the_global_path_sees_the_views_side_by_side_and_apart_from_the_places() -> None:
    torch.manual_seed(0)
    image = ImageEncoder(spec(ViewSpec(), ViewSpec(mirrored=True), global_path=True), 7).eval()
    assert image.global_path is not None and image.whole_width == image.global_path.in_features == 2560
    for buffer in (image.state_mean, image.view_mean):
        buffer.normal_()
    image.state_scale.fill_(2.0)
    image.view_scale.copy_(torch.tensor([[3.0], [4.0]]))
    states = torch.randn(5, 3, 1280)
    standardised = image.standardised(states)
    torch.testing.assert_close(standardised[:, 0], (states[:, 0] - image.state_mean) / 2)
    roots = [
        (states[:, 1 + number].sign() * states[:, 1 + number].abs().sqrt() - image.view_mean[number]) / (3 + number)
        for number in range(2)
    ]
    torch.testing.assert_close(standardised[:, 1:], torch.stack(roots, dim=1))
    adapted, whole = image.adapted(states)
    torch.testing.assert_close(whole, torch.cat(roots, dim=1))
    places = image.head.tokens(image.head(adapted)).amax(dim=1)
    torch.testing.assert_close(image.logits(states), places + image.global_path(torch.cat(roots, dim=1)))


def test_a_model_of_several_views_is_saved_and_loaded_whole(tmp_path: Path) -> None:
    model = tiny.lexlip(spec(ViewSpec(mirrored=True), ViewSpec(**OTHER, size=48), global_path=True))
    with torch.no_grad():
        model.image.view_mean.normal_()
        model.image.view_scale.fill_(0.5)
    model.save_pretrained(tmp_path / "model")
    loaded = LexLip.from_pretrained(tmp_path / "model")
    assert loaded.config == model.config
    with torch.inference_mode():
        assert torch.equal(loaded.image_weights(pictures()), model.image_weights(pictures()))


# --- from a recipe -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of weights for OTHER."""
    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("weights") / "other.safetensors"
    save_file(ImageTower(spec(ViewSpec(**OTHER))).others["0"].state_dict(), path)
    return path


@pytest.fixture(scope="module")
def trainer(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    """A run at its start, over a frozen backbone and two views more."""
    folder = tmp_path_factory.mktemp("halves")
    image = {**spec(global_path=True).model_dump(), "frozen": True, "ridge": {"strength": 100, "folds": 2}}
    views = [{"mirrored": True}, {**OTHER, "weights": weights}]
    recipe = recipe_of(write(folder, draw(folder)), image={**image, "views": views}, training__dense={"width": 4})
    run = prepare(recipe, folder / "model")
    return run.trainer("choosing", run.trained_on, run.kept_aside)


def test_the_weights_of_a_view_s_backbone_come_from_its_file(trainer: Trainer, weights: Path) -> None:
    other = ImageTower(spec(ViewSpec(**OTHER)))
    other.load_weights(weights, view=0)
    found = trainer.model.image.tower.others["1"].state_dict()
    assert all(torch.equal(tensor, found[name]) for name, tensor in other.others["0"].state_dict().items())
    torch.manual_seed(5)
    assert torch.equal(
        found["conv_stem.weight"], ImageTower(spec(ViewSpec(**OTHER))).others["0"].state_dict()["conv_stem.weight"]
    )


def test_a_file_that_does_not_fit_a_view_s_backbone_names_it(tmp_path: Path) -> None:
    save_file({"more": torch.zeros(1)}, tmp_path / "weights")
    with pytest.raises(ModelError, match="weights does not fit the backbone mobilenetv2_050: "):
        ImageTower(spec(ViewSpec(**OTHER))).load_weights(tmp_path / "weights", view=0)


def test_a_start_brings_every_view_to_mean_zero_and_one_scale(trainer: Trainer) -> None:
    source, image = trainer.source, trainer.model.image
    assert isinstance(source, FrozenStates)
    kept = source.kept[0][torch.from_numpy(trainer.draws.trained)]
    standardised = image.standardised(kept)
    views = standardised[:, -2:]
    torch.testing.assert_close(views.mean(dim=0), torch.zeros(2, 1280), atol=1e-4, rtol=0)
    torch.testing.assert_close(views.square().mean(dim=(0, 2)), torch.ones(2), atol=1e-4, rtol=0)
    assert image.view_scale.shape == (2, 1), "one scale a view, so that quiet channels stay quiet"
    torch.testing.assert_close(standardised[:, :-2].mean(dim=(0, 1)), torch.zeros(1280), atol=1e-3, rtol=0)


def test_a_start_over_views_has_offsets_for_the_images_trained_on(trainer: Trainer) -> None:
    held_out, trained = trainer.held_out, torch.from_numpy(trainer.draws.trained)
    assert held_out is not None and held_out.dense is not None
    assert held_out.logits.shape == (40, len(trainer.model.lexicon))
    seen = torch.zeros(40, dtype=torch.bool)
    seen[trained] = True
    assert torch.equal(held_out.logits.any(dim=1), seen) and torch.equal(held_out.dense.any(dim=1), seen)
