"""The visual lexicon: weights, idf, integers and names, against plain computations; and its file."""

import math
from pathlib import Path

import numpy as np
import orjson
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from lexlip_lucene.encoders.visual.rotated import Rotated
from lexlip_lucene.encoders.visual.visual_file import read_visual, visual_bytes
from lexlip_lucene.encoders.visual.visual_lexicon import (
    Provenance,
    VisualLexicon,
    completed,
    idf_of,
    kept_weights,
)
from lexlip_lucene.errors import InputError, ModelError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.recipes.visual_recipe import VisualRecipe
from lexlip_lucene.training.visual.visual_words import fitted
from lexlip_lucene.vectors.lexicon import Lexicon
from lexlip_lucene.words.visual_words import VISUAL_FILE, code_of, is_visual_word, parted, visual_word

WIDTH = 12
MADE_OF = Provenance("b" * 64, 30)
RECIPES = [
    VisualRecipe(code="auto-encoder", size=20, per_place=3, width=6, steps=20, batch_places=32, keep=6),
    VisualRecipe(code="k-means", size=9, per_place=2, width=6, keep=4),
    VisualRecipe(code="rotated", keep=8, idf=False),
]


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def lexicon_of(recipe: VisualRecipe) -> VisualLexicon:
    return fitted(drawn(60, 7, WIDTH).half(), recipe, "b" * 64)


@pytest.fixture(scope="module", params=RECIPES, ids=lambda recipe: recipe.code)
def lexicon(request: pytest.FixtureRequest) -> VisualLexicon:
    return lexicon_of(request.param)


def test_the_weights_of_a_picture_are_as_the_formula_says(lexicon: VisualLexicon) -> None:
    places = drawn(5, 7, WIDTH, seed=3)
    for found, strengths in zip(lexicon.weights(places), lexicon.code.strengths(places).double(), strict=True):
        raw = strengths**lexicon.code.power * lexicon.root_idf.double()
        best = raw.argsort(descending=True)[: lexicon.form.keep]
        expected = torch.zeros_like(raw)
        expected[best] = raw[best]
        torch.testing.assert_close(found.double(), expected / expected.norm(), rtol=1e-4, atol=1e-6)


def test_impacts_are_the_quantised_weights_heaviest_first(lexicon: VisualLexicon) -> None:
    places = drawn(5, 7, WIDTH, seed=4)
    for vector, weights in zip(lexicon.impacts(places), lexicon.weights(places).numpy(), strict=True):
        assert vector == lexicon.quantiser.vector(weights, lexicon.tokens)
        assert 0 < len(vector) <= lexicon.form.keep
        assert list(vector.values()) == sorted(vector.values(), reverse=True)
        assert all(is_visual_word(token) and 1 <= impact <= 255 for token, impact in vector.items())


def test_idf_counts_only_the_words_that_a_picture_keeps() -> None:
    strengths = torch.tensor([[3.0, 2.0, 1.0], [0.0, 2.0, 1.0], [0.0, 0.0, 1.0]])
    # With two kept, word 0 is in one of three pictures, word 1 in two, word 2 in two.
    expected = [math.log(1 + (3 - df + 0.5) / (df + 0.5)) for df in (1, 2, 2)]
    np.testing.assert_allclose(idf_of(strengths, 2).numpy(), expected, rtol=1e-6)


def test_a_picture_without_codes_has_no_weights_and_no_words() -> None:
    weights = kept_weights(torch.zeros(2, 5), torch.ones(5), 3)
    assert torch.equal(weights, torch.zeros(2, 5))
    mean = drawn(WIDTH, seed=9)
    lexicon = completed(
        RECIPES[2].form(), Rotated(mean, torch.eye(WIDTH)), drawn(9, 2 * WIDTH).relu(), MADE_OF, with_idf=False
    )
    assert lexicon.impacts(mean.expand(1, 4, WIDTH)) == [{}]


def test_visual_words_know_their_codes_and_no_word_is_one() -> None:
    assert [visual_word(code) for code in (0, 417, 99_999)] == ["v00000", "v00417", "v99999"]
    assert [code_of(visual_word(code)) for code in (0, 417, 99_999)] == [0, 417, 99_999]
    assert not any(map(is_visual_word, ("v", "v1", "v0041", "v004170", "V00417", "v٠٠٤١٧", "vase", "xv00417")))
    assert parted({"dog": 9, "v00417": 7, "v8": 3}) == ({"dog": 9, "v8": 3}, {"v00417": 7})


def test_a_vocabulary_with_such_a_token_is_refused(lexicon: VisualLexicon) -> None:
    lexicon.require_apart(Lexicon(("dog", "v8"), (0, 1)))
    with pytest.raises(InputError, match=r"'v00417'.*looks like a visual word"):
        lexicon.require_apart(Lexicon(("dog", "v00417"), (0, 1)))


def test_places_of_an_unknown_word_are_refused(lexicon: VisualLexicon) -> None:
    for word in ("dog", visual_word(lexicon.code.size)):
        with pytest.raises(InputError, match=f"v00000 to {visual_word(lexicon.code.size - 1)}, got '{word}'"):
            lexicon.at_places(drawn(7, WIDTH), [word])


# The file


def written(lexicon: VisualLexicon, folder: Path) -> dict[str, str]:
    (folder / VISUAL_FILE).write_bytes(visual_bytes(lexicon))
    return {VISUAL_FILE: sha256_of(folder / VISUAL_FILE)}


def test_a_lexicon_is_the_same_again_from_its_file(lexicon: VisualLexicon, tmp_path: Path) -> None:
    files = written(lexicon, tmp_path)
    again = read_visual(tmp_path, files, "config.json")
    places = drawn(4, 7, WIDTH, seed=5)
    assert again.impacts(places) == lexicon.impacts(places)
    assert (again.form, again.made_of, again.ceiling) == (lexicon.form, lexicon.made_of, lexicon.ceiling)
    assert again.sha256 == files[VISUAL_FILE]
    assert visual_bytes(again) == visual_bytes(lexicon)


def test_a_codebook_that_was_changed_since_is_refused(lexicon: VisualLexicon, tmp_path: Path) -> None:
    files = written(lexicon, tmp_path)
    content = bytearray((tmp_path / VISUAL_FILE).read_bytes())
    content[-1] ^= 1
    (tmp_path / VISUAL_FILE).write_bytes(content)
    with pytest.raises(ModelError, match="is not the file that was written"):
        read_visual(tmp_path, files, "config.json")


def test_a_folder_without_visual_words_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no visual words: make a model that has with `lexlip train-visual`"):
        read_visual(tmp_path, {}, "config.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "of format 1 are needed, got 2"),
        ({"version": 7}, "of version 1 is needed, got 7"),
        ({"form": {"size": 1}}, "form.size"),
        ({"ceiling": None}, "ceiling"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_header_that_is_not_understood_is_refused(
    lexicon: VisualLexicon, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    written(lexicon, tmp_path)
    path = tmp_path / VISUAL_FILE
    header = orjson.loads(_header(path)) | change
    save_file(load_file(path), path, metadata={"lexlip": orjson.dumps(header).decode()})
    with pytest.raises(ModelError, match=message):
        read_visual(tmp_path, {}, "config.json")


@pytest.mark.parametrize("name", ["root_idf", "mean"])
def test_a_missing_or_misshapen_tensor_is_refused(lexicon: VisualLexicon, tmp_path: Path, name: str) -> None:
    written(lexicon, tmp_path)
    path = tmp_path / VISUAL_FILE
    header, tensors = {"lexlip": _header(path).decode()}, load_file(path)
    save_file({key: tensor for key, tensor in tensors.items() if key != name}, path, metadata=header)
    with pytest.raises(ModelError, match=f"has no tensor '{name}'"):
        read_visual(tmp_path, {}, "config.json")
    save_file({**tensors, name: tensors[name][:-1].clone()}, path, metadata=header)
    with pytest.raises(ModelError, match="is damaged"):
        read_visual(tmp_path, {}, "config.json")


def test_a_file_that_is_cut_short_is_refused(lexicon: VisualLexicon, tmp_path: Path) -> None:
    written(lexicon, tmp_path)
    path = tmp_path / VISUAL_FILE
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ModelError, match="is damaged"):
        read_visual(tmp_path, {}, "config.json")


def _header(path: Path) -> bytes:
    from safetensors import safe_open

    with safe_open(path, "pt") as opened:
        return opened.metadata()["lexlip"].encode()
