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

from lexlip_lucene.encoders.model.pixels import normalise
from lexlip_lucene.encoders.model.weight_packages import load_packaged
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
        self.backbone = _create_backbone(spec.backbone, spec.arguments, spec.identity, from_hub=from_hub)
        self.width = _width(self.backbone)
        self.replaced: dict[int, Tensor | None] = {}
        """The views that are not looked at, for speed, and the mean state of each; None: that of the picture itself."""
        self.others = nn.ModuleDict()
        for number, view in enumerate(spec.views):
            if view.backbone is not None:
                other = _create_backbone(view.backbone, view.arguments, view.identity, from_hub=from_hub)
                if _width(other) != self.width:
                    raise ModelError(
                        f"image.views: {view.backbone} has states of width {_width(other)}, but all must have those of "
                        f"{spec.backbone}, {self.width}: take a backbone as wide"
                    )
                self.others[str(number)] = other

    def load_packages(self) -> None:
        """Load the weights of each backbone that a package carries.

        Raises:
            ModelError: a package is missing, or has another backbone's weights.
        """
        if self.spec.package is not None:
            load_packaged(self.backbone, self.spec.backbone, self.spec.package)
        for number, view in enumerate(self.spec.views):
            if view.backbone is not None and view.package is not None:
                load_packaged(self.others[str(number)], view.backbone, view.package)

    def packaged(self) -> tuple[str, ...]:
        """Return the beginnings of the names of tensors that packages carry."""
        own = ["backbone."] if self.spec.package is not None else []
        return (*own, *(f"others.{n}." for n, view in enumerate(self.spec.views) if view.package is not None))

    def load_weights(self, path: Path, *, view: int | None = None) -> None:
        """Load a backbone's timm state dict from a safetensors file; fp16 is widened, a classifier passed over.

        Args:
            path: the file.
            view: number of the view whose backbone it is; None: the image's own.

        Raises:
            ModelError: not a safetensors file, or its tensors are not those of this backbone.
        """
        backbone = self.backbone if view is None else self.others[str(view)]
        named = self.spec.backbone if view is None else self.spec.views[view].backbone
        try:
            tensors = {
                name: tensor.float() if tensor.is_floating_point() else tensor
                for name, tensor in load_file(path).items()
                if not name.startswith(_classifiers(backbone))
            }
            backbone.load_state_dict(tensors, strict=True)
        except (RuntimeError, SafetensorError) as error:
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"{path} does not fit the backbone {named}: {reason}") from None

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the states of `pixels`, pooled to the recipe's grid, then the mean state or those of the views."""
        grid = self._map(self.backbone, pixels)
        whole = [self._mean(number, pixels, grid) for number in range(len(self.spec.views))]
        if self.spec.global_state:
            whole = [grid.mean(dim=(2, 3))]
        if self.spec.grid is not None and self.spec.grid != grid.shape[-1]:
            grid = functional.adaptive_avg_pool2d(grid, self.spec.grid)
        states = grid.flatten(2).transpose(1, 2)
        return torch.cat([states, *(mean.unsqueeze(1) for mean in whole)], dim=1) if whole else states

    def _mean(self, number: int, pixels: Tensor, grid: Tensor) -> Tensor:
        """Return the mean state of a view (batch, width); `grid` is the map of the picture as it is."""
        view = self.spec.views[number]
        if number in self.replaced:
            usual = self.replaced[number]
            return grid.mean(dim=(2, 3)) if usual is None else usual.to(grid).expand(len(grid), -1)
        backbone = self.backbone if view.backbone is None else self.others[str(number)]
        seen = pixels
        if view.size is not None and view.size != self.spec.size:
            black, white = normalise(pixels.new_tensor([0.0, 255.0]).view(2, 1, 1, 1), self.spec)
            seen = functional.interpolate(pixels, size=(view.size, view.size), mode="bicubic", antialias=True)
            seen = seen.clamp(black, white)  # bicubic weights overshoot what pixels can be
        same = seen is pixels and view.backbone is None
        mean = (grid if same else self._map(backbone, seen)).mean(dim=(2, 3))
        if not view.mirrored:
            return mean
        return (mean + self._map(backbone, seen.flip(-1)).mean(dim=(2, 3))) / 2

    def _map(self, backbone: nn.Module, pixels: Tensor) -> Tensor:
        try:
            features: Tensor = cast(Any, backbone).forward_features(pixels)
        except AssertionError as error:  # a ViT made for pictures of another size
            raise ModelError(
                f"backbone {self.spec.backbone} takes no pictures of size {pixels.shape[-1]}: {error}; set image.size, "
                "or img_size in image.arguments"
            ) from error
        return self._as_map(backbone, features)

    def _as_map(self, backbone: nn.Module, features: Tensor) -> Tensor:
        """Map states (batch, prefix + n², width) or (batch, [width,] h, w[, width]) to (batch, width, h, w)."""
        if features.dim() == 3:
            patches = features[:, getattr(backbone, "num_prefix_tokens", 0) :]
            side = round(patches.shape[1] ** 0.5)
            if side * side == patches.shape[1]:
                return patches.transpose(1, 2).reshape(len(patches), -1, side, side)
        elif features.dim() == 4 and self.width in (features.shape[1], features.shape[3]):
            return features if features.shape[1] == self.width else features.permute(0, 3, 1, 2)
        raise ModelError(
            f"backbone {self.spec.backbone}: patch states of a square picture or a map are needed, "
            f"got a tensor of shape {tuple(features.shape)}"
        )


def _create_backbone(name: str, arguments: dict[str, Any], identity: tuple[str, ...], *, from_hub: bool) -> nn.Module:
    try:
        backbone: nn.Module = timm.create_model(name, pretrained=from_hub, num_classes=0, **arguments)
    except Exception as error:  # timm checks few arguments: its layers raise errors of any kind
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"backbone {name} with arguments {arguments}: timm says: {reason}") from error
    for module in identity:
        _replace_by_identity(backbone, module)
    return backbone


def _width(backbone: nn.Module) -> int:
    return int(cast(Any, backbone).num_features)


def _classifiers(backbone: nn.Module) -> tuple[str, ...]:
    """Return the beginnings of the classifier's tensor names in timm's own files: `("classifier.",)`."""
    named = cast(Any, backbone).pretrained_cfg.get("classifier") or ()
    return tuple(f"{name}." for name in ([named] if isinstance(named, str) else named))


def _replace_by_identity(backbone: nn.Module, name: str) -> None:
    parent, _, child = name.rpartition(".")
    try:
        backbone.get_submodule(name)
    except AttributeError:
        raise ModelError(f"identity: the backbone has no module {name}") from None
    setattr(backbone.get_submodule(parent), child, nn.Identity())
