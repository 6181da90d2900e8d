"""Patch maps: the weight of a token at every patch of a picture, and the part of it that has no place.

Max pooling (LexLIP, ICCV 2023) takes each token's logit from one position:

    logit_v = max over positions p of state_p · w_v  +  b_v  +  (global path)_v,   weight_v = log(1 + relu(logit_v)) / s

with s the divisor of the whole vector: its length, or its bank. A map has only one place p instead of the
maximum; so its largest value is what pooling gives, unless a position without a place wins: the mean state of the
picture (`image.global_state`) or a view (`image.views`). With products 2.5 and 0.5 at two places, 0.5 from the global
path, b = 0 and s = 1, the map is log(4) = 1.39 and log(2) = 0.69; without any place the weight would be log(1.5) =
0.41, 29 % of 1.39.
"""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch
from PIL import Image
from torch import Tensor

from lexlip_lucene.encoders.explain.receptive_field import receptive_field_shift
from lexlip_lucene.encoders.model.image_encoder import ImageEncoder
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.pixels import normalise, to_square
from lexlip_lucene.encoders.pool.saturation import divide_by_length, saturate
from lexlip_lucene.errors import InputError
from lexlip_lucene.vectors.patch_map import Grid, PatchMap

_GRIDS: "WeakKeyDictionary[LexLip, Grid]" = WeakKeyDictionary()
"""Grids by model, which `grid_of` measures: it shows a model pictures, which takes up to a second."""


def patch_maps(model: LexLip, picture: Image.Image, tokens: Sequence[str]) -> list[PatchMap]:
    """Return the map of each of `tokens` in `picture`, in their order; computed in float32.

    Args:
        model: the model; it is not changed.
        picture: of any size.
        tokens: of the model's lexicon; one that the picture lacks has a map of zeros.

    Raises:
        InputError: a token is not in the lexicon.
    """
    grid = grid_of(model)
    with torch.inference_mode():
        return _maps(model, picture, tokens, grid)


def _maps(model: LexLip, picture: Image.Image, tokens: Sequence[str], grid: Grid) -> list[PatchMap]:
    wanted = [position_of(model, token) for token in tokens]
    states = states_of(model, picture)
    adapted, mean_state = model.image.adapted(states)
    raw = saturate(model.image.logits_of(adapted, mean_state).float())
    whole_raw = model.image.with_classes(raw, states)
    scale = _scale(model, whole_raw)
    everywhere, by_position = _logits(model.image, adapted, mean_state, wanted)
    weights = scale * saturate(by_position)
    placed, whole = weights.split([grid.rows * grid.columns, model.image.whole_positions])
    placeless = whole.amax(dim=0) if len(whole) else scale * saturate(everywhere)
    of_classes = scale * (whole_raw - raw)[0, wanted]  # in no place of the picture
    pooled = weights.amax(dim=0) + of_classes
    shares = torch.where(pooled > 0, (placeless + of_classes) / pooled, 0).clamp(max=1)
    maps = placed.T.unflatten(1, grid[:2]).cpu().numpy()
    return [PatchMap(*each, grid) for each in zip(tokens, pooled.tolist(), maps, shares.tolist(), strict=True)]


def grid_of(model: LexLip) -> Grid:
    """Return the places that `model` sees in a picture, learnt by showing it pictures; kept as long as the model is."""
    if model not in _GRIDS:
        with torch.inference_mode():
            places = states_of(model, Image.new("RGB", (1, 1))).shape[1] - model.image.whole_positions
        side = round(places**0.5)
        assert side * side == places, "the tower gives the states of a square"
        _GRIDS[model] = Grid(side, side, receptive_field_shift(model.image.tower, side))
    return _GRIDS[model]


def states_of(model: LexLip, picture: Image.Image) -> Tensor:
    """Return the backbone states (1, positions, width) of a picture of any size."""
    pixels = to_square(picture.convert("RGB"), model.config.image.size).unsqueeze(0).to(model.device)
    states: Tensor = model.image.tower(normalise(pixels, model.config.image))
    return states


def _logits(image: ImageEncoder, adapted: Tensor, mean_state: Tensor, wanted: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return the part of the logits that all positions share (tokens,), and the logits by position (positions, tokens).

    Args:
        image: the image side.
        adapted: (1, positions, adapter width), as `ImageEncoder.adapted` gives it.
        mean_state: (1, whole width), of the same picture.
        wanted: lexicon positions of the tokens.
    """
    rows = torch.tensor(wanted, dtype=torch.int64, device=adapted.device)
    everywhere = image.head.tokens.bias[rows]
    if image.global_path is not None:
        everywhere = everywhere + image.global_path(mean_state)[0, rows]
    return everywhere, image.head(adapted)[0] @ image.head.tokens.weight[rows].T + everywhere


def _scale(model: LexLip, raw: Tensor) -> float:
    """Return what all weights of a picture are multiplied with, given those before a division (1, tokens)."""
    kept = model.kept(divide_by_length(raw, model.config.image.length_power), "image", model.config.top_k)
    if not kept.weights.numel() or not kept.weights[0, 0]:
        return 1.0
    return float(kept.weights[0, 0] / raw[0, kept.positions[0, 0]])


def position_of(model: LexLip, token: str) -> int:
    """Return the place of a token in the lexicon; InputError if it has none."""
    try:
        return model.lexicon.position_of_token[token]
    except KeyError:
        raise InputError(
            f"a token of the model's lexicon is needed, but {model.config.name} has no {token!r}: its tokens are word "
            "pieces as `lexlip search` shows them"
        ) from None
