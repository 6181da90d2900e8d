"""EfficientNet-Lite (TensorFlow's mobile EfficientNets; Tan & Le, 2019), in torch only.

timm has the same networks, but importing it brings torchvision and torch's compiler along, which takes longer than
encoding ten new photos. Names of modules and tensors, methods and results are those of timm's `tf_efficientnet_lite…`.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

STEM, WIDTH = 32, 1280
"""Channels of the first map and of the last, in all sizes."""


class _Stage(NamedTuple):
    """Blocks that follow each other: how many, their kernel, the stride of the first, expansion and channels."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)

_SCALES = {
    "tf_efficientnet_lite0": (1.0, 1.0),
    "tf_efficientnet_lite1": (1.0, 1.1),
    "tf_efficientnet_lite2": (1.1, 1.2),
}
"""Name in timm → factors of channels and of blocks."""

_EPSILON = 1e-3
"""Of the norms, as TensorFlow has it."""


class EfficientNetLite(nn.Module):
    """pixels (batch, 3, size, size) → a map (batch, 1280, size / 32, size / 32).

    Args:
        name: `tf_efficientnet_lite0`, `…1` or `…2`.
    """

    num_features = WIDTH

    def __init__(self, name: str) -> None:
        super().__init__()
        wider, deeper = _SCALES[name]
        self.conv_stem = _SameConv(3, STEM, 3, stride=2)
        self.bn1 = nn.BatchNorm2d(STEM, eps=_EPSILON)
        channels, stages = STEM, []
        for number, stage in enumerate(_STAGES):
            repeated = 0 < number < len(_STAGES) - 1
            made = [
                _block(channels if place == 0 else _rounded(stage.channels * wider), stage, wider, first=place == 0)
                for place in range(math.ceil(stage.blocks * deeper) if repeated else stage.blocks)
            ]
            channels = _rounded(stage.channels * wider)
            stages.append(nn.Sequential(*made))
        self.blocks = nn.Sequential(*stages)
        self.conv_head = _SameConv(channels, WIDTH, 1)
        self.bn2 = nn.BatchNorm2d(WIDTH, eps=_EPSILON)

    def forward_features(self, pixels: Tensor) -> Tensor:
        """Return the last map."""
        return self.forward_intermediates(pixels, ())[0]

    def forward_intermediates(
        self, pixels: Tensor, indices: Sequence[int], *, extra_blocks: bool = True
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the last map, and those after some stages, in ascending order.

        Args:
            pixels: normalised.
            indices: stages, from 1; 0 is the stem.
            extra_blocks: timm's choice to count all stages, which is the only one here.
        """
        missing = [index for index in indices if not 0 <= index <= len(self.blocks)]
        assert extra_blocks and not missing, f"stages {missing} are not in 0..{len(self.blocks)}"
        seen = functional.relu6(self.bn1(self.conv_stem(pixels)))
        kept = [seen] if 0 in indices else []
        for number, stage in enumerate(self.blocks, start=1):
            seen = stage(seen)
            kept += [seen] if number in indices else []
        return functional.relu6(self.bn2(self.conv_head(seen))), kept

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the mean (batch, 1280) of the last map."""
        return self.forward_features(pixels).mean(dim=(2, 3))


def is_efficientnet_lite(name: str) -> bool:
    """Return whether `EfficientNetLite` has the network that timm has under this name."""
    return name in _SCALES


def _block(channels: int, stage: _Stage, wider: float, *, first: bool) -> nn.Module:
    stride, out = stage.stride if first else 1, _rounded(stage.channels * wider)
    if stage.expansion == 1:
        return _Separable(channels, out, stage.kernel, stride)
    return _Inverted(channels, channels * stage.expansion, out, stage.kernel, stride)


def _rounded(channels: float) -> int:
    """Return the nearest multiple of 8, but not less than 90 % of `channels`."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest


class _Separable(nn.Module):
    """Each channel convolved by itself, then all mixed."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv_dw = _SameConv(channels, channels, kernel, stride=stride, groups=channels)
        self.bn1 = nn.BatchNorm2d(channels, eps=_EPSILON)
        self.conv_pw = _SameConv(channels, out, 1)
        self.bn2 = nn.BatchNorm2d(out, eps=_EPSILON)
        self.shortcut = stride == 1 and channels == out

    def forward(self, seen: Tensor) -> Tensor:
        mixed: Tensor = self.bn2(self.conv_pw(functional.relu6(self.bn1(self.conv_dw(seen)))))
        return mixed + seen if self.shortcut else mixed


class _Inverted(nn.Module):
    """Channels expanded, each convolved by itself, and mixed to few again."""

    def __init__(self, channels: int, expanded: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv_pw = _SameConv(channels, expanded, 1)
        self.bn1 = nn.BatchNorm2d(expanded, eps=_EPSILON)
        self.conv_dw = _SameConv(expanded, expanded, kernel, stride=stride, groups=expanded)
        self.bn2 = nn.BatchNorm2d(expanded, eps=_EPSILON)
        self.conv_pwl = _SameConv(expanded, out, 1)
        self.bn3 = nn.BatchNorm2d(out, eps=_EPSILON)
        self.shortcut = stride == 1 and channels == out

    def forward(self, seen: Tensor) -> Tensor:
        wide = functional.relu6(self.bn1(self.conv_pw(seen)))
        wide = functional.relu6(self.bn2(self.conv_dw(wide)))
        mixed: Tensor = self.bn3(self.conv_pwl(wide))
        return mixed + seen if self.shortcut else mixed


class _SameConv(nn.Conv2d):
    """A convolution without bias that gives size / stride places, rounded up, as TensorFlow pads for it.

    With a stride the padding depends on the picture's size, and the odd pixel goes to the right and below.
    """

    def __init__(self, channels: int, out: int, kernel: int, *, stride: int = 1, groups: int = 1) -> None:
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(channels, out, kernel, stride=stride, padding=padding, groups=groups, bias=False)

    def forward(self, seen: Tensor) -> Tensor:
        if self.stride[0] > 1:
            (above, below), (left, right) = (self._padding(size) for size in seen.shape[2:])
            seen = functional.pad(seen, (left, right, above, below))
        return super().forward(seen)

    def _padding(self, size: int) -> tuple[int, int]:
        stride, kernel = self.stride[0], self.kernel_size[0]
        missing = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
        return missing // 2, missing - missing // 2
