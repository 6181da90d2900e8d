"""Integers of numpy, taken as integers by every public call; floats and truth values, refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from PIL import Image
from support.tiny import lexlip

from lexlip_lucene import Bm25Searcher, ImpactIndex, ImpactSearcher, LexLipQueryEncoder
from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.encode.encode import encode_images, encode_texts
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.dense_search import Embeddings, dense_run
from lexlip_lucene.evaluate.fuse import interpolate, reciprocal_rank_fusion
from lexlip_lucene.evaluate.run import read_run, write_run
from lexlip_lucene.integers import as_count, as_int
from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.search.approximation import Approximation
from lexlip_lucene.records import Document, Hit, Topic
from lexlip_lucene.tuning.tune import tune
from lexlip_lucene.vectors.collection import read_collection, write_shards
from lexlip_lucene.vectors.quantise import Quantiser

KINDS = [np.int8, np.uint8, np.int16, np.int32, np.uint32, np.int64, np.uint64]
DOCUMENTS = [Document(f"d{number}", "", {"red": 1 + number % 90, "cat": 3}) for number in range(120)]


@pytest.mark.parametrize("kind", KINDS)
def test_an_integer_of_numpys_becomes_a_built_in_one(kind: type[np.integer[Any]]) -> None:
    assert type(as_int(kind(7), "x")) is type(as_count(kind(7), "x")) is int


@pytest.mark.parametrize("value", [True, np.True_, 2.0, np.float64(2), "2", None, b"2", np.array([2])])
def test_what_is_not_an_integer_is_named(value: Any) -> None:
    for check in (as_int, as_count):
        with pytest.raises(InputError, match="the number must be an integer, got"):
            check(value, "the number")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a collection, its index, and a BM25 index."""
    path = tmp_path_factory.mktemp("integers")
    for name in ("collection", "texts"):
        (path / name).mkdir()
    write_shards(path / "collection", DOCUMENTS)
    ImpactIndex.build(path / "collection", path / "index")
    (path / "texts" / "a.jsonl").write_text('{"id": "a", "contents": "a red cat"}\n{"id": "b", "contents": "red"}\n')
    build_bm25(path / "texts", path / "bm25")
    Image.new("RGB", (40, 40), (200, 30, 30)).save(path / "red.png")
    return path


MODEL = lexlip().eval()
RUNS = [{"q": [Hit("a", 9, 1), Hit("b", 7, 2), Hit("c", 1, 3)]}, {"q": [Hit("b", 90, 1), Hit("a", 2, 2)]}]
VECTORS = np.eye(4, dtype=np.float32)

Call: TypeAlias = Callable[[Path, Callable[[int], Any]], Any]


def searched(use: Callable[[ImpactSearcher], Any], **options: Any) -> Any:
    with ImpactSearcher(options.pop("index"), **options) as searcher:
        return use(searcher)


CALLS: dict[str, Call] = {
    "search": lambda folder, n: searched(
        lambda searcher: list(searcher.search({"red": n(100), "cat": n(3)}, n(5))), index=folder / "index"
    ),
    "search_batch": lambda folder, n: searched(
        lambda searcher: searcher.search_batch({"q": {"red": n(100)}, "r": {"cat": n(2)}}, n(5), threads=n(2)),
        index=folder / "index",
    ),
    "queries of documents": lambda folder, n: searched(
        lambda searcher: searcher.search_batch([Document("q", "", {"red": n(100)})], n(5)), index=folder / "index"
    ),
    "cache_mb": lambda folder, n: searched(
        lambda searcher: list(searcher.search({"red": 1})), index=folder / "index", cache_mb=n(64)
    ),
    "approximate": lambda folder, n: searched(
        lambda searcher: list(
            searcher.search({"red": n(9)}, n(5), approximate=Approximation(n(3), n(100), n(20), n(8)))
        ),
        index=folder / "index",
    ),
    "explain": lambda folder, n: searched(
        lambda searcher: searcher.explain({"red": n(100), "dog": n(7)}, "d89"), index=folder / "index"
    ),
    "keywords": lambda folder, n: searched(lambda searcher: searcher.keywords(n(3)), index=folder / "index"),
    "build": lambda folder, n: ImpactIndex.build(
        folder / "collection", folder / "index", threads=n(2), memory=n(100), force=True
    )[:3],
    "build_bm25": lambda folder, n: build_bm25(folder / "texts", folder / "bm25", threads=n(1), force=True)[:3],
    "bm25": lambda folder, n: Bm25Searcher(folder / "bm25").search_batch({"q": "red cats"}, n(2), threads=n(2)),
    "encode_images": lambda folder, n: MODEL.encode_images(
        [folder / "red.png"] * 5, top_k=n(3), bits=n(8), batch_size=n(2)
    ),
    "encode_texts": lambda folder, n: MODEL.encode_texts(["a red dog"] * 5, top_k=n(2), bits=n(8), batch_size=n(2)),
    "documents": lambda folder, n: MODEL.encode_texts(["a red dog"] * 5, documents=True, top_k=n(2), batch_size=n(2)),
    "query encoder": lambda folder, n: LexLipQueryEncoder(MODEL, top_k=n(2)).encode("a red dog"),
    "written images": lambda folder, n: (
        encode_images(
            MODEL,
            [CaptionedImage("i", folder / "red.png", "", (), "here")],
            folder / "images",
            top_k=n(3),
            bits=n(8),
            batch_size=n(2),
            force=True,
        )[:4],
        list(read_collection(folder / "images")),
    ),
    "written texts": lambda folder, n: (
        encode_texts(MODEL, [Topic("q", "a red dog")], folder / "q.jsonl", top_k=n(2), batch_size=n(2), force=True)[:4],
        (folder / "q.jsonl").read_text(),
    ),
    "quantiser": lambda folder, n: Quantiser(2.0, n(8), n(2)).vector(np.array([0.5, 3.0, 1.0]), ["a", "b", "c"]),
    "reciprocal ranks": lambda folder, n: reciprocal_rank_fusion(RUNS, k=n(60), depth=n(2)),
    "interpolation": lambda folder, n: interpolate(*RUNS, alpha=0.5, depth=n(2)),
    "dense run": lambda folder, n: dense_run({"q": VECTORS[1]}, Embeddings(["a", "b", "c", "d"], VECTORS), n(2)),
    "written run": lambda folder, n: (
        write_run(folder / "run", {"q": [Hit("a", n(9), n(1))]}, tag="t", force=True),
        read_run(folder / "run"),
    ),
    "written vectors": lambda folder, n: (
        (folder / "written").mkdir(exist_ok=True),
        write_shards(folder / "written", [Document("a", "", {"red": n(100)})]),
        list(read_collection(folder / "written")),
    )[-1],
    "tuning": lambda folder, n: searched(
        lambda searcher: tune(searcher, {"a": {"red": n(9)}, "b": {"cat": n(2)}}, k=n(5), repeats=n(1)).queries,
        index=folder / "index",
    ),
}


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.int64])
@pytest.mark.parametrize("name", CALLS)
def test_a_public_call_answers_the_same_for_numpys_integers(
    name: str, kind: type[np.integer[Any]], folder: Path
) -> None:
    assert CALLS[name](folder, kind) == CALLS[name](folder, int)


@pytest.mark.parametrize("value", [np.True_, np.float64(1), 1.0, True])
def test_a_weight_that_is_not_an_integer_is_refused_as_before(value: Any, folder: Path) -> None:
    with (
        ImpactSearcher(folder / "index") as searcher,
        pytest.raises(InputError, match="token 'red' needs an integer weight in 1"),
    ):
        searcher.search({"red": value})
    with ImpactSearcher(folder / "index") as searcher, pytest.raises(InputError, match="k must be an integer, got"):
        searcher.search({"red": 1}, value)
