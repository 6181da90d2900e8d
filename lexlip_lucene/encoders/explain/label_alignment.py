"""Label alignment: FILIP's own picture of what a late head sees (`vectors/alignment.py`).

The tokens have the vectors that scoring gives them, each with its neighbours and its text.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from lexlip_lucene.data.prompts import DEFAULT_PROMPTS, PLACE, filled
from lexlip_lucene.encoders.explain.late_maps import late_patches
from lexlip_lucene.encoders.explain.patch_maps import grid_of
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.tokenizer import encoded
from lexlip_lucene.encoders.query.late_texts import late_texts
from lexlip_lucene.errors import InputError
from lexlip_lucene.vectors.alignment import Alignment


def label_alignment(
    model: LexLip, picture: Image.Image, label: str, *, template: str = DEFAULT_PROMPTS[0]
) -> Alignment:
    """Return the token of the prompt that each place of `picture` is most like; computed in float32.

    Args:
        model: the model, which has a late head; it is not changed.
        picture: of any size.
        label: the words of the label.
        template: the prompt, with `{}` where they go.

    Raises:
        InputError: no token of the label has a vector.
        ModelError: the model has no late head, or one vector for a picture.
    """
    text = filled(template, label)
    grid = grid_of(model)
    with torch.inference_mode():
        patches = late_patches(model, picture)
        tokens = late_texts(model, [text])
        counted = tokens.weights[0] > 0
        likeness = (patches @ tokens.vectors[0, counted].T).cpu().numpy()
    places = torch.nonzero(counted)[:, 0].tolist()
    (encoding,) = encoded(model.tokenizer, [text], max_length=model.config.text.max_length)
    of_label = _in_part([encoding.offsets[place] for place in places], template.index(PLACE), len(label))
    if not of_label.any():
        raise InputError(
            f"the label needs a word that the model knows, but {model.config.name} has a vector for none of {label!r}"
        )
    names = tuple(encoding.tokens[place] for place in places)
    return Alignment(label, text, names, of_label, likeness.argmax(axis=1).reshape(grid[:2]), grid)


def _in_part(spans: list[tuple[int, int]], begin: int, length: int) -> NDArray[np.bool_]:
    """Return (spans,) bool: those, in characters, that share one with the part of `length` from `begin`."""
    return np.array([first < begin + length and last > begin for first, last in spans], dtype=np.bool_)
