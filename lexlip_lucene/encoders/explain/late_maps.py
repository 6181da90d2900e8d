"""Late maps: how like each patch of a picture is to a token, by the vectors of late interaction (FILIP).

    map_t(p) = max(0, u_t · v_p),   of unit vectors: 1 if they are the same

Its largest value is the token's part of the late score, if that is not negative. Nothing is without a place: the late
score sees only patches.
"""

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from lexlip_lucene.encoders.explain.patch_maps import grid_of, position_of, states_of
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import ModelError
from lexlip_lucene.vectors.patch_map import Grid, PatchMap


def late_maps(model: LexLip, picture: Image.Image, tokens: Sequence[str]) -> list[PatchMap]:
    """Return the late map of each of `tokens`, as a text of its own, in their order; computed in float32.

    Args:
        model: the model, which has a late head; it is not changed.
        picture: of any size.
        tokens: of the model's lexicon.

    Raises:
        InputError: a token is not in the lexicon.
        ModelError: the model has no late head, or one vector for a picture.
    """
    wanted = [position_of(model, token) for token in tokens]
    with torch.inference_mode():
        patches = late_patches(model, picture)
        vectors = model.late_vectors(torch.tensor(wanted, dtype=torch.long, device=model.device))
        return likeness_maps(tokens, vectors, patches, grid_of(model))


def late_patches(model: LexLip, picture: Image.Image) -> Tensor:
    """Return the unit vectors (places, late width) of a picture of any size; ModelError is that of `late_maps`."""
    if model.late is not None and model.late.pooled:
        raise ModelError(
            f"model {model.config.name} has one vector for a picture (late.pooled), so it has no late maps"
        )
    return model.patches_of_states(states_of(model, picture))[0]


def likeness_maps(tokens: Sequence[str], vectors: Tensor, patches: Tensor, grid: Grid) -> list[PatchMap]:
    """Return the map of each of `tokens`.

    Args:
        tokens: names.
        vectors: (tokens, width) of unit length.
        patches: (places, width) of unit length, in reading order.
        grid: the places.
    """
    maps = (vectors @ patches.T).clamp(min=0).cpu().numpy().reshape(-1, grid.rows, grid.columns)
    return [PatchMap(token, float(each.max()), each, 0.0, grid) for token, each in zip(tokens, maps, strict=True)]
