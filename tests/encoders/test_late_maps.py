"""Late maps: how like each place of a picture is to a token."""

import numpy as np
import pytest
import torch
from PIL import Image
from support import tiny

from lexlip_lucene.encoders.explain.late_maps import late_maps
from lexlip_lucene.encoders.explain.patch_maps import states_of
from lexlip_lucene.encoders.model.tokens import tokenise
from lexlip_lucene.encoders.pool.late_head import token_scores
from lexlip_lucene.errors import InputError, ModelError
from lexlip_lucene.recipes.model_spec import AdapterSpec, ImageSpec, LateSpec, ViewSpec

LATE = LateSpec(width=8)
RESNET = {"channels": [8, 8, 16, 16], "stem_type": "", "stem_width": 8, "output_stride": 8}
PLAIN = ImageSpec(backbone="resnet10t", arguments=RESNET, size=64, grid=4, adapter=AdapterSpec(width=16))
KINDS = {
    "patches of a ViT": (tiny.VIT, (2, 2)),
    "pooled grid": (PLAIN, (4, 4)),
    "global state": (PLAIN.model_copy(update={"global_state": True}), (4, 4)),
    "views": (PLAIN.model_copy(update={"views": (ViewSpec(), ViewSpec(mirrored=True))}), (4, 4)),
}


def picture() -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (5, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((160, 100), Image.Resampling.NEAREST)


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_place_of_a_map_is_the_token_s_part_of_the_late_score(kind: str) -> None:
    image, shape = KINDS[kind]
    model = tiny.lexlip(image, late=LATE)
    maps = late_maps(model, picture(), tiny.WORDS)
    assert [each.weights.shape for each in maps] == [shape] * len(tiny.WORDS)
    with torch.inference_mode():
        patches = model.patches_of_states(states_of(model, picture()))
        for each in maps:
            tokens = tokenise(model.tokenizer, [each.token], max_length=16)
            if each.token.startswith("##"):
                continue
            score = float(token_scores(model.late_tokens(tokens), patches)[0, 0])
            assert each.weight == pytest.approx(max(0, score), abs=1e-5)
            assert each.placeless == 0


def test_what_has_no_late_map_is_refused() -> None:
    with pytest.raises(InputError, match="has no 'zebra'"):
        late_maps(tiny.lexlip(late=LATE), picture(), ["zebra"])
    with pytest.raises(ModelError, match="no patch vectors"):
        late_maps(tiny.lexlip(), picture(), ["dog"])
    with pytest.raises(ModelError, match="one vector for a picture"):
        late_maps(tiny.lexlip(late=LateSpec(width=8, pooled=True)), picture(), ["dog"])


def test_a_token_has_the_vector_of_its_first_place_in_the_texts() -> None:
    """An oracle by the text side in numpy's terms: the largest place of each map is the token's best patch there."""
    model = tiny.lexlip(PLAIN, late=LATE)
    texts = ["two cats over a zebra", "a red dog", "dog"]
    alone, moved = (late_maps(model, picture(), ["a", "dog", "star"], texts=some) for some in ([], texts))
    with torch.inference_mode():
        patches = model.patches_of_states(states_of(model, picture()))[0]
        for each, text, place in ((moved[0], texts[0], 4), (moved[1], texts[1], 2)):
            tokens = tokenise(model.tokenizer, [text], max_length=16)
            at = tokens.words[0].nonzero()[place, 0]
            assert model.tokenizer.id_to_token(int(tokens.ids[0, at])) == each.token
            expected = (patches @ model.late_tokens(tokens).vectors[0, at]).clamp(min=0).reshape(4, 4)
            assert np.allclose(each.weights, expected.numpy(), atol=1e-6)
    assert np.array_equal(moved[2].weights, alone[2].weights), "no text has it"
    assert not np.allclose(moved[0].weights, alone[0].weights, atol=1e-3)
