"""`lexlip index --caption-field`, and the verbs that search such an index."""

from math import log
from pathlib import Path

import orjson
import pytest
from support import tiny
from support.cli_run import done, lexlip
from support.oracle import rank

from lexlip_lucene.data.topics import read_topics
from lexlip_lucene.evaluate.run import read_run
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Document

DOCUMENTS = [
    {"id": "one", "vector": {"dog": 200, "a": 5}, "title": "Rex in the alps", "tags": ["hut", "snow"]},
    {"id": "two", "vector": {"dog": 90, "cat": 40}, "title": "A dog", "tags": []},
    {"id": "three", "vector": {"cat": 120}, "title": "Rex, rex and REX"},
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("captions")
    (root / "c").mkdir()
    (root / "c" / "a.jsonl").write_bytes(b"\n".join(map(orjson.dumps, DOCUMENTS)))
    tiny.lexlip().save_pretrained(root / "model")
    record = done("index", root / "c", root / "index", "--caption-field", "title", "--caption-field", "tags")
    assert record["postings"] == 5 + 6
    return root


def documents(index: Path) -> list[Document]:
    with ImpactSearcher(index) as searcher:
        return [Document(str(line["id"]), "", searcher.vector(str(line["id"]))) for line in DOCUMENTS]


def test_words_of_captions_are_found_beside_what_is_seen(root: Path) -> None:
    asked = ("search", root / "index", "--model", root / "model", "--query")
    record = done(*asked, "a dog and Rex in a hut, unheard of")
    assert record["hits"] == [hit._asdict() for hit in rank(record["weights"], documents(root / "index"), 10)]
    assert record["captions"] == {
        "title:rex": "title says: rex",
        "title:dog": "title says: dog",
        "tags:hut": "tags says: hut",
    }
    assert record["unknown"] == ["unheard"]
    assert [hit["docid"] for hit in done(*asked, "rex")["hits"]] == ["three", "one"]
    excluded = lexlip(*asked, "dog -rex").out
    assert "excluded: title says: rex" in excluded and "two" in excluded and "one" not in excluded.split("hits in")[0]


def test_a_run_over_topics_asks_captions_too(root: Path, tmp_path: Path) -> None:
    (tmp_path / "topics.tsv").write_text("q1\ta dog\nq2\trex\nq3\ta red star\n")
    done("search", root / "index", "--topics", tmp_path / "topics.tsv", "--model", root / "model",
         "--output", tmp_path / "run.txt")  # fmt: skip
    encoded = tiny.lexlip().encode_texts(["a dog", "rex", "a red star"])
    with ImpactSearcher(root / "index") as searcher:
        wanted = {
            topic.qid: list(searcher.search(weights | searcher.caption_query(topic.text).weights))
            for topic, weights in zip(read_topics(tmp_path / "topics.tsv"), encoded, strict=True)
        }
    assert read_run(tmp_path / "run.txt") == {qid: hits for qid, hits in wanted.items() if hits}


def test_the_weight_of_captions_is_given(root: Path) -> None:
    done("index", root / "c", root / "light", "--caption-field", "title", "--caption-weight", 0.5)
    asked = ("--model", root / "model", "--query", "rex")
    heavy, light = (done("search", root / name, *asked)["weights"]["title:rex"] for name in ("index", "light"))
    assert abs(heavy - 2 * light) <= 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--caption-weight", "2"], "--caption-weight is the weight of caption fields: name one with --caption-field"),
        (["--caption-field", "a", "--caption-field", "a"], "--caption-field names a key twice, got a, a"),
        (["--caption-field", "nope"], "no line has the key 'nope'"),
        (["--caption-field", "title", "--bm25"], "--caption-field does not go with --bm25"),
        (["--caption-field", "title", "--caption-weight", "0"], "must be a number in 0.001..1000, got 0.0"),
    ],
)
def test_options_of_captions_that_can_not_be_are_refused(
    options: list[str], message: str, root: Path, tmp_path: Path
) -> None:
    assert message in lexlip("index", root / "c", tmp_path / "index", *options).error
    assert not (tmp_path / "index").exists()


def test_an_index_keeps_its_caption_fields_when_documents_are_added(root: Path, tmp_path: Path) -> None:
    refused = lexlip("index", root / "c", root / "index", "--append", "--replace", "--caption-field", "title").error
    assert "caption fields of an index are those that it was built with: leave them out" in refused
    done("index", root / "c", tmp_path / "index", "--caption-field", "title")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.jsonl").write_bytes(orjson.dumps({"id": "four", "vector": {}, "title": "Snowy owl"}))
    done("index", tmp_path / "more", tmp_path / "index", "--append")
    (tmp_path / "ids.txt").write_text("three\n")
    done("index", "--delete", tmp_path / "ids.txt", tmp_path / "index")
    asked = ("search", tmp_path / "index", "--model", root / "model", "--query")
    assert [hit["docid"] for hit in done(*asked, "owls")["hits"]] == ["four"]
    assert [hit["docid"] for hit in done(*asked, "rex")["hits"]] == ["one"]


def test_documents_that_are_deleted_do_not_count_for_a_word(tmp_path: Path) -> None:
    documents = [{"id": f"d{number}", "vector": {"dog": 1}, "title": f"A cat {number % 3}"} for number in range(1500)]
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.jsonl").write_bytes(b"\n".join(map(orjson.dumps, documents)))
    done("index", tmp_path / "c", tmp_path / "index", "--caption-field", "title")
    (tmp_path / "ids.txt").write_text("".join(f"d{number}\n" for number in range(1000)))
    done("index", "--delete", tmp_path / "ids.txt", tmp_path / "index")
    with ImpactSearcher(tmp_path / "index") as searcher:
        expected = {token: round(32 * log(1 + (1000 - df + 0.5) / (df + 0.5))) for token, df in {
            "title:cat": 500, "title:0": 166, "title:1": 167}.items()}  # fmt: skip
        assert searcher.frequencies(["title:cat"]) == {"title:cat": 1500}, "postings, until the next merge"
        assert searcher.caption_query("cats 0 1").weights == expected
