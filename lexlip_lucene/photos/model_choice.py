"""The choice of the model for an index of photos: what the command says, else as the index was made, else shipped.

No torch, unless nothing says how many views are encoded: then a GPU decides.
"""

from pathlib import Path
from typing import NamedTuple, TypeVar

from lexlip_lucene.data.image_limits import LIMITS, ImageLimits
from lexlip_lucene.encoders.model.model_config import ModelConfig, read_config
from lexlip_lucene.encoders.model.model_files import require_readable
from lexlip_lucene.errors import ModelError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.models.shipped import PHOTOS, WEIGHTS_FILE, model_folder, name_of
from lexlip_lucene.photos.ledger import Ledger, Settings, Views
from lexlip_lucene.vectors.quantise import Quantiser

Value = TypeVar("Value")


class Wanted(NamedTuple):
    """The settings that a command names; None for what stays as it was, or is left to the model."""

    model: Path | None = None
    views: Views | None = None
    bits: int | None = None
    top_k: int | None = None
    max_pixels: int | None = None
    allow_truncated: bool | None = None


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
        device: where photos will be encoded: on a GPU all views are, unless something says otherwise.

    Raises:
        ModelError: no such model, or one that is not calibrated.
        InputError: a number out of range.
    """
    folder = model_folder(wanted.model or (PHOTOS if before is None else before.model))
    config = read_config(folder)
    require_readable(folder / WEIGHTS_FILE)
    if config.ceilings is None:
        raise ModelError(f"model {config.name} has no calibrated scale; training calibrates it at its end")
    then = None if before is None else before.settings
    kept = then if then is not None and wanted.model is None else None  # another model has bits and top-k of its own
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
        views=_views(wanted, config, then, device),
        bits=quantiser.bits,
        top_k=quantiser.top_k,
        **limits._asdict(),
    )
    return Chosen(folder, name_of(folder), config, settings)


def _views(wanted: Wanted, config: ModelConfig, then: Settings | None, device: str) -> Views:
    if not config.image.views:
        return "all"
    if wanted.views is not None:
        return wanted.views
    if then is not None:
        return then.views
    from lexlip_lucene.encoders.model.device import choose_device

    return "fast" if choose_device(device) == "cpu" else "all"


def _given(value: Value | None, otherwise: Value) -> Value:
    return otherwise if value is None else value
