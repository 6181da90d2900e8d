"""Texts as documents, divided by how easily a bank of training images is found by them."""

from pathlib import Path

import pytest
import tiny
import torch
from halves import draw, recipe_of, trained, write
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.encoders.export import encode_texts
from lexlip_lucene.encoders.image_bank import DenseBank, ImageBank
from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.recipes.model_spec import BankSpec
from lexlip_lucene.records import Topic
from lexlip_lucene.vectors.collection import read_collection, read_queries

TOKENS = 13
BANK = tiny.STATIC.model_copy(update={"bank": BankSpec(images=6, tokens=5, nearest=2)})


def vectors(rows: int, seed: int, width: int = TOKENS) -> Tensor:
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed)).abs()


def divided(texts: Tensor, images: Tensor, captions: Tensor, nearest: int, kept: int | None) -> Tensor:
    """The formula in float64, one text at a time."""
    images = images.double()
    if kept is not None:
        images = torch.where(images >= images.sort(dim=1, descending=True).values[:, kept - 1 : kept], images, 0.0)

    def found(text: Tensor) -> float:
        unit = text.double() / text.double().norm()
        return float((images @ unit).sort(descending=True).values[:nearest].mean())

    floor = float(torch.tensor([found(caption) for caption in captions]).quantile(0.01))
    rows = [text.double() / text.double().norm() / max(found(text), floor) for text in texts]
    return torch.stack(rows)


@given(st.integers(0, 2**31 - 1), st.integers(1, 9), st.integers(1, TOKENS))
def test_documents_are_the_formula(seed: int, nearest: int, kept: int) -> None:
    images, captions, texts = vectors(9, seed), vectors(40, seed + 1), vectors(7, seed + 2)
    bank = ImageBank(BankSpec(images=9, tokens=kept, nearest=nearest), TOKENS)
    bank.fill(images, captions)
    expected = divided(texts, images, captions, nearest, kept)
    torch.testing.assert_close(bank.documents(texts).double(), expected, rtol=1e-4, atol=1e-5)
    dense = DenseBank(BankSpec(images=9, nearest=nearest), TOKENS)
    dense.fill(images, captions)
    expected = divided(texts, images, captions, nearest, None)
    torch.testing.assert_close(dense.documents(texts).double(), expected, rtol=1e-4, atol=1e-5)


def test_the_length_of_a_text_does_not_matter_and_a_text_without_words_stays_without() -> None:
    bank = ImageBank(BankSpec(images=6, nearest=2), TOKENS)
    bank.fill(vectors(6, 0), vectors(20, 1))
    texts = vectors(5, 2)
    torch.testing.assert_close(bank.documents(texts * 7), bank.documents(texts))
    assert not bank.documents(torch.zeros(2, TOKENS)).any()


def test_words_that_no_image_of_the_bank_has_give_no_larger_weights_than_the_floor_allows() -> None:
    images, captions = vectors(6, 0), vectors(50, 1)
    images[:, 0] = 0
    bank = ImageBank(BankSpec(images=6, nearest=2), TOKENS)
    bank.fill(images, captions)
    unseen = torch.zeros(1, TOKENS)
    unseen[0, 0] = 1
    assert float(bank.documents(unseen).max()) == pytest.approx(1 / float(bank.floor), rel=1e-6)


def test_a_bank_takes_images_from_all_over_and_is_left_half_empty_where_they_are_few() -> None:
    images = torch.eye(TOKENS)
    bank = ImageBank(BankSpec(images=3, tokens=2), TOKENS)
    bank.fill(images, images)
    assert bank.positions[:, 0].tolist() == [0, 6, 12]
    bank = ImageBank(BankSpec(images=30, tokens=2), TOKENS)
    bank.fill(images, images)
    assert int((bank.weights > 0).sum()) == TOKENS


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


@pytest.mark.parametrize("dense", [False, True])
def test_training_fills_the_bank_and_texts_as_documents_go_by_it(data: Path, tmp_path: Path, dense: bool) -> None:
    text = {"kind": "static", "bank": {"images": 10, "nearest": 3}}
    more = {"training__dense": {"width": 4}} if dense else {}
    model, _ = trained(recipe_of(data, text=text, **more), tmp_path / "model")
    assert model.bank is not None and model.config.ceilings is not None and model.config.ceilings.document
    assert (model.bank.weights > 0).any(dim=1).all()
    assert (model.dense_bank is not None) == dense
    again = LexLip.from_pretrained(tmp_path / "model")
    texts = [caption for image in read_captions(data / "captions.jsonl") for caption in image.captions][:6]
    assert again.encode_texts(texts, documents=True) == model.encode_texts(texts, documents=True)
    assert model.encode_texts(texts, documents=True) != model.encode_texts(texts)
    with torch.inference_mode():
        as_documents, as_queries = model.text_weights(texts, documents=True), model.text_weights(texts)
    # Each is the other times a number of its own.
    ratios = as_documents / as_queries
    assert all(row[~row.isnan()].max() == pytest.approx(float(row[~row.isnan()].min()), rel=1e-4) for row in ratios)


def test_a_collection_of_texts_holds_documents_and_a_file_queries(tmp_path: Path) -> None:
    model = tiny.lexlip(text=BANK)
    assert model.bank is not None
    model.bank.fill(vectors(6, 0), vectors(20, 1))
    texts = ["a red circle", "two dogs run", "a cat"]
    topics = [Topic(str(number), text) for number, text in enumerate(texts)]
    encode_texts(model, topics, tmp_path / "texts")
    encode_texts(model, topics, tmp_path / "texts.jsonl")
    documents = [document.vector for document in read_collection(tmp_path / "texts")]
    queries = [query.vector for query in read_queries(tmp_path / "texts.jsonl")]
    assert documents == model.encode_texts(texts, documents=True) != queries == model.encode_texts(texts)


def test_without_a_bank_a_document_is_a_query() -> None:
    model = tiny.lexlip()
    assert model.encode_texts(["a red dog"], documents=True) == model.encode_texts(["a red dog"])
