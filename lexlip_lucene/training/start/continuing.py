"""A run that starts from a saved model: phase 2 from phase 1, fine-tuning from phase 2, at another picture size too.

Where the picture size differs, so does the backbone's number of positions. What it learned about them is resampled in
two dimensions, by timm's own functions: absolute positions by bicubic interpolation of the grid, tables of relative
positions by BEiT's scheme (near offsets keep their meaning in patches, far ones are stretched). Never by cutting a
corner out or along the flattened table, which the official LexLIP code does at 112 and 384 pixels.

Everything else must fit exactly, but for parts that only training needs, whose absence is reported. A late head is left
behind: a run trains its own from a start in closed form, at any width.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.layers.pos_embed import resample_abs_pos_embed
from timm.layers.pos_embed_rel import resize_rel_pos_bias_table
from torch import Tensor

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.model_config import CONFIG_FILE, ModelConfig, read_config
from lexlip_lucene.encoders.model.model_files import WEIGHTS_FILE, require_as_written, require_readable
from lexlip_lucene.encoders.model.packed_tensors import unpacked
from lexlip_lucene.encoders.model.tokenizer import load_tokenizer
from lexlip_lucene.errors import ModelError
from lexlip_lucene.progress import SILENT, Progress

OPTIONAL_PARTS = {"dense": "dense twin", "decoder": "decoder"}
"""Parts, by the first word of their tensors' names, that one of the two models may lack."""

_BACKBONE, _LATE = "image.tower.backbone.", "late."
_ABSOLUTE, _RELATIVE = "pos_embed", "relative_position_bias_table"


def start_from_model(model: LexLip, folder: Path, *, progress: Progress = SILENT) -> None:
    """Load the weights of the model in `folder` into `model`.

    Args:
        model: freshly made; it is changed only when everything fits.
        folder: a model folder with the same lexicon and vocabulary.
        progress: receives the optional part that one of the two lacks.

    Raises:
        ModelError: `folder` is not a model, or differs from `model` in its lexicon, its vocabulary or a tensor.
    """
    config = read_config(folder)
    _require_same_words(model, config, folder)
    require_readable(folder / WEIGHTS_FILE)
    try:
        tensors = load_file(folder / WEIGHTS_FILE)
    except SafetensorError as error:
        raise ModelError(f"{folder / WEIGHTS_FILE}: not a safetensors file: {error}") from None
    if config.weights == "int8":
        tensors = unpacked(tensors)
    if any(name.startswith(_LATE) for name in tensors):
        progress.note(f"the late head of {folder} is left behind: a recipe with late trains its own")
    tensors = _without_late(tensors)
    own = _without_late(model.state_dict(keep_vars=True))
    tensors = {name: _resampled(name, tensor, own, model) for name, tensor in tensors.items()}
    _require_same_tensors(own, tensors, folder, progress)
    require_as_written(folder, WEIGHTS_FILE, config.files, CONFIG_FILE)
    model.load_state_dict({name: tensor for name, tensor in tensors.items() if name in own}, strict=False)


def _without_late(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(_LATE)}


def _require_same_words(model: LexLip, config: ModelConfig, folder: Path) -> None:
    if config.text.kind != model.config.text.kind:
        raise ModelError(f"{folder} has a {config.text.kind} text side, but this run's is {model.config.text.kind}")
    vocabulary, other = model.tokenizer.get_vocab(), load_tokenizer(folder).get_vocab()
    moved = sorted(token for token in vocabulary.keys() | other.keys() if vocabulary.get(token) != other.get(token))
    if moved:
        raise ModelError(
            f"{folder}: the tokenizer it was trained with is needed, but {len(moved)} tokens differ in their rows, "
            f"{moved[0]!r} among them: take the same vocabulary in the recipe"
        )
    different = sorted(set(config.tokens) ^ set(model.lexicon.tokens))
    if different or config.tokens != model.lexicon.tokens:
        named = f"{different[0]!r} among them" if different else "only by their order"
        raise ModelError(
            f"{folder}: the lexicon it was trained with is needed, but the two differ in {len(different)} tokens, "
            f"{named}: take the same data.captions, data.keep_aside and vocabulary.min_count in the recipe"
        )


def _resampled(name: str, tensor: Tensor, own: Mapping[str, Tensor], model: LexLip) -> Tensor:
    """Return `tensor` for the positions of `model`'s backbone; the very same where its shape fits already."""
    if not name.startswith(_BACKBONE) or name not in own or own[name].shape == tensor.shape:
        return tensor
    backbone = cast(Any, model.image.tower.backbone)
    owner, _, kind = name.removeprefix(_BACKBONE).rpartition(".")
    if kind == _ABSOLUTE and not owner and tensor.dim() == own[name].dim() == 3:
        prefix = 0 if getattr(backbone, "no_embed_class", False) else backbone.num_prefix_tokens
        grid = list(backbone.patch_embed.grid_size)
        return cast(Tensor, resample_abs_pos_embed(tensor, new_size=grid, num_prefix_tokens=prefix))
    if kind == _RELATIVE:
        window = backbone.get_submodule(owner).window_size
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # timm indexes by a list, which torch wants to be a tuple
            return cast(Tensor, resize_rel_pos_bias_table(tensor, window, own[name].shape))
    return tensor


def _require_same_tensors(
    own: Mapping[str, Tensor], tensors: Mapping[str, Tensor], folder: Path, progress: Progress
) -> None:
    loaded = {id(own[name]) for name in tensors if name in own}  # a tied tensor is saved under one of its names
    missing = [name for name, tensor in own.items() if name not in tensors and id(tensor) not in loaded]
    unknown = [name for name in tensors if name not in own]
    for name in [*missing, *unknown]:
        if name.partition(".")[0] not in OPTIONAL_PARTS:
            where = "this run's model" if name in unknown else str(folder)
            raise ModelError(f"{folder} does not fit the recipe's model: {where} has no tensor {name}")
    for name, tensor in tensors.items():
        if name in own and own[name].shape != tensor.shape:
            raise ModelError(
                f"{folder} does not fit the recipe's model: tensor {name} is {tuple(tensor.shape)} there, but "
                f"{tuple(own[name].shape)} here"
            )
    for part, called in OPTIONAL_PARTS.items():
        if any(name.startswith(f"{part}.") for name in missing):
            progress.note(f"{folder} has no {called}: it starts afresh")
        if any(name.startswith(f"{part}.") for name in unknown):
            progress.note(f"the {called} of {folder} is left behind: this run has none")
