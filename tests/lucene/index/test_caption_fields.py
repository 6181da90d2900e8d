"""Caption fields of an impact index, against BM25 worked out in Python, and against Anserini's own."""

import json
import math
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.bridge_stock import StockSearcher
from support.oracle import rank

from lexlip_lucene.errors import IndexingError, InputError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.index.commit import commit_facts
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.search.caption_fields import CaptionField, caption_fields
from lexlip_lucene.vectors.manifest import Manifest, ShardEntry, write_manifest

WORDS = ("hut", "dog", "cat", "alp", "lake", "red", "tram", "port")
"""Words that the analyser leaves as they are."""

Line = dict[str, Any]


def lines(count: int, *, seed: int = 0) -> list[Line]:
    """Make documents with a vector, a caption of up to nine words, and a place in a list, or none."""
    chosen = random.Random(seed)
    made: list[Line] = []
    for number in range(count):
        tokens = chosen.sample(WORDS[:5], chosen.randrange(4))
        line: Line = {"id": f"d{number}", "vector": {token: chosen.randint(1, 255) for token in tokens}}
        line["caption"] = " ".join(chosen.choices(WORDS, k=chosen.randrange(10)))
        if number % 3:
            line["place"] = chosen.sample(WORDS, 2)
        made.append(line)
    return made


def write(folder: Path, documents: list[Line]) -> Path:
    """Write a collection of two shards."""
    folder.mkdir()
    for name, part in (("a", documents[::2]), ("b", documents[1::2])):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, part)))
    return folder


def texts_of(line: Line, key: str) -> list[str]:
    value = line.get(key, "")
    return " ".join(value if isinstance(value, list) else [value]).split()


def expected(documents: list[Line], means: Mapping[str, float], peak: int = 255) -> list[Document]:
    """Work out the vectors with the terms of captions, as BM25 has them with k1 = 0.9 and b = 0.4."""
    found = []
    for line in documents:
        vector: Impacts = dict(line["vector"])
        for key, mean in means.items():
            words = texts_of(line, key)
            for word, n in Counter(words).items():
                part = n / (n + 0.9 * (1 - 0.4 + 0.4 * len(words) / mean))
                vector[f"{key}:{word}"] = max(1, round(peak * part))
        found.append(Document(line["id"], "", vector))
    return found


def mean_length(documents: list[Line], key: str) -> float:
    lengths = [len(words) for line in documents if (words := texts_of(line, key))]
    return sum(lengths) / len(lengths)


def vectors(index: Path, ids: list[str]) -> dict[str, Impacts]:
    with ImpactSearcher(index) as searcher:
        return {docid: searcher.vector(docid) for docid in ids}


@pytest.fixture(scope="module")
def documents() -> list[Line]:
    return lines(60)


@pytest.fixture(scope="module")
def index(documents: list[Line], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("captions")
    ImpactIndex.build(write(root / "c", documents), root / "index", captions={"caption": 1.0, "place": 0.25})
    return root / "index"


def test_each_word_of_a_caption_is_a_token_with_the_impact_that_bm25_gives_it(
    documents: list[Line], index: Path
) -> None:
    means = {key: mean_length(documents, key) for key in ("caption", "place")}
    found = vectors(index, [line["id"] for line in documents])
    assert found == {each.id: each.vector for each in expected(documents, means)}
    assert caption_fields(commit_facts(index)).fields == (
        CaptionField("caption", 1.0, means["caption"]),
        CaptionField("place", 0.25, means["place"]),
    )


def test_the_postings_are_those_of_vectors_and_captions(documents: list[Line], index: Path) -> None:
    means = {key: mean_length(documents, key) for key in ("caption", "place")}
    found = [each.vector for each in expected(documents, means)]
    facts = commit_facts(index)
    assert int(facts["postings"]) == sum(map(len, found))
    assert int(facts["empty"]) == sum(not vector for vector in found)


@pytest.mark.parametrize("text", ["a dog by the lake", "Red red trams", "hut", "the", "nothing known"])
def test_a_search_adds_up_what_is_seen_and_what_captions_say(documents: list[Line], index: Path, text: str) -> None:
    means = {key: mean_length(documents, key) for key in ("caption", "place")}
    with ImpactSearcher(index) as searcher:
        query = {"dog": 9, "lake": 200} | searcher.caption_query(text).weights
        hits = list(searcher.search(query, 100))
        assert hits == rank(query, expected(documents, means), 100)
        stock = StockSearcher(index)
        assert sorted(stock.search(query, 100)) == sorted((hit.docid, hit.score) for hit in hits)
        stock.close()
        assert searcher.explain(query, hits[0].docid).score == hits[0].score


def test_words_of_a_query_weigh_by_idf_their_number_and_the_fields_weight(documents: list[Line], index: Path) -> None:
    with ImpactSearcher(index) as searcher:
        asked = searcher.caption_query("the Huts and two dogs, hut")
        there = searcher.frequencies(["caption:hut", "place:hut", "caption:dog", "place:dog"])
    for token, frequency in there.items():
        idf = math.log(1 + (1000 - frequency + 0.5) / (frequency + 0.5))
        weight = (1 if token.startswith("caption") else 0.25) * (2 if token.endswith("hut") else 1)
        assert asked.weights[token] == round(32 * weight * idf)
    assert asked.weights.keys() == there.keys(), "function words and words that no caption has are left out"
    assert asked.words["caption:dog"] == "dogs" and asked.found == {"hut", "dogs"}


def test_a_search_of_captions_only_scores_as_anserinis_bm25(tmp_path: Path) -> None:
    """Both have the same analyser, k1 and b; ours rounds impacts and query weights to integers."""
    documents: list[Line] = [line | {"contents": line["caption"], "vector": {}} for line in lines(1200, seed=3)]
    documents = [line for line in documents if line["caption"]][:1000]
    collection = write(tmp_path / "c", documents)
    ImpactIndex.build(collection, tmp_path / "index", captions={"caption": 1000.0})
    build_bm25(collection, tmp_path / "bm25")
    with ImpactSearcher(tmp_path / "index") as ours, Bm25Searcher(tmp_path / "bm25") as theirs:
        for text in ("hut", "a dog and a red cat", "lake port tram hut"):
            scores = {
                hit.docid: hit.score / (32 * 1000 * 255) for hit in ours.search(ours.caption_query(text).weights, 1000)
            }
            assert scores == {hit.docid: pytest.approx(hit.score, abs=0.02) for hit in theirs.search(text, 1000)}


def test_a_manifest_counts_the_vectors_only_and_its_bits_are_those_of_captions(tmp_path: Path) -> None:
    documents: list[Line] = [
        {"id": "a", "vector": {}, "caption": "hut hut"},
        {"id": "b", "vector": {"x": 15}, "caption": ""},
    ]
    collection = write(tmp_path / "c", documents)
    shards = [
        ShardEntry(name=path.name, documents=1, sha256=sha256_of(path)) for path in sorted(collection.glob("*.jsonl"))
    ]
    facts: dict[str, Any] = {
        "model_sha256": "0" * 64,
        "vocabulary_sha256": "0" * 64,
        "scale": 2.0,
        "rounding": "half to even",
    }
    facts |= {"side": "image", "bits": 4, "top_k": 8, "inputs": 2, "inputs_sha256": "0" * 64, "rejected": []}
    write_manifest(collection, Manifest(**facts, documents=2, empty=1, postings=1, shards=shards))
    report = ImpactIndex.build(collection, tmp_path / "index", captions={"caption": 1.0})
    assert (report.documents, report.empty, report.postings) == (2, 0, 2)
    assert caption_fields(commit_facts(tmp_path / "index")).peak == 15
    assert vectors(tmp_path / "index", ["a"]) == {"a": {"caption:hut": round(15 * 2 / 2.9)}}


def test_added_documents_get_captions_and_deleted_ones_lose_them(tmp_path: Path) -> None:
    first, more = lines(20), lines(30, seed=1)[15:]
    ImpactIndex.build(write(tmp_path / "c", first), tmp_path / "index", captions={"caption": 0.5})
    means = {"caption": mean_length(first, "caption")}
    with ImpactIndex.open(tmp_path / "index") as writing:
        writing.add_collection(write(tmp_path / "more", more), replace=True)
        writing.delete(["d0", "d29"])
        writing.merge()
    left = {line["id"]: line for line in [*first, *more] if line["id"] not in ("d0", "d29")}
    wanted = {each.id: each.vector for each in expected(list(left.values()), means)}
    assert vectors(tmp_path / "index", list(left)) == wanted
    with ImpactSearcher(tmp_path / "index") as searcher:
        assert searcher.captions.fields == (CaptionField("caption", 0.5, means["caption"]),)
        frequency = sum("caption:hut" in vector for vector in wanted.values())
        idf = math.log(1 + (1000 - frequency + 0.5) / (frequency + 0.5))
        assert searcher.caption_query("hut").weights == {"caption:hut": round(16 * idf)}


def test_a_searcher_that_is_refreshed_weighs_by_what_there_is_now(tmp_path: Path) -> None:
    documents: list[Line] = [{"id": "a", "vector": {}, "caption": "hut"}, {"id": "b", "vector": {"x": 1}}]
    ImpactIndex.build(write(tmp_path / "c", documents), tmp_path / "index", captions={"caption": 1.0})
    with ImpactSearcher(tmp_path / "index") as searcher:
        before = searcher.caption_query("hut").weights["caption:hut"]
        more: list[Line] = [{"id": f"m{number}", "vector": {}, "caption": "hut"} for number in range(40)]
        with ImpactIndex.open(tmp_path / "index") as writing:
            writing.add_collection(write(tmp_path / "more", more))
        assert searcher.caption_query("hut").weights["caption:hut"] == before
        assert searcher.refresh()
        assert searcher.caption_query("hut").weights["caption:hut"] < before


def test_the_fields_of_an_index_stay_those_it_was_built_with(index: Path) -> None:
    with (
        pytest.raises(InputError, match=r"fields of an index are those that it was built with: .* build it again"),
        ImpactIndex.open(index, captions={"caption": 1.0}),
    ):
        pass


@pytest.mark.parametrize(
    ("captions", "message"),
    [
        (
            {"nope": 1.0},
            "no line has the key 'nope' that is .* field; the first line has id, vector, caption",
        ),
        ({"id": 1.0}, "must be a key of the collection's lines without white space, but not id or vector; got 'id'"),
        ({"a key": 1.0}, "got 'a key'"),
        ({"caption": 0.0}, "weight of the caption field 'caption' must be a number in 0.001..1000, got 0.0"),
        ({"caption": math.nan}, "got nan"),
        ({"caption": True}, "got True"),
        (["caption"], "captions must be a mapping of key to weight"),
    ],
)
def test_a_caption_field_that_can_not_be_is_refused(captions: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        ImpactIndex.build(write(tmp_path / "c", lines(4)), tmp_path / "index", captions=captions)
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a": "b"}, 'the caption "caption" must be a text, a number, or a list of texts'),
        ([1], 'the caption "caption" must be a text, a number, or a list of texts'),
        (True, 'the caption "caption" must be'),
        ("taken", "its vector has caption:taken, which a word of its text would be"),
    ],
)
def test_a_line_whose_caption_can_not_be_read_is_named(value: object, reason: str, tmp_path: Path) -> None:
    documents: list[Line] = [
        {"id": "a", "vector": {}, "caption": "fine"},
        {"id": "b", "vector": {}, "caption": None},
        {"id": "c", "vector": {"caption:taken": 3}, "caption": value},
    ]
    with pytest.raises(IndexingError, match=rf"a\.jsonl:2: this line can't be indexed: {reason}"):
        ImpactIndex.build(write(tmp_path / "c", documents), tmp_path / "index", captions={"caption": 1.0})


def test_numbers_and_lists_are_texts_and_null_is_none(tmp_path: Path) -> None:
    documents: list[Line] = [
        {"id": "a", "vector": {}, "caption": 2023},
        {"id": "b", "vector": {}, "caption": ["ein Häuschen", "\u00e4pfel \U0001f642"]},
        {"id": "c", "vector": {}, "caption": None},
        {"id": "d", "vector": {}, "caption": []},
        {"id": "e", "vector": {}, "caption": "x" * 300 + " dog"},
    ]
    ImpactIndex.build(write(tmp_path / "c", documents), tmp_path / "index", captions={"caption": 1.0})
    found = vectors(tmp_path / "index", ["a", "b", "c", "d", "e"])
    assert {docid: set(vector) for docid, vector in found.items()} == {
        "a": {"caption:2023"},
        "b": {"caption:ein", "caption:häuschen", "caption:äpfel", "caption:🙂"},
        "c": set(),
        "d": set(),
        "e": {"caption:dog"} | {token for token in found["e"] if token.startswith("caption:x")},
    }
