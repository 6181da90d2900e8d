"""Choosing where tensors live."""

import torch

from lexlip_lucene.errors import InputError


def choose_device(name: str) -> str:
    """Return a torch device that works here; `auto` is the GPU where there is one.

    Raises:
        InputError: torch knows no such device, or it is not on this machine.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0][:200]
        raise InputError(f"device {name!r} can't be used here: {reason}; take cpu, or leave --device out") from None
    return name
