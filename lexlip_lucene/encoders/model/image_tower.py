"""The image tower: a backbone, timm's in most cases, as a source of states, one vector per patch or grid cell.

Special positions (a class token, registers) are left out: they describe no place in the picture.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.encoders.model.backbone_pass import BackbonePass, run_backbone
from lexlip_lucene.encoders.model.efficientnet_lite import EfficientNetLite, is_efficientnet_lite
from lexlip_lucene.encoders.model.pixels import normalise
from lexlip_lucene.encoders.model.weight_packages import load_packaged
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.model_spec import ImageSpec, ViewSpec


class Seen(NamedTuple):
    """The states of pictures: those that the model is made of, and those of every place of the backbone's map.

    Attributes:
        states: (batch, positions, width), pooled to the recipe's grid, with the whole picture's states after them.
        places: (batch, places, width), row by row, not pooled.
    """

    states: Tensor
    places: Tensor


class ImageTower(nn.Module):
    """pixels (batch, 3, size, size) → states (batch, positions, width).

    Raises:
        ModelError: timm knows no such backbone, or it gives neither patch states nor a map.
    """

    def __init__(self, spec: ImageSpec, *, from_hub: bool = False) -> None:
        super().__init__()
        self.spec = spec
        self.backbone = _create_backbone(spec.backbone, spec, from_hub=from_hub)
        self.width = _width(self.backbone)
        self.others = nn.ModuleDict()
        self.seen_by: list[str | None] = []
        """The number of the view whose backbone each view has; None: the image's own."""
        for number, view in enumerate(spec.views):
            self.seen_by.append(None if view.backbone is None else str(_first_with(spec.views, number)))
            if self.seen_by[number] == str(number):
                assert view.backbone is not None
                other = _create_backbone(view.backbone, view, from_hub=from_hub)
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
        for number, other in self.others.items():
            view = self.spec.views[int(number)]
            if view.backbone is not None and view.package is not None:
                load_packaged(other, view.backbone, view.package)

    def packaged(self) -> tuple[str, ...]:
        """Return the beginnings of the names of tensors that packages carry."""
        own = ["backbone."] if self.spec.package is not None else []
        return (*own, *(f"others.{n}." for n in self.others if self.spec.views[int(n)].package is not None))

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
        return self.seen(pixels).states

    def seen(self, pixels: Tensor) -> Seen:
        """Return the states of `pixels` as `forward` does, and those of every place, of the same pass."""
        passes: dict[_Look, BackbonePass] = {}
        grid = self._pass(_Look(None, None), pixels, passes).last
        places = grid.flatten(2).transpose(1, 2)
        whole = [self._mean(number, pixels, passes) for number in range(len(self.spec.views))]
        if self.spec.global_state:
            whole = [grid.mean(dim=(2, 3))]
        if self.spec.grid is not None and self.spec.grid != grid.shape[-1]:
            grid = functional.adaptive_avg_pool2d(grid, self.spec.grid)
        states = grid.flatten(2).transpose(1, 2)
        states = torch.cat([states, *(mean.unsqueeze(1) for mean in whole)], dim=1) if whole else states
        return Seen(states, places)

    def _look(self, number: int) -> "_Look":
        """Return what a view sees, by the backbone that sees it."""
        view = self.spec.views[number]
        return _Look(self.seen_by[number], None if view.size == self.spec.size else view.size)

    def _mean(self, number: int, pixels: Tensor, passes: "dict[_Look, BackbonePass]") -> Tensor:
        """Return the mean state of a view (batch, width)."""
        view, look = self.spec.views[number], self._look(number)
        mean = self._pass(look, pixels, passes).mean(view.blocks)
        if not view.mirrored:
            return mean
        return (mean + self._pass(look._replace(mirrored=True), pixels, passes).mean(view.blocks)) / 2

    def _pass(self, look: "_Look", pixels: Tensor, passes: "dict[_Look, BackbonePass]") -> BackbonePass:
        """Look once, for all views that see the same."""
        if look not in passes:
            views = [
                view
                for number, view in enumerate(self.spec.views)
                if self._look(number) == look._replace(mirrored=False)
            ]
            blocks = sorted({block for view in views if view.mirrored or not look.mirrored for block in view.blocks})
            backbone = self.backbone if look.view is None else self.others[look.view]
            named = self.spec.backbone if look.view is None else self.spec.views[int(look.view)].backbone
            passes[look] = run_backbone(backbone, str(named), self._seen(look, pixels), blocks)
        return passes[look]

    def _seen(self, look: "_Look", pixels: Tensor) -> Tensor:
        seen = pixels
        if look.size is not None:
            black, white = normalise(pixels.new_tensor([0.0, 255.0]).view(2, 1, 1, 1), self.spec)
            seen = functional.interpolate(pixels, size=(look.size, look.size), mode="bicubic", antialias=True)
            seen = seen.clamp(black, white)  # bicubic weights overshoot what pixels can be
        return seen.flip(-1) if look.mirrored else seen


class _Look(NamedTuple):
    """A way to look at pictures: the view whose backbone looks, and the size; None: the image's own."""

    view: str | None
    size: int | None
    mirrored: bool = False


def _create_backbone(name: str, spec: ImageSpec | ViewSpec, *, from_hub: bool) -> nn.Module:
    """Create a backbone without weights; with `from_hub`, with those of the hub."""
    if spec.package is not None and is_efficientnet_lite(name) and not (spec.arguments or spec.identity):
        return EfficientNetLite(name)
    import timm  # takes seconds, and a packaged backbone does not need it

    try:
        backbone: nn.Module = timm.create_model(name, pretrained=from_hub, num_classes=0, **spec.arguments)
    except Exception as error:  # timm checks few arguments: its layers raise errors of any kind
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"backbone {name} with arguments {spec.arguments}: timm says: {reason}") from error
    for module in spec.identity:
        _replace_by_identity(backbone, module)
    return backbone


def _first_with(views: Sequence[ViewSpec], number: int) -> int:
    """Return the first view whose backbone and weights are those of this one: from one package, made alike."""
    view = views[number]
    if view.package is None:
        return number
    same = ("backbone", "package", "arguments", "identity")
    return next(n for n, each in enumerate(views) if all(getattr(each, name) == getattr(view, name) for name in same))


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
