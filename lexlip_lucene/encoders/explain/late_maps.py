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
from lexlip_lucene.encoders.model.tokens import tokenise
from lexlip_lucene.encoders.query.late_texts import late_texts
from lexlip_lucene.errors import ModelError
from lexlip_lucene.vectors.patch_map import PatchMap


def late_maps(
    model: LexLip, picture: Image.Image, tokens: Sequence[str], *, texts: Sequence[str] = ()
) -> list[PatchMap]:
    """Return the late map of each of `tokens` in `picture`, in their order; computed in float32.

    Args:
        model: the model, which has a late head; it is not changed.
        picture: of any size.
        tokens: of the model's lexicon.
        texts: a token has the vector that it has where it comes first in them, moved by its neighbours and its text;
            if none has it, it is a text of its own.

    Raises:
        InputError: a token is not in the lexicon.
        ModelError: the model has no late head, or one vector for a picture.
    """
    wanted = torch.tensor([position_of(model, token) for token in tokens], dtype=torch.long, device=model.device)
    grid = grid_of(model)
    with torch.inference_mode():
        patches = late_patches(model, picture)
        vectors = model.late_vectors(wanted)
        if texts:
            said = _vectors_in(model, texts)
            for place, position in enumerate(wanted.tolist()):
                vectors[place] = said.get(position, vectors[place])
        likeness = (vectors @ patches.T).clamp(min=0).cpu().numpy()
    maps = likeness.reshape(-1, grid.rows, grid.columns)
    return [PatchMap(token, float(each.max()), each, 0.0, grid) for token, each in zip(tokens, maps, strict=True)]


def late_patches(model: LexLip, picture: Image.Image) -> Tensor:
    """Return the unit vectors (places, late width) of a picture of any size; ModelError is that of `late_maps`."""
    if model.late is not None and model.late.pooled:
        raise ModelError(
            f"model {model.config.name} has one vector for a picture (late.pooled), so it has no late maps"
        )
    return model.patches_of_states(states_of(model, picture))[0]


def _vectors_in(model: LexLip, texts: Sequence[str]) -> dict[int, Tensor]:
    """Return position in the lexicon → the vector (width,) that the token has where it comes first."""
    tokens = tokenise(model.tokenizer, texts, max_length=model.config.text.max_length)
    vectors = late_texts(model, texts).vectors
    positions = model.text.own.positions(tokens.ids.to(model.device), tokens.words.to(model.device))
    found: dict[int, Tensor] = {}
    for row, place in torch.nonzero(positions < len(model.lexicon)).tolist():
        found.setdefault(int(positions[row, place]), vectors[row, place])
    return found
