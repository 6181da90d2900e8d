"""The receptive-field shift: what is measured is what follows from the arithmetic of strides and padding."""

import pytest
import torch
from support import tiny
from torch import nn

from lexlip_lucene.encoders.explain.receptive_field import receptive_field_shift
from lexlip_lucene.encoders.model.image_tower import ImageTower
from lexlip_lucene.recipes.model_spec import AdapterSpec, ImageSpec


class Strided(nn.Module):
    """Three convolutions of stride 2 that average 3 × 3 pixels, in place of a backbone: cells of 8 pixels.

    Output k of one looks around input 2k with padding 1 at the front, around 2k + 1 with none there: after three,
    around pixel 8k or 8k + 7, whose middle is 3.5 pixels before or behind that of the cell.
    """

    num_features = 3

    def __init__(self, front: int) -> None:
        super().__init__()
        self.pad = nn.ZeroPad2d((front, 1, front, 1))
        self.average = nn.Conv2d(3, 3, 3, stride=2, groups=3, bias=False)
        nn.init.constant_(self.average.weight, 1 / 9)

    def forward_features(self, pixels: torch.Tensor) -> torch.Tensor:
        for _ in range(3):
            pixels = self.average(self.pad(pixels))
        return pixels


def tower(backbone: nn.Module | None = None) -> ImageTower:
    spec = ImageSpec(
        backbone="vit_tiny_patch16_224", arguments=tiny.VIT.arguments, size=32, adapter=AdapterSpec(width=8)
    )
    if backbone is not None:
        spec = spec.model_copy(update={"size": 64})
    torch.manual_seed(0)
    made = ImageTower(spec).eval()
    if backbone is not None:
        made.backbone, made.width = backbone, 3
    return made


@pytest.mark.parametrize(("front", "shift"), [(1, -3.5 / 8), (0, 3.5 / 8)], ids=["padded in front", "behind"])
def test_strided_convolutions_see_beside_their_cells(front: int, shift: float) -> None:
    assert receptive_field_shift(tower(Strided(front)), 8) == pytest.approx(shift, abs=0.03)


def test_patches_of_a_vit_see_themselves() -> None:
    assert abs(receptive_field_shift(tower(), 2)) <= 0.03


def test_it_is_measured_under_inference_mode_too_and_leaves_no_gradient() -> None:
    made = tower(Strided(1))
    with torch.inference_mode():
        assert receptive_field_shift(made, 8) < -0.4
    assert all(parameter.grad is None for parameter in made.parameters())


def test_the_same_tower_gives_the_same_shift_whatever_the_global_seed() -> None:
    made = tower()
    torch.manual_seed(1)
    first = receptive_field_shift(made, 2)
    torch.manual_seed(2)
    assert receptive_field_shift(made, 2) == first
