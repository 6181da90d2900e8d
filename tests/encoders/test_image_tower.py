"""The image tower: states of patches or grid cells, from each kind of backbone that timm has."""

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from safetensors.torch import save_file
from support import tiny
from torch import Tensor, nn

from lexlip_lucene.encoders.model.image_tower import ImageTower
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.model_spec import AdapterSpec, ImageSpec

VIT = tiny.VIT.arguments
BEIT = {"img_size": 32, "depth": 1, "embed_dim": 32, "num_heads": 2}
SWIN = {"img_size": 64, "embed_dim": 8, "depths": (1, 1), "num_heads": (1, 1), "window_size": 4}
RESNET = {"channels": [8, 8, 16, 16], "stem_type": "", "stem_width": 8}


def tower(backbone: str, arguments: dict[str, Any], size: int, **others: Any) -> ImageTower:
    spec = ImageSpec(backbone=backbone, arguments=arguments, size=size, adapter=AdapterSpec(width=8), **others)
    torch.manual_seed(0)
    return ImageTower(spec).eval()


def pixels(size: int, batch: int = 2) -> Tensor:
    return torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(1))


def features(made: ImageTower, given: Tensor) -> Tensor:
    found: Tensor = cast(Any, made.backbone).forward_features(given)
    return found


@pytest.mark.parametrize(
    ("backbone", "arguments", "size", "positions", "width"),
    [
        ("vit_tiny_patch16_224", VIT, 32, 4, 32),  # a class token, left out
        ("beit_base_patch16_224", BEIT, 32, 4, 32),  # a class token, left out
        ("vit_base_patch14_reg4_dinov2", {**BEIT, "img_size": 42}, 42, 9, 32),  # and four registers, left out
        ("swin_tiny_patch4_window7_224", SWIN, 64, 64, 16),  # a map, channels last
        ("mobilenetv2_035", {}, 64, 4, 1280),  # a map, channels first
        ("resnet10t", RESNET, 96, 9, 16),  # a map, channels first
    ],
)
@torch.inference_mode()
def test_every_place_of_the_picture_has_one_state(
    backbone: str, arguments: dict[str, Any], size: int, positions: int, width: int
) -> None:
    made = tower(backbone, arguments, size)
    assert made.width == width
    assert made(pixels(size, batch=3)).shape == (3, positions, width)


@pytest.mark.parametrize(
    ("backbone", "arguments", "prefix"),
    [
        ("vit_tiny_patch16_224", VIT, 1),
        ("beit_base_patch16_224", BEIT, 1),
        ("vit_base_patch16_siglip_224", BEIT, 0),
        ("vit_base_patch14_reg4_dinov2", {**BEIT, "patch_size": 16}, 5),
    ],
)
@torch.inference_mode()
def test_special_positions_are_left_out(backbone: str, arguments: dict[str, Any], prefix: int) -> None:
    made = tower(backbone, arguments, 32)
    found = features(made, pixels(32))
    assert found.shape[1] == prefix + 4
    assert torch.equal(made(pixels(32)), found[:, prefix:])


@torch.inference_mode()
def test_the_states_of_a_map_are_in_reading_order_whatever_its_layout() -> None:
    resnet, swin = tower("resnet10t", RESNET, 96), tower("swin_tiny_patch4_window7_224", SWIN, 64)
    channels_first, channels_last = features(resnet, pixels(96)), features(swin, pixels(64))
    assert channels_first.shape == (2, 16, 3, 3)
    assert channels_last.shape == (2, 8, 8, 16)
    for row, column in [(0, 0), (0, 2), (1, 0), (2, 1)]:
        assert torch.equal(resnet(pixels(96))[:, 3 * row + column], channels_first[:, :, row, column])
        assert torch.equal(swin(pixels(64))[:, 8 * row + column], channels_last[:, row, column])


@pytest.mark.parametrize(("axis", "order"), [(-1, [1, 0, 3, 2]), (-2, [2, 3, 0, 1])])
@torch.inference_mode()
def test_exchanging_patches_of_the_picture_exchanges_their_states(axis: int, order: list[int]) -> None:
    """A ViT without blocks and without positions sees each patch by itself, so its states move as the patches do."""
    made = tower("vit_tiny_patch16_224", {"img_size": 32, "depth": 0, "embed_dim": 32, "pos_embed": "none"}, 32)
    exchanged = pixels(32).roll(16, dims=axis)
    torch.testing.assert_close(made(exchanged), made(pixels(32))[:, order])


@pytest.mark.parametrize(
    ("backbone", "arguments", "size"), [("resnet10t", RESNET, 128), ("swin_tiny_patch4_window7_224", SWIN, 32)]
)
@torch.inference_mode()
def test_a_grid_averages_the_states_of_each_block(backbone: str, arguments: dict[str, Any], size: int) -> None:
    arguments = {**arguments, "img_size": size} if "img_size" in arguments else arguments
    whole = tower(backbone, arguments, size)(pixels(size))  # 4 × 4 places
    assert whole.shape[1] == 16
    pooled = tower(backbone, arguments, size, grid=2)(pixels(size))
    for place, members in enumerate([[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]):
        torch.testing.assert_close(pooled[:, place], whole[:, members].mean(dim=1))
    torch.testing.assert_close(tower(backbone, arguments, size, grid=1)(pixels(size))[:, 0], whole.mean(dim=1))
    assert torch.equal(tower(backbone, arguments, size, grid=4)(pixels(size)), whole)


@torch.inference_mode()
def test_the_global_state_is_the_mean_of_all_places_and_stands_last() -> None:
    whole = tower("resnet10t", RESNET, 96)(pixels(96))  # 3 × 3 places, whose mean is not that of a 2 × 2 grid
    pooled = tower("resnet10t", RESNET, 96, grid=2, global_state=True)(pixels(96))
    assert pooled.shape == (2, 5, 16)
    torch.testing.assert_close(pooled[:, -1], whole.mean(dim=1))


def test_named_modules_become_the_identity() -> None:
    made = tower("mobilenetv2_035", {}, 32, identity=("blocks.0.0.bn1.act", "bn2.act"))
    for name in ("blocks.0.0.bn1.act", "bn2.act"):
        assert isinstance(made.backbone.get_submodule(name), nn.Identity)
    assert not isinstance(made.backbone.get_submodule("bn1.act"), nn.Identity)
    with pytest.raises(ModelError, match=r"identity: the backbone has no module blocks\.99"):
        tower("mobilenetv2_035", {}, 32, identity=("blocks.99",))


@torch.inference_mode()
def test_weights_come_from_a_file_of_either_precision(tmp_path: Path) -> None:
    source, target = tower("resnet10t", RESNET, 32), tower("resnet10t", RESNET, 32)
    for parameter in source.parameters():
        parameter.copy_(torch.rand_like(parameter).half())
    save_file({name: tensor.contiguous() for name, tensor in source.backbone.state_dict().items()}, tmp_path / "32")
    halves = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in source.backbone.state_dict().items()
    }
    save_file(halves, tmp_path / "16")
    for file in ("32", "16"):
        target.load_weights(tmp_path / file)
        assert all(parameter.dtype == torch.float32 for parameter in target.parameters())
        assert torch.equal(target(pixels(32)), source(pixels(32)))


def test_the_classifier_of_timm_s_own_files_is_passed_over(tmp_path: Path) -> None:
    for backbone, arguments, name in [("mobilenetv2_035", {}, "classifier"), ("vit_tiny_patch16_224", VIT, "head")]:
        made = tower(backbone, arguments, 32)
        tensors = {**made.backbone.state_dict(), f"{name}.weight": torch.ones(9, 9), f"{name}.bias": torch.ones(9)}
        save_file(tensors, tmp_path / name)
        made.load_weights(tmp_path / name)


def test_a_weights_file_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    made = tower("resnet10t", RESNET, 32)
    tensors = made.backbone.state_dict()
    first = next(iter(tensors))
    for case, wrong in {
        "missing": {name: tensor for name, tensor in tensors.items() if name != first},
        "shape": {**tensors, first: torch.zeros(3)},
        "unexpected": {**tensors, "one.more": torch.zeros(3)},
    }.items():
        save_file(wrong, tmp_path / case)
        with pytest.raises(ModelError, match=rf"^{tmp_path}/{case} does not fit the backbone resnet10t: ") as raised:
            made.load_weights(tmp_path / case)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a pickle", (1 << 40).to_bytes(8, "little") + b"{}"])
def test_a_file_that_is_not_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "weights").write_bytes(content)
    with pytest.raises(ModelError, match="weights does not fit the backbone resnet10t: "):
        tower("resnet10t", RESNET, 32).load_weights(tmp_path / "weights")


@pytest.mark.parametrize(
    ("backbone", "arguments"),
    [
        ("no_such_backbone", {}),
        ("vit_tiny_patch16_224", {"channels": [8]}),
        ("vit_tiny_patch16_224", {**VIT, "num_heads": 3}),
    ],
)
def test_a_backbone_that_timm_cannot_make_is_refused(backbone: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=rf"backbone {backbone} with arguments .*: timm says: "):
        tower(backbone, arguments, 32)


def test_a_backbone_of_the_hub_is_refused_without_one() -> None:
    with pytest.raises(ModelError, match=r"backbone vit_tiny_patch16_224 .*: timm says: "):
        ImageTower(tiny.VIT.model_copy(update={"arguments": {}}), from_hub=True)


def test_a_picture_of_a_size_that_the_backbone_does_not_take_is_refused() -> None:
    with pytest.raises(
        ModelError, match=r"takes no pictures of size 48: .* set image\.size, or img_size in image\.arg"
    ):
        tower("vit_tiny_patch16_224", VIT, 48)(pixels(48))


def test_features_that_are_no_square_of_places_are_refused() -> None:
    made = tower("vit_tiny_patch16_224", {**VIT, "img_size": (32, 48)}, 32)
    with pytest.raises(ModelError, match=r"patch states of a square picture or a map are needed, got .* \(1, 7, 32\)"):
        made(torch.zeros(1, 3, 32, 48))
