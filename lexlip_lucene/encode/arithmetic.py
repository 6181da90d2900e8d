"""The arithmetic of encoding images: float32 or bfloat16, and a tower compiled for this processor or not.

The rule looks at the machine and the number of inputs, never at a clock, so the same run gives the same bytes again.
Per image of MobileNet-EdgeTPU at 224 on one core with AMX: float32 27 ms, bfloat16 10 ms, bfloat16 compiled 4 ms. With
norms folded into convolutions (`folding.py`) less is left to save: EfficientNet-Lite2 at 224 takes 20 ms on two cores,
12.5 folded and 8.9 compiled. Compiling takes some 20 s. ONNX Runtime has no bfloat16 on a CPU.
"""

import os
import shutil
from typing import NamedTuple

import torch

from lexlip_lucene.errors import InputError

PRECISIONS = ("auto", "float32", "bfloat16")

COMPILED_FROM = 10_000
"""Inputs that pay for compiling: 20 s at 2 to 4 ms saved an image. With fewer it would take longer than it saves."""

COMPILING = "compiling the image tower for this processor, which takes some 20 s"
"""Said before it begins, as nothing else is for so long."""


class Arithmetic(NamedTuple):
    """`precision`: "float32" or "bfloat16"; `compiled`: by torch's compiler, with the weights frozen in."""

    precision: str = "float32"
    compiled: bool = False

    def __str__(self) -> str:
        return f"{self.precision}, compiled" if self.compiled else self.precision


def choose_arithmetic(device: torch.device, *, inputs: int, precision: str = "auto") -> Arithmetic:
    """Return what to encode `inputs` images in.

    Args:
        device: where the model is.
        inputs: all images of the run, also those that another process or an earlier run encodes.
        precision: one of PRECISIONS; "auto" is bfloat16 where the device multiplies it faster than float32.

    Raises:
        InputError: no such precision.
    """
    if precision not in PRECISIONS:
        raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if precision == "auto":
        precision = "bfloat16" if _fast_bfloat16(device) else "float32"
    return Arithmetic(precision, device.type == "cpu" and inputs >= COMPILED_FROM and _has_compiler())


def _fast_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu" or not os.path.exists("/proc/cpuinfo"):
        return False
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = next((line.split() for line in file if line.startswith("flags")), [])
    return "amx_bf16" in flags or "avx512_bf16" in flags


def _has_compiler() -> bool:
    return shutil.which(os.environ.get("CXX", "g++")) is not None
