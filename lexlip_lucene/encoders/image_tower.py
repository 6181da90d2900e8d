"""The image tower: a timm backbone as a source of states, one vector per patch or grid cell.

Special positions (a class token, registers) are left out: they describe no place in the picture.
"""

from pathlib import Path
from typing import Any, cast

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.model_spec import ImageSpec


class ImageTower(nn.Module):
    """pixels (batch, 3, size, size) → states (batch, positions, width).

    Raises:
        ModelError: timm knows no such backbone, or it gives neither patch states nor a map.
    """

    def __init__(self, spec: ImageSpec, *, from_hub: bool = False) -> None:
        super().__init__()
        self.spec = spec
        self.backbone = _create_backbone(spec, from_hub=from_hub)
        self.width = _width(self.backbone)
        for name in spec.identity:
            _replace_by_identity(self.backbone, name)

    def load_weights(self, path: Path) -> None:
        """Load the backbone's timm state dict from a safetensors file; fp16 is widened, a classifier passed over.

        Raises:
            ModelError: not a safetensors file, or its tensors are not those of this backbone.
        """
        try:
            tensors = {
                name: tensor.float() if tensor.is_floating_point() else tensor
                for name, tensor in load_file(path).items()
                if not name.startswith(_classifiers(self.backbone))
            }
            self.backbone.load_state_dict(tensors, strict=True)
        except (RuntimeError, SafetensorError) as error:
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"{path} does not fit the backbone {self.spec.backbone}: {reason}") from None

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the states of `pixels`, pooled to the recipe's grid, with the mean state last where asked."""
        try:
            features: Tensor = cast(Any, self.backbone).forward_features(pixels)
        except AssertionError as error:  # a ViT made for pictures of another size
            raise ModelError(
                f"backbone {self.spec.backbone} takes no pictures of size {self.spec.size}: {error}; set image.size, "
                "or img_size in image.arguments"
            ) from error
        grid = self._as_map(features)
        mean = grid.mean(dim=(2, 3))
        if self.spec.grid is not None and self.spec.grid != grid.shape[-1]:
            grid = functional.adaptive_avg_pool2d(grid, self.spec.grid)
        states = grid.flatten(2).transpose(1, 2)
        return torch.cat([states, mean.unsqueeze(1)], dim=1) if self.spec.global_state else states

    def _as_map(self, features: Tensor) -> Tensor:
        """(batch, prefix + n², width) or (batch, [width,] h, w[, width]) → (batch, width, h, w)."""
        if features.dim() == 3:
            patches = features[:, getattr(self.backbone, "num_prefix_tokens", 0) :]
            side = round(patches.shape[1] ** 0.5)
            if side * side == patches.shape[1]:
                return patches.transpose(1, 2).reshape(len(patches), -1, side, side)
        elif features.dim() == 4 and self.width in (features.shape[1], features.shape[3]):
            return features if features.shape[1] == self.width else features.permute(0, 3, 1, 2)
        raise ModelError(
            f"backbone {self.spec.backbone}: patch states of a square picture or a map are needed, "
            f"got a tensor of shape {tuple(features.shape)}"
        )


def _create_backbone(spec: ImageSpec, *, from_hub: bool) -> nn.Module:
    arguments = {"num_classes": 0, **spec.arguments}
    try:
        backbone: nn.Module = timm.create_model(spec.backbone, pretrained=from_hub, **arguments)
    except (RuntimeError, TypeError, ValueError, AssertionError, OSError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"backbone {spec.backbone} with arguments {spec.arguments}: timm says: {reason}") from error
    return backbone


def _width(backbone: nn.Module) -> int:
    return int(cast(Any, backbone).num_features)


def _classifiers(backbone: nn.Module) -> tuple[str, ...]:
    """How the names of the classifier's tensors begin in timm's own files: `("classifier.",)`."""
    named = cast(Any, backbone).pretrained_cfg.get("classifier") or ()
    return tuple(f"{name}." for name in ([named] if isinstance(named, str) else named))


def _replace_by_identity(backbone: nn.Module, name: str) -> None:
    parent, _, child = name.rpartition(".")
    try:
        backbone.get_submodule(name)
    except AttributeError:
        raise ModelError(f"identity: the backbone has no module {name}") from None
    setattr(backbone.get_submodule(parent), child, nn.Identity())
