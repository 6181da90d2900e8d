"""A run's state in a file, from which it resumes where it stopped: bit for bit on a CPU.

Written beside the model, in `MODEL.training/RUN/checkpoint.pt`; loading it runs no code (weights_only). Random numbers
are not in it: the draws of a step follow from the seed and its number (`draws.py`).
"""

import io
from pathlib import Path
from typing import Any

import torch

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import written_file
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe

_MOVABLE = {"roots", "about"}
"""Keys of a recipe that may differ when a run resumes: the place of the data changes no bit."""


def read_checkpoint(path: Path, recipe: EncoderRecipe) -> dict[str, Any] | None:
    """Return the state written at `path`, or None if no file exists.

    Raises:
        InputError: it is of another recipe (the first key that differs is named), or no checkpoint.
    """
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises errors of many kinds for a broken file
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: not a checkpoint that can be read: {reason}; train without --resume") from None
    difference = _difference(state["recipe"], _settings(recipe))
    if difference:
        raise InputError(f"{path}: the run that is to go on had another recipe: {difference}; train without --resume")
    return state


def write_checkpoint(path: Path, recipe: EncoderRecipe, state: dict[str, Any]) -> None:
    """Write `state`, whole or not at all.

    Raises:
        OutputError: it can't be written.
    """
    held = io.BytesIO()  # torch's own writer has an error of its own kind for a full disk
    torch.save({**state, "recipe": _settings(recipe)}, held)
    with written_file(path, force=True) as file:
        file.write(held.getbuffer())


def _settings(recipe: EncoderRecipe) -> dict[str, Any]:
    return recipe.model_dump(mode="json", exclude=_MOVABLE)


def _difference(before: Any, now: Any, place: str = "") -> str:
    """Say where two recipes differ first: `training.epochs was 7 and is 8`; paths count by their last name."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(key for key in now if key not in before)]:
            found = _difference(before.get(key), now.get(key), f"{place}.{key}" if place else key)
            if found:
                return found
        return ""
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = enumerate(zip(before, now, strict=True))
        return next(filter(None, (_difference(*pair, f"{place}[{number}]") for number, pair in pairs)), "")
    if isinstance(before, str) and isinstance(now, str) and Path(before).name == Path(now).name:
        return ""
    return "" if before == now else f"{place} was {before!r} and is {now!r}"
