"""Batch norms folded into convolutions: the same states, and never others."""

import pytest
import timm
import torch
from torch import Tensor, nn

from lexlip_lucene.encode.folding import with_folded_norms

PICTURE = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def trained(backbone: nn.Module) -> nn.Module:
    """Give the norms what training leaves in them."""
    chance = torch.Generator().manual_seed(1)
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            for name, low, high in (("running_mean", -0.2, 0.2), ("running_var", 0.5, 2.0), ("bias", -0.2, 0.2)):
                getattr(module, name).data.uniform_(low, high, generator=chance)
            module.weight.data.uniform_(0.5, 1.5, generator=chance)
    return backbone.eval()


def norms(model: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "resnet10t", "mobilenetv3_small_050"])
def test_a_tower_without_norms_gives_the_same_states(name: str) -> None:
    tower = trained(timm.create_model(name, num_classes=0))
    before = norms(tower)
    with torch.inference_mode():
        expected: Tensor = tower.forward_features(PICTURE)
        folded = with_folded_norms(tower, lambda model: model.forward_features(PICTURE))
        torch.testing.assert_close(folded.forward_features(PICTURE), expected, rtol=1e-3, atol=1e-3)
    assert norms(folded) == 0 and norms(tower) == before > 0


class NormFirst(nn.Module):
    """A norm beside a convolution that it does not follow: folding by the modules' order would be wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, pixels: Tensor) -> Tensor:
        states: Tensor = self.convolution(self.norm(pixels))
        return states


def test_a_norm_that_follows_no_convolution_stays() -> None:
    tower = trained(NormFirst())
    assert with_folded_norms(tower, lambda model: model(PICTURE)) is tower


def test_a_norm_without_statistics_of_its_own_stays() -> None:
    tower = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, track_running_stats=False)).eval()
    assert norms(with_folded_norms(tower, lambda model: model(PICTURE))) == 1
