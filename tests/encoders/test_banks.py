"""Documents, divided by how easily they are found from a bank of the other side's training vectors."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import tiny
from support.halves import draw, recipe_of, trained, write
from torch import Tensor

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.data.images import open_image
from lexlip_lucene.encode.encode import encode_images, encode_texts
from lexlip_lucene.encoders.model.banks import DenseBank, LexiconBank
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.pixels import to_square
from lexlip_lucene.encoders.pool.heaviest import Heaviest, heaviest, quantised
from lexlip_lucene.recipes.model_spec import BankSpec
from lexlip_lucene.records import Topic
from lexlip_lucene.vectors.collection import read_collection, read_queries

TOKENS = 13
BANK = tiny.STATIC.model_copy(update={"bank": BankSpec(size=6, tokens=5, nearest=2)})


def vectors(rows: int, seed: int, width: int = TOKENS) -> Tensor:
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed)).abs()


def heaviest_alone(vector: Tensor, k: int) -> Tensor:
    return torch.where(vector >= vector.sort(descending=True).values[k - 1], vector, 0.0)


def expected_of(spec: BankSpec, documents: Tensor, queries: Tensor, sample: Tensor, k: int) -> Tensor:
    """The formula in float64, one document at a time; k is the cut."""
    queries = torch.stack([heaviest_alone(query, min(spec.tokens, TOKENS)) for query in queries.double()])

    def found(unit: Tensor) -> float:
        return float((queries @ unit).sort(descending=True).values[: spec.nearest].mean())

    floor = float(torch.tensor([found(one.double() / one.double().norm()) for one in sample]).quantile(0.01))
    rows = []
    for document in documents.double():
        unit = document / document.norm()
        cut = heaviest_alone(unit, k)
        left = float((queries @ cut).mean())
        lost = float((queries @ unit).mean()) / left if left else 1.0
        rows.append(lost**spec.make_up * cut / max(found(unit), floor) ** spec.power)
    return torch.stack(rows)


def dense(found: Heaviest) -> Tensor:
    return torch.zeros(len(found.weights), TOKENS).scatter_(1, found.positions, found.weights)


@given(
    st.integers(0, 2**31 - 1),
    st.integers(1, 9),
    st.integers(1, TOKENS),
    st.integers(1, TOKENS),
    st.sampled_from([0.0, 0.25, 1.0]),
    st.sampled_from([0.0, 0.5, 1.0]),
)
def test_documents_are_the_formula(seed: int, nearest: int, kept: int, k: int, power: float, make_up: float) -> None:
    queries, sample, documents = vectors(9, seed), vectors(40, seed + 1), vectors(7, seed + 2)
    spec = BankSpec(size=9, tokens=kept, nearest=nearest, power=power, make_up=make_up)
    bank = LexiconBank(spec, TOKENS)
    bank.fill(queries, sample)
    expected = expected_of(spec, documents, queries, sample, k)
    torch.testing.assert_close(dense(bank.kept(documents, k)).double(), expected, rtol=1e-4, atol=1e-5)
    twin = DenseBank(spec, TOKENS)
    twin.fill(queries, sample)
    expected = expected_of(spec.model_copy(update={"tokens": TOKENS}), documents, queries, sample, TOKENS)
    torch.testing.assert_close(twin.documents(documents).double(), expected, rtol=1e-4, atol=1e-5)


@given(st.integers(0, 2**31 - 1), st.integers(1, TOKENS))
def test_what_is_made_up_for_keeps_the_mean_product_with_the_bank(seed: int, k: int) -> None:
    bank = LexiconBank(BankSpec(size=6, power=0.0, make_up=1.0), TOKENS)
    queries, documents = vectors(6, seed), vectors(5, seed + 1)
    bank.fill(queries, vectors(20, seed + 2))
    whole, cut = dense(bank.kept(documents, None)), dense(bank.kept(documents, k))
    torch.testing.assert_close((cut @ queries.T).mean(dim=1), (whole @ queries.T).mean(dim=1))


def test_the_length_of_a_document_does_not_matter_and_one_without_words_stays_without() -> None:
    bank = LexiconBank(BankSpec(size=6, nearest=2, make_up=1.0), TOKENS)
    bank.fill(vectors(6, 0), vectors(20, 1))
    documents = vectors(5, 2)
    torch.testing.assert_close(bank.kept(documents * 7, 3).weights, bank.kept(documents, 3).weights)
    assert not bank.kept(torch.zeros(2, TOKENS), 3).weights.any()


def test_tokens_that_the_bank_lacks_give_no_larger_weights_than_the_floor_allows() -> None:
    queries, sample = vectors(6, 0), vectors(50, 1)
    queries[:, 0] = 0
    bank = LexiconBank(BankSpec(size=6, nearest=2, make_up=1.0), TOKENS)
    bank.fill(queries, sample)
    unseen = torch.zeros(1, TOKENS)
    unseen[0, 0] = 1
    assert float(bank.kept(unseen, None).weights.max()) == pytest.approx(1 / float(bank.floor), rel=1e-6)
    unseen[0, 1] = 0.5  # the bank has this one, and the cut takes it away: nothing to make up by
    assert torch.isfinite(bank.kept(unseen, 1).weights).all()


def test_a_bank_takes_vectors_from_all_over_and_is_left_half_empty_where_they_are_few() -> None:
    queries = torch.eye(TOKENS)
    bank = LexiconBank(BankSpec(size=3, tokens=2), TOKENS)
    bank.fill(queries, queries)
    assert bank.positions[:, 0].tolist() == [0, 6, 12]
    bank = LexiconBank(BankSpec(size=30, tokens=2), TOKENS)
    bank.fill(queries, queries)
    assert int((bank.weights > 0).sum()) == TOKENS


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


SIDES = [
    pytest.param(side, dense, id=f"{side}{'-dense' * dense}") for side in ("image", "document") for dense in (0, 1)
]


@pytest.mark.parametrize(("side", "twin"), SIDES)
def test_training_fills_the_bank_of_a_side_and_its_documents_go_by_it(
    data: Path, tmp_path: Path, side: str, twin: bool
) -> None:
    bank = {"size": 10, "nearest": 3, "power": 0.5, "make_up": 0.5}
    text: dict[str, Any] = {"kind": "static"}
    sides = {"text": text | {"bank": bank}} if side == "document" else {"text": text, "image__bank": bank}
    more = {"training__dense": {"width": 4}} if twin else {}
    recipe = recipe_of(data, **sides, **more)
    trained(recipe, tmp_path / "model")
    model = LexLip.from_pretrained(tmp_path / "model")
    assert set(model.banks) == {side} and set(model.dense_banks) == ({side} if twin else set())
    assert model.config.ceilings is not None and (model.config.ceilings.document is not None) == (side == "document")
    held = model.banks[side]
    assert isinstance(held, LexiconBank) and (held.weights > 0).any(dim=1).all()
    images = read_captions(data / "captions.jsonl")[:6]
    with torch.inference_mode():
        if side == "document":
            weights = model.text_weights([image.captions[0] for image in images])
            vectors = model.encode_texts([image.captions[0] for image in images], documents=True, top_k=4)
        else:
            pixels = torch.stack([to_square(open_image(image.path), recipe.image.size) for image in images])
            weights = model.image_weights(pixels)
            vectors = model.encode_images([image.path for image in images], top_k=4)
    found, plain = held.kept(weights, 4), heaviest(weights, 4)
    assert vectors == quantised(found, model.quantiser(side, top_k=4), model.lexicon.tokens)
    # Each is the other times a number of its own.
    ratios = (found.weights / plain.weights).nan_to_num(0)
    assert torch.equal(found.positions, plain.positions) and not torch.allclose(ratios[:, 0], ratios[0, 0])
    torch.testing.assert_close(ratios, torch.where(plain.weights > 0, ratios[:, :1], 0.0), rtol=1e-4, atol=0)


def test_image_collections_hold_what_encode_images_gives(data: Path, tmp_path: Path) -> None:
    trained(recipe_of(data, image__bank={"size": 10, "nearest": 3, "make_up": 1.0}), tmp_path / "model")
    model = LexLip.from_pretrained(tmp_path / "model")
    images = read_captions(data / "captions.jsonl")[:6]
    encode_images(model, images, tmp_path / "images", top_k=3)
    written = [document.vector for document in read_collection(tmp_path / "images")]
    assert written == model.encode_images([image.path for image in images], top_k=3)


def test_a_collection_of_texts_holds_documents_and_a_file_queries(tmp_path: Path) -> None:
    model = tiny.lexlip(text=BANK)
    bank = model.banks["document"]
    assert isinstance(bank, LexiconBank)
    bank.fill(vectors(6, 0), vectors(20, 1))
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
