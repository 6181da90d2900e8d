"""A pass of a backbone over pictures: its last map, and the mean states of some of its blocks.

Texture, colour and parts, which earlier blocks see, are partly gone from the last map of a backbone that was trained to
tell classes apart. Their means cost nothing: the pass is the same.
"""

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from lexlip_lucene.errors import ModelError


class BackbonePass(NamedTuple):
    """The results of one pass.

    Attributes:
        last: (batch, width, height, width in places), the backbone's last map.
        blocks: block → mean state (batch, width of that block).
    """

    last: Tensor
    blocks: dict[int, Tensor]

    def mean(self, blocks: Sequence[int]) -> Tensor:
        """Return the mean state (batch, width) of the last map; or those of `blocks` side by side, then zeros.

        Raises:
            ModelError: the blocks are wider than a state.
        """
        if not blocks:
            return self.last.mean(dim=(2, 3))
        found = torch.cat([self.blocks[block] for block in blocks], dim=1)
        room = self.last.shape[1] - found.shape[1]
        if room < 0:
            raise ModelError(
                f"image.views: blocks {list(blocks)} are {found.shape[1]} wide together, but a state has a width of "
                f"{self.last.shape[1]}: take fewer, or put them into two views"
            )
        return nn.functional.pad(found, (0, room))


def run_backbone(backbone: nn.Module, name: str, pixels: Tensor, blocks: Sequence[int] = ()) -> BackbonePass:
    """Run a timm backbone on pixels (batch, 3, size, size).

    Args:
        backbone: of timm.
        name: of the backbone, for errors.
        pixels: normalised.
        blocks: the blocks whose mean states are kept, as timm's `forward_intermediates` counts them.

    Raises:
        ModelError: the backbone gives neither patch states nor a map, takes no such pictures, or has no such blocks.
    """
    model = cast(Any, backbone)
    try:
        if not blocks:
            return BackbonePass(_as_map(backbone, name, model.forward_features(pixels)), {})
        last, maps = model.forward_intermediates(pixels, indices=list(blocks), **_counting(backbone, name))
    except AssertionError as error:  # a ViT made for pictures of another size, or a block that it has not
        asked = f"pictures of size {pixels.shape[-1]}" + (f", or has no blocks {list(blocks)}" if blocks else "")
        raise ModelError(
            f"backbone {name} takes no {asked}: {error}; set image.size, or img_size in image.arguments"
        ) from error
    means = dict(zip(sorted(blocks), (each.mean(dim=(2, 3)) for each in maps), strict=True))
    return BackbonePass(_as_map(backbone, name, last), means)


def _counting(backbone: nn.Module, name: str) -> dict[str, bool]:
    """Let all blocks count, if the backbone has a choice: EfficientNets would count the last of each size only."""
    method = getattr(backbone, "forward_intermediates", None)
    if method is None:
        raise ModelError(f"backbone {name} gives no states of its blocks: leave `blocks` out of image.views")
    return {"extra_blocks": True} if "extra_blocks" in inspect.signature(method).parameters else {}


def _as_map(backbone: nn.Module, name: str, features: Tensor) -> Tensor:
    """Map states (batch, prefix + n², width) or (batch, [width,] h, w[, width]) to (batch, width, h, w)."""
    width = int(cast(Any, backbone).num_features)
    if features.dim() == 3:
        patches = features[:, getattr(backbone, "num_prefix_tokens", 0) :]
        side = round(patches.shape[1] ** 0.5)
        if side * side == patches.shape[1]:
            return patches.transpose(1, 2).reshape(len(patches), -1, side, side)
    elif features.dim() == 4 and width in (features.shape[1], features.shape[3]):
        return features if features.shape[1] == width else features.permute(0, 3, 1, 2)
    raise ModelError(
        f"backbone {name}: patch states of a square picture or a map are needed, "
        f"got a tensor of shape {tuple(features.shape)}"
    )
