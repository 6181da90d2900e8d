"""Choosing where tensors live."""

import torch

from lexlip_lucene.errors import InputError
from lexlip_lucene.processes import local_rank


def choose_device(name: str) -> str:
    """Return a torch device that works here; `auto` is the GPU if present.

    Of the processes that torchrun starts each gets a GPU of its own.

    Raises:
        InputError: torch knows no such device, or it is not on this machine.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        name = f"cuda:{local_rank()}"
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0][:200]
        raise InputError(f"device {name!r} can't be used here: {reason}; take cpu, or leave --device out") from None
    return name
