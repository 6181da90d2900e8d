"""Words that a lexicon lacks, and the known words nearest to them in meaning."""

import orjson
import pytest
import torch
from torch.nn import functional

from lexlip_lucene.training.start import neighbours as under_test
from lexlip_lucene.training.start.neighbours import Meaning, class_definitions, nearest_words, neighbours

KNOWN = ["dog", "dogs", "cat", "red", "run"]
NAMES = {"dog": "…", "cat": "…"}


def near(meaning: Meaning, *cosines: float) -> dict[str, list[str]]:
    """Find the neighbours of a word whose cosines with the known words are given."""
    return nearest_words({"word": meaning}, torch.tensor([cosines]), KNOWN, torch.eye(5), names=NAMES)


def test_the_nearest_known_words_come_first_and_none_below_the_floor() -> None:
    assert near(Meaning("word", False), 0.7, 0.1, 0.59, 0.9, 0.8) == {"word": ["red", "run", "dog"]}
    assert near(Meaning("word", False), 0.59, 0, 0, 0, 0) == {}


def test_of_a_plural_and_its_singular_the_nearer_one_is_taken() -> None:
    assert near(Meaning("word", False), 0.8, 0.9, 0.7, 0, 0) == {"word": ["dogs", "cat"]}


def test_a_definition_is_compared_with_names_only() -> None:
    assert near(Meaning("a red animal that runs", True), 0.41, 0.9, 0.39, 0.9, 0.9) == {"word": ["dog"]}


def test_names_of_classes_have_their_definitions() -> None:
    definitions = class_definitions()
    assert definitions["cardamom"].startswith("aromatic seeds used as seasoning")
    assert all(name.isalpha() and name == name.lower() for name in definitions)


def test_unknown_words_are_tokens_of_the_sentence_model_and_names_of_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = {"dog": (1.0, 0.0), "sky": (0.0, 1.0), "wolf": (0.9, 0.1), "a wild dog": (0.8, 0.2), "and": (1.0, 0.0)}

    def known_vectors(texts: list[str], sentences: str) -> torch.Tensor:
        return functional.normalize(torch.tensor([vectors[text] for text in texts]), dim=1)

    monkeypatch.setattr(under_test, "sentence_tokens", lambda name: ["[CLS]", "##s", "dog", "and", "wolf", "wo"])
    monkeypatch.setattr(under_test, "sentence_vectors", known_vectors)
    monkeypatch.setattr(under_test, "class_definitions", lambda: {"dog": "a pet", "dingo": "a wild dog", "wolf": "?"})
    counts = {"dog": 99, "sky": 20, "doo": 19, "##s": 99, "and": 99}
    found = orjson.loads(neighbours(counts, lambda word: word not in counts, "a sentence model"))
    assert found == {"wolf": ["dog"], "dingo": ["dog"]}
