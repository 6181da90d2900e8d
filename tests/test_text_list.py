"""A single text where a list of texts is needed: refused everywhere, and never taken apart into letters."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pytest
from scipy.sparse import csr_array
from support import tiny

from lexlip_lucene import Bm25Searcher, ImpactIndex, ImpactSearcher, LexLip, build_bm25, classify_images
from lexlip_lucene.data.caption_collection import CaptionDocument, write_caption_collection
from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Document
from lexlip_lucene.text_list import as_texts
from lexlip_lucene.vectors.collection import write_shards


class Place(NamedTuple):
    root: Path
    impacts: ImpactSearcher
    texts: Bm25Searcher
    model: LexLip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("lists")
    (root / "c").mkdir()
    write_shards(root / "c", [Document("a", "", {"red": 1})])
    write_caption_collection(root / "t", [CaptionDocument("a", "a red circle")])
    ImpactIndex.build(str(root / "c"), str(root / "i"))
    build_bm25(str(root / "t"), str(root / "b"))
    with ImpactSearcher(str(root / "i")) as impacts, Bm25Searcher(str(root / "b")) as texts:
        yield Place(root, impacts, texts, tiny.lexlip())


def delete(place: Place, ids: Any) -> None:
    with ImpactIndex.open(str(place.root / "i")) as index:
        index.delete(ids)


CALLS: dict[str, Callable[[Place, Any], object]] = {
    "keywords": lambda place, one: ImpactIndex.build(place.root / "c", place.root / "n", keywords=one),
    "store": lambda place, one: ImpactIndex.build(place.root / "c", place.root / "n", store=one),
    "without": lambda place, one: place.impacts.search({"red": 1}, without=one),
    "without in a batch": lambda place, one: place.impacts.search_batch({"q": {"red": 1}}, without=one),
    "without of texts": lambda place, one: place.texts.search("red", without=one),
    "tokens": lambda place, one: place.impacts.frequencies(one),
    "ids": delete,
    "texts": lambda place, one: place.model.encode_texts(one),
    "labels": lambda place, one: classify_images(place.model, [], one, lambda _: None),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("wrong", ["red", None, [1], ["red", b"x"]], ids=repr)
def test_what_is_not_a_list_of_texts_is_refused(place: Place, call: str, wrong: Any) -> None:
    with pytest.raises(InputError, match="must be a list of texts"):
        CALLS[call](place, wrong)
    assert not (place.root / "n").exists()


def test_any_iterable_of_texts_will_do() -> None:
    assert as_texts((text for text in ("a", "b")), "texts") == ["a", "b"]
    assert as_texts(cast(Any, np.array(["a"])), "texts") == ["a"]


def test_a_single_file_is_not_a_list_of_pictures(place: Place) -> None:
    with pytest.raises(InputError, match=r"must be a list of files or pictures, got 'photo\.png'"):
        place.model.encode_images("photo.png")


@pytest.mark.parametrize("order", ["no", None, 1])
def test_order_is_true_or_false(place: Place, order: Any) -> None:
    with pytest.raises(InputError, match="order must be True or False"):
        ImpactIndex.build(place.root / "c", place.root / "n", order=order)


def test_an_option_of_another_name_is_refused(place: Place) -> None:
    with pytest.raises(TypeError, match="'thread' is not an option of an index: threads, memory"):
        ImpactIndex.build(place.root / "c", place.root / "n", **cast(Any, {"thread": 2}))


def test_paths_may_be_texts(place: Place) -> None:
    with ImpactIndex.open(str(place.root / "i")) as index:
        index.add(["b"], csr_array(np.array([[2]])), ["red"])
    assert place.impacts.refresh()
    assert place.impacts.documents == 2


def test_filters_are_a_mapping(place: Place) -> None:
    with pytest.raises(InputError, match="filters must be a mapping"):
        place.impacts.search({"red": 1}, filters=cast(Any, ["split"]))


@pytest.mark.parametrize("text", [None, {"red": 1}, b"red"])
def test_a_query_of_texts_is_a_text(place: Place, text: Any) -> None:
    with pytest.raises(InputError, match="query q must be a text"):
        place.texts.search_batch({"q": text})
