"""The vectors of `lexlip bench-engine`: made up, or mixed from photos' states."""

from dataclasses import replace
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import torch
from PIL import Image
from support import tiny

from lexlip_lucene.encode.mixes import BATCH, mixed_vectors
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.experiments.engine.caption_mixes import POSTINGS, CaptionBank, CaptionMixes
from lexlip_lucene.experiments.engine.data import prepared
from lexlip_lucene.experiments.engine.ordered import OrderedVectors, docids_of
from lexlip_lucene.experiments.engine.photos import PhotoVectors
from lexlip_lucene.experiments.engine.queries import heaviest, write_heaviest
from lexlip_lucene.experiments.engine.shape import Shape, ShapeCounter
from lexlip_lucene.experiments.engine.synthetic import VOCABULARY, SyntheticVectors, made_up
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.models.shipped import PHOTOS_FAST, model_folder
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.collection import read_collection, write_shards


def test_the_shape_of_two_vectors_is_what_a_hand_computes() -> None:
    counter = ShapeCounter()
    documents = [Document("a", "", {"red": 3, "cat": 2}), Document("b", "", {"cat": 1})]
    assert list(counter.through(documents)) == documents
    frequency = pytest.approx((2 * 2 / 2 + 1 / 2) / 3)
    assert counter.shape() == Shape(2, 3, 2, 1.5, 2.0, pytest.approx(log2(3)), frequency, 1.0)


def test_the_shape_of_nothing_is_zero() -> None:
    assert ShapeCounter().shape() == Shape(0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_synthetic_vectors_have_the_published_shape() -> None:
    counter = ShapeCounter()
    documents = list(counter.through(made_up(4000, 1, "doc")))
    shape = counter.shape()
    assert len({document.id for document in documents}) == 4000
    assert all(1 <= impact <= 255 for document in documents for impact in document.vector.values())
    assert 61 < shape.postings_per_document < 63.5 and 43 < shape.impact_mean < 48
    # The commonest of 30,522 tokens is in 15 % of the documents, the median one in 0.05 %: a long tail.
    assert 0.01 < shape.frequency < 0.05 and shape.tokens > VOCABULARY / 2


def test_synthetic_vectors_begin_alike_whatever_their_number() -> None:
    assert list(made_up(30, 1, "d")) == list(made_up(60, 1, "d"))[:30]
    assert next(made_up(1, 1, "d")).vector != next(made_up(1, 2, "d")).vector


def test_a_query_keeps_its_heaviest_tokens() -> None:
    query = Document("q", "", {"a": 3, "b": 9, "c": 3, "d": 1})
    assert list(heaviest(query, 2).vector.items()) == [("b", 9), ("a", 3)]
    assert heaviest(query, 8).vector == query.vector


def test_prepared_data_is_a_valid_collection_with_queries(tmp_path: Path) -> None:
    data = prepared(SyntheticVectors(120, 5), tmp_path / "data", force=False, progress=SILENT)
    documents = list(read_collection(data.collection))
    assert len(documents) == data.documents == 120
    assert sum(len(document.vector) for document in documents) == data.postings
    assert [{len(query) for query in data.queries(terms).values()} for terms in (8, 32)] == [{8}, {32}]
    assert len(data.queries(8)) == 5


def test_the_same_request_finds_the_data_again_and_another_does_not_replace_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made = prepared(SyntheticVectors(20, 3), folder, force=False, progress=SILENT)
    (folder / "trace").touch()
    assert prepared(SyntheticVectors(20, 3), folder, force=True, progress=SILENT).facts == made.facts
    assert (folder / "trace").exists()
    with pytest.raises(OutputError, match=r"holds the vectors of .* --force"):
        prepared(SyntheticVectors(21, 3), folder, force=False, progress=SILENT)
    assert prepared(SyntheticVectors(21, 3), folder, force=True, progress=SILENT).documents == 21
    assert not (folder / "trace").exists()


@pytest.fixture(scope="module")
def bank() -> CaptionBank:
    return CaptionBank(model_folder(PHOTOS_FAST))


def test_mixes_of_captions_have_the_shape_of_photos(bank: CaptionBank) -> None:
    """Flickr8k's photos have 128 postings, 21.9 %, 31.0 %, a mean impact of 77.0 and 6.72 bits."""
    counter = ShapeCounter()
    documents = list(counter.through(bank.mixes(1000, 1, "mix")))
    shape = counter.shape()
    assert {len(document.vector) for document in documents} == {POSTINGS}
    assert 0.19 < shape.frequency < 0.24 and 0.28 < shape.commonest < 0.35
    assert 68 < shape.impact_mean < 82 and 6.4 < shape.impact_entropy < 6.9


def test_mixes_of_captions_begin_alike_whatever_their_number(bank: CaptionBank) -> None:
    assert list(bank.mixes(3, 1, "d")) == list(bank.mixes(1001, 1, "d"))[:3]
    assert next(bank.mixes(1, 1, "d")).vector != next(bank.mixes(1, 2, "d")).vector
    assert all(list(mix.vector.values()) == sorted(mix.vector.values(), reverse=True) for mix in bank.mixes(5, 1, "d"))


def test_short_queries_of_made_up_photos_are_captions(tmp_path: Path) -> None:
    data = prepared(CaptionMixes(30, 4), tmp_path / "data", force=False, progress=SILENT)
    assert data.documents == 30 and data.postings == 30 * POSTINGS
    assert all(qid.startswith("caption") and len(query) == 8 for qid, query in data.queries(8).items())
    assert all(qid.startswith("mix-query") and len(query) == 32 for qid, query in data.queries(32).items())
    assert data.facts["queries"] == {"8": {"captions": 4, "mixes": 0}, "32": {"captions": 0, "mixes": 4}}


class TwoKinds:
    """Documents of two kinds by turns, more than an order leaves as they are."""

    def request(self) -> dict[str, Any]:
        return {"source": "two kinds"}

    def write(self, folder: Path, progress: Progress) -> dict[str, Any]:
        (folder / "collection").mkdir()
        counter, chance = ShapeCounter(), np.random.default_rng(3)
        kinds = [f"{'cat' if number % 2 else 'dog'}" for number in range(5000)]
        vectors = [{f"{kind}{n}": 1 + n for n in chance.integers(9, size=4).tolist()} for kind in kinds]
        documents = [Document(f"d{number:04d}", "", vector) for number, vector in enumerate(vectors)]
        write_shards(folder / "collection", counter.through(documents))
        write_heaviest(folder, documents[:3])
        return {"about": "two kinds", "shape": counter.shape()._asdict(), "queries": {}}


def test_ordered_vectors_are_the_same_documents_in_the_order_of_an_ordered_index(tmp_path: Path) -> None:
    data = prepared(TwoKinds(), tmp_path / "data", force=False, progress=SILENT)
    ordered = prepared(OrderedVectors(data), tmp_path / "data-ordered", force=False, progress=SILENT)
    ImpactIndex.build(data.collection, tmp_path / "index", order=True, merge=True)
    plain, moved = list(read_collection(data.collection)), list(read_collection(ordered.collection))
    assert [document.id for document in moved] == docids_of(tmp_path / "index", SILENT)
    assert moved != plain and sorted(moved, key=lambda document: document.id) == plain
    assert ordered.queries(8) == data.queries(8) and ordered.facts["shape"] == data.facts["shape"]
    assert ordered.facts["request"] == data.facts["request"] | {"ordered": True}


@pytest.fixture(scope="module")
def model() -> LexLip:
    return tiny.lexlip()


def states(photos: int) -> torch.Tensor:
    """Return states of the tiny ViT's shape: 4 positions of width 32."""
    return torch.randn(photos, 4, 32, generator=torch.Generator().manual_seed(1)).half()


def test_mixes_depend_on_their_number_and_the_seed_alone(model: LexLip) -> None:
    def impacts(count: int, seed: int) -> list[list[int]]:
        return [row for batch in mixed_vectors(model, states(6), count, seed=seed) for row in batch.impacts.tolist()]

    more = impacts(2 * BATCH, 1)
    assert len(more) == 2 * BATCH and more[:BATCH] != more[BATCH:]
    assert impacts(BATCH, 1) == more[:BATCH]
    assert impacts(BATCH, 2) != more[:BATCH]
    assert impacts(0, 1) == []


def test_a_mix_is_a_vector_of_the_model_heaviest_first(model: LexLip) -> None:
    (batch,) = mixed_vectors(model, states(6), 50, seed=1)
    assert batch.impacts.shape == batch.positions.shape == (50, len(model.lexicon))
    assert batch.impacts.min() >= 0 and batch.impacts.max() <= 255
    assert (np.diff(batch.impacts) <= 0).all()
    assert (np.sort(batch.positions) == np.arange(len(model.lexicon))).all()


def test_no_photo_can_not_be_mixed(model: LexLip) -> None:
    with pytest.raises(InputError, match="at least one photo"):
        list(mixed_vectors(model, states(0), 1, seed=1))


@pytest.fixture
def photos(tmp_path: Path, model: LexLip) -> PhotoVectors:
    """A captions file of 5 photos of noise, one of them missing, and the tiny model."""
    model.save_pretrained(tmp_path / "model")
    chance = np.random.default_rng(5)
    lines = []
    for number in range(5):
        pixels = chance.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        captions = ["a red dog over a blue cat", "two green stars run"]
        lines.append(orjson.dumps({"id": f"p{number}", "file": f"{number}.png", "split": "x", "captions": captions}))
    (tmp_path / "captions.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "3.png").unlink()
    return PhotoVectors(
        documents=12,
        queries=4,
        model=tmp_path / "model",
        captions=tmp_path / "captions.jsonl",
        split="x",
        states=tmp_path / "states",
    )


def test_photos_come_first_and_mixes_after_them(photos: PhotoVectors, model: LexLip, tmp_path: Path) -> None:
    data = prepared(photos, tmp_path / "data", force=False, progress=SILENT)
    documents = list(read_collection(data.collection))
    assert [document.id for document in documents] == ["p0", "p1", "p2", "p4", *(f"mix{n:07d}" for n in range(8))]
    assert data.facts["photos"]["documents"] == 4 and data.facts["mixes"]["documents"] == 8
    assert data.facts["photos"].keys() == data.facts["mixes"].keys() == data.facts["shape"].keys()
    (encoded,) = model.encode_images([tmp_path / "0.png"])
    # States are kept as float16, with 11 bits; an impact has 8 and may fall on the other side of a half.
    assert encoded.keys() == documents[0].vector.keys()
    assert all(abs(documents[0].vector[token] - impact) <= 1 for token, impact in encoded.items())


def test_captions_too_short_for_a_query_are_made_up_for_by_mixes(photos: PhotoVectors, tmp_path: Path) -> None:
    data = prepared(photos, tmp_path / "data", force=False, progress=SILENT)
    assert data.facts["queries"] == {"8": {"captions": 0, "mixes": 4}, "32": {"captions": 0, "mixes": 4}}
    assert all(qid.startswith("mix-query") and query for qid, query in data.queries(32).items())


def test_fewer_documents_than_photos_take_the_first_photos(photos: PhotoVectors, tmp_path: Path) -> None:
    data = prepared(replace(photos, documents=2), tmp_path / "data", force=False, progress=SILENT)
    assert [document.id for document in read_collection(data.collection)] == ["p0", "p1"]
