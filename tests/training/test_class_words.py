"""The words of a backbone's classes, found by a sentence model."""

from pathlib import Path

import pytest
import torch
from support import tiny
from support.sentences import write

from lexlip_lucene.errors import ModelError
from lexlip_lucene.training.start.class_words import class_names, class_words
from lexlip_lucene.training.start.sentence_model import sentence_tokens, sentence_vectors
from lexlip_lucene.vectors.lexicon import Lexicon

LEXICON = Lexicon(("dog", "cat", "##s", "star", "2"), (1, 2, 3, 4, 5))


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write(tmp_path_factory.mktemp("sentences"))


def test_imagenets_classes_have_their_names_in_the_order_of_classifiers() -> None:
    names = class_names()
    assert len(names) == 1000
    assert names[0] == ["tench", "Tinca tinca"]
    assert "golden retriever" in names[207]


def test_a_class_named_by_a_word_has_it_as_its_heaviest_and_never_a_piece(sentences: str) -> None:
    idf = torch.tensor([1.0, 1.0, 9.0, 1.0, 9.0])
    words = class_words([["dog"], ["cat", "cat"]], LEXICON, idf, sentences=sentences, nearest=2, sharpness=0.05)
    assert words.argmax(dim=1).tolist() == [0, 1]
    assert words.max(dim=1).values.tolist() == pytest.approx([1, 1])
    assert (words > 0).sum(dim=1).tolist() == [2, 2]
    assert not words[:, [2, 4]].any()


def test_words_weigh_by_idf(sentences: str) -> None:
    plain, raised = (
        class_words([["dog"]], LEXICON, torch.ones(5) * idf, sentences=sentences, nearest=3, sharpness=0.1)
        for idf in (1, 3)
    )
    assert torch.allclose(raised, 3 * plain)


def test_padding_changes_no_vector(sentences: str) -> None:
    texts = ["dog", "a red circle over two blue dogs"]
    together = sentence_vectors(texts, sentences)
    apart = torch.cat([sentence_vectors([text], sentences) for text in texts])
    assert torch.allclose(together, apart, atol=1e-5)
    assert torch.allclose(together.norm(dim=1), torch.ones(2))


def test_the_tokens_of_a_sentence_model_are_in_the_order_of_its_rows(sentences: str) -> None:
    assert sentence_tokens(sentences) == list(tiny.VOCABULARY)


def test_what_is_neither_folder_nor_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="pip install no-such-package"):
        sentence_vectors(["dog"], "no-such-package")
    with pytest.raises(ModelError, match="a sentence model of transformers is needed"):
        sentence_vectors(["dog"], str(tmp_path))
