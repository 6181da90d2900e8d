"""The choice of the model for an index of photos: what the command says, else as the index was made, else shipped.

No torch, unless nothing says which of the shipped models it is: then a GPU decides.
"""

from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from lexlip_lucene.data.image_limits import LIMITS, ImageLimits
from lexlip_lucene.encoders.model.model_config import ModelConfig, read_config
from lexlip_lucene.encoders.model.model_files import require_readable
from lexlip_lucene.errors import InputError, ModelError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.models.shipped import PHOTOS, PHOTOS_FAST, WEIGHTS_FILE, model_folder, name_of
from lexlip_lucene.photos.ledger import Ledger, Settings
from lexlip_lucene.vectors.quantise import Quantiser

Value = TypeVar("Value")

Views = Literal["fast", "all"]
"""One look at a photo, or several: which of the two shipped models encodes it."""


class Wanted(NamedTuple):
    """The settings that a command names; None for what stays as it was, or is left to the model."""

    model: Path | None = None
    views: Views | None = None
    bits: int | None = None
    top_k: int | None = None
    max_pixels: int | None = None
    allow_truncated: bool | None = None
    looks: bool | None = None
    relearn_looks: bool = False


class Chosen(NamedTuple):
    """The model's folder, the name by which it is found again, its config, and the settings of the vectors."""

    folder: Path
    name: str
    config: ModelConfig
    settings: Settings


def choose_model(wanted: Wanted, before: Ledger | None, device: str) -> Chosen:
    """Return the model and the settings for an index of photos.

    Args:
        wanted: what is given counts.
        before: the ledger of the index; what is not given stays as it is there.
        device: where photos will be encoded: on a GPU in all views, unless something says otherwise.

    Raises:
        ModelError: no such model, or one that is not calibrated.
        InputError: a number out of range, or both a model and views.
    """
    folder = model_folder(_named(wanted, before, device))
    config = read_config(folder)
    require_readable(folder / WEIGHTS_FILE)
    if config.ceilings is None:
        raise ModelError(f"model {config.name} has no calibrated scale; training calibrates it at its end")
    then = None if before is None else before.settings
    kept = (
        then if before is not None and before.model == name_of(folder) else None
    )  # another model has bits and top-k of its own
    quantiser = Quantiser(
        config.ceilings.image,
        _given(wanted.bits, kept.bits if kept else config.bits),
        wanted.top_k if wanted.top_k is not None else kept.top_k if kept else config.top_k_of("image"),
    )
    limits = ImageLimits(
        _given(wanted.max_pixels, then.max_pixels if then else LIMITS.max_pixels),
        _given(wanted.allow_truncated, then.allow_truncated if then else LIMITS.allow_truncated),
    ).checked()
    settings = Settings(
        model_sha256=config.files.get(WEIGHTS_FILE) or sha256_of(folder / WEIGHTS_FILE),
        bits=quantiser.bits,
        top_k=quantiser.top_k,
        **limits._asdict(),
    )
    return Chosen(folder, name_of(folder), config, settings)


def _named(wanted: Wanted, before: Ledger | None, device: str) -> str | Path:
    if wanted.model is not None and wanted.views is not None:
        raise InputError(
            f"--views chooses between the models that come with the package, and --model names {wanted.model}: "
            "leave one of them out"
        )
    if wanted.model is not None:
        return wanted.model
    if wanted.views is not None:
        return PHOTOS if wanted.views == "all" else PHOTOS_FAST
    if before is not None:
        return before.model
    from lexlip_lucene.encoders.model.device import choose_device

    return PHOTOS_FAST if choose_device(device) == "cpu" else PHOTOS


def _given(value: Value | None, otherwise: Value) -> Value:
    return otherwise if value is None else value
