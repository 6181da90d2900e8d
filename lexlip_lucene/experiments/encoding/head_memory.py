"""The memory that one step of a head takes beyond its inputs and gradients.

On a GPU it is the memory that PyTorch allocated; on a CPU the resident bytes of a process of one thread that does
nothing else, on Linux only. Workspaces of the matrix library count, so a small head never comes out at zero.
"""

import ctypes
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch

from lexlip_lucene.experiments.encoding.heads import Head, Inputs, Shape, heads


def extra_bytes(name: str, shape: Shape) -> int | None:
    """Return the peak of a step of head `name` less the memory before it and the gradients; None: not Linux."""
    if shape.device.type == "cuda":
        return _extra_allocated(name, shape)
    if sys.platform != "linux":
        return None
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_extra_resident, name, shape).result()


def _extra_allocated(name: str, shape: Shape) -> int:
    inputs, head = _warm(name, shape)
    before = torch.cuda.memory_allocated(shape.device)
    torch.cuda.reset_peak_memory_stats(shape.device)
    inputs.step(head)
    return torch.cuda.max_memory_allocated(shape.device) - before - _gradient_bytes(inputs)


def _extra_resident(name: str, shape: Shape) -> int:
    torch.set_num_threads(1)  # each thread more has an arena of its own
    inputs, head = _warm(name, shape)
    ctypes.CDLL(None).malloc_trim(0)  # so that memory which the first step freed does not count
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = _status("VmRSS")
    inputs.step(head)
    return _status("VmHWM") - before - _gradient_bytes(inputs)


def _warm(name: str, shape: Shape) -> tuple[Inputs, Head]:
    """Return inputs, and a head that has made one step: libraries are loaded, programs compiled, gradients dropped."""
    inputs, head = Inputs.of(shape), heads(shape.device)[name]
    inputs.step(head)
    for part in inputs[:3]:
        part.grad = None
    return inputs, head


def _gradient_bytes(inputs: Inputs) -> int:
    return sum(part.grad.nbytes for part in inputs[:3] if part.grad is not None)


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))
