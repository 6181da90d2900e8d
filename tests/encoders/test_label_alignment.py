"""FILIP's own picture: the token of a prompt that each place of a picture is most like."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support import tiny

from lexlip_lucene.encoders.explain.label_alignment import label_alignment
from lexlip_lucene.encoders.explain.patch_maps import grid_of, states_of
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.query.late_query import LateQuery
from lexlip_lucene.errors import InputError, ModelError
from lexlip_lucene.recipes.model_spec import AdapterSpec, ImageSpec, LateSpec

RESNET = {"channels": [8, 8, 16, 16], "stem_type": "", "stem_width": 8, "output_stride": 8}
PLAIN = ImageSpec(backbone="resnet10t", arguments=RESNET, size=64, grid=4, adapter=AdapterSpec(width=16))
LATE = LateSpec(width=8)

LABELS = {
    "dog": (["a", "a", "dog"], [False, False, True]),
    "two red dogs": (["a", "a", "two", "red", "dog", "##s"], [False, False, True, True, True, True]),
    "zebra over a cat": (["a", "a", "over", "a", "cat"], [False, False, True, True, True]),
}
"""Label → the tokens of "a photo of a {}." that the lexicon has, and those of them that are the label's."""


@pytest.fixture(params=range(4))
def model(request: pytest.FixtureRequest) -> LexLip:
    """Return a model of which the picture's places say different things: what is common to all is projected out."""
    model = tiny.lexlip(PLAIN, seed=request.param, late=LATE)
    assert model.late is not None
    with torch.no_grad():
        mean = torch.nn.functional.normalize(model.image.places(states_of(model, picture()))[0].mean(dim=0), dim=0)
        model.late.patches.weight -= torch.outer(model.late.patches.weight @ mean, mean)
    return model


def picture() -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (5, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((160, 100), Image.Resampling.NEAREST)


@pytest.mark.parametrize("label", LABELS)
def test_each_place_has_the_prompt_s_token_that_it_is_most_like(model: LexLip, label: str, tmp_path: Path) -> None:
    """An oracle in numpy, place by place; tokens have the vectors that re-ranking gives them.

    What the lexicon lacks, "photo", "of", the full stop and special tokens, would win a place that is unlike all.
    """
    model.save_pretrained(tmp_path / "model")
    vectors = LateQuery(tmp_path / "model")(f"a photo of a {label}.").vectors
    with torch.inference_mode():
        patches = model.patches_of_states(states_of(model, picture()))[0].numpy()
    tokens, of_label = LABELS[label]
    found = label_alignment(model, picture(), label)
    assert (found.label, found.text, found.tokens) == (label, f"a photo of a {label}.", tuple(tokens))
    assert found.of_label.tolist() == of_label and found.grid == grid_of(model)
    assert found.best.shape == (4, 4) == found.lit.shape
    for place, patch in enumerate(patches):
        best = int(np.argmax([float(patch @ vector) for vector in vectors]))
        row, column = divmod(place, 4)
        assert found.best[row, column] == best
        assert found.words[row][column] == tokens[best]
        assert found.lit[row, column] == of_label[best]


def test_the_neighbours_of_a_token_move_it(model: LexLip) -> None:
    """Without context, both tokens "a" of the prompt have one vector, and the first of them wins.

    With it, the second is the one before "dog"; away from "dog", it is most like what "dog" is least like.
    """
    assert model.late is not None and model.late.context is not None
    with torch.no_grad():
        model.late.context.zero_()
    assert 1 not in label_alignment(model, picture(), "dog").best
    with torch.no_grad():
        model.late.context[1] = -3 * torch.eye(8)
    assert 1 in label_alignment(model, picture(), "dog").best


def test_the_label_is_found_wherever_the_template_has_it(model: LexLip) -> None:
    found = label_alignment(model, picture(), "a dog", template="{} over a dog")
    assert found.tokens == ("a", "dog", "over", "a", "dog")
    assert found.of_label.tolist() == [True, True, False, False, False]


@pytest.mark.parametrize("label", ["zebra", "", " ", "!"])
def test_a_label_without_a_token_that_has_a_vector_is_refused(label: str) -> None:
    with pytest.raises(InputError, match=f"the label needs a word that the model knows, but tiny has .* {label!r}"):
        label_alignment(tiny.lexlip(late=LATE), picture(), label)


def test_a_model_without_patch_vectors_is_refused() -> None:
    with pytest.raises(ModelError, match="no patch vectors"):
        label_alignment(tiny.lexlip(), picture(), "dog")
    with pytest.raises(ModelError, match="one vector for a picture"):
        label_alignment(tiny.lexlip(late=LateSpec(width=8, pooled=True)), picture(), "dog")
