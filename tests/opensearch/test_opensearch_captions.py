"""Captions and names in one ranking with the pictures: what a Lucene index has, a cluster has, too."""

import random
from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path
from typing import Any

import orjson
import pytest
from exact_collections import collection
from httpx2 import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loaded import load
from pushed import facts_held, new_alias, with_manifest
from running_cluster import RunningNode
from support import tiny
from support.cli_run import done, lexlip
from support.served import running

from lexlip_lucene.cli.place import Place, place_of
from lexlip_lucene.cli.serve import open_served
from lexlip_lucene.errors import ClusterError
from lexlip_lucene.lucene.index.commit import commit_facts
from lexlip_lucene.lucene.jvm.english_terms import english_terms
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.opensearch import english_terms as of_cluster
from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.connection import Connection
from lexlip_lucene.opensearch.english_terms import EnglishTerms, parts
from lexlip_lucene.opensearch.entity_spans import EntitySpans
from lexlip_lucene.opensearch.impact_searcher import OpenSearchImpactSearcher
from lexlip_lucene.opensearch.multi_search import asked_again
from lexlip_lucene.opensearch.push import bulk, sending
from lexlip_lucene.opensearch.push.sink import OpenSearchSink
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.words.gazetteer import Gazetteer

WORDS = [
    *("Dogs", "the", "dog's", "running", "don’t", "U.S.A.", "café", "cafe\u0301", "naïve", "ﬁsh", "3.14", "12:30"),
    *(
        "a_b",
        "x\u00a0y",
        "日本語",
        "привет",
        "ไทย",
        "🙂",
        "👩‍👩‍👧",
        "a🙂b",
        "-",
        "…",
        "e" * 300,
        "\u0301x",
        "İstanbul",
        "C++",
    ),
    *("12\u202f345", "o'neil's", "\u200bzero", "words:alp", "AT&T"),
]
TITLES: list[Any] = [7, 1.50, [], ["A dog", "two  dogs"], None, "", "the of", "two\tlines\nof text"]


def lines(number: int, *, seed: int, prefix: str = "") -> list[dict[str, Any]]:
    """Return lines with texts of odd words, some without a vector or without texts."""
    dice = random.Random(seed)
    vectors = collection(8, documents=number, seed=seed)
    made = []
    for docid, vector in vectors.items():
        title = dice.choice([*TITLES, *(" ".join(dice.choices(WORDS, k=dice.randint(1, 12))) for _ in range(12))])
        line = {"id": prefix + docid, "vector": vector, "title": title}
        made.append(line if dice.random() < 0.7 else line | {"place": dice.choice(WORDS)})
    return made


def written(folder: Path, records: Sequence[Mapping[str, Any]], *, each: int = 90) -> Path:
    folder.mkdir()
    for start in range(0, len(records), each):
        text = b"".join(orjson.dumps(record) + b"\n" for record in records[start : start + each])
        (folder / f"{start:05d}.jsonl").write_bytes(text)
    return folder


def require_same(index: Path, address: str, texts: Sequence[str], docids: Sequence[str]) -> None:
    with ImpactSearcher(index) as lucene, OpenSearchImpactSearcher(address) as cluster:
        assert cluster.captions == lucene.captions
        asked = {text: cluster.caption_query(text) for text in texts}
        assert asked == {text: lucene.caption_query(text) for text in texts}
        for query in asked.values():
            weights = {"t1": 9, "##ing": 3, **query.weights}
            assert cluster.search(weights, 50) == lucene.search(weights, 50)
        assert any(query.weights for query in asked.values())
        for docid in docids:
            assert cluster.vector(docid) == lucene.vector(docid)


@pytest.mark.parametrize(("shards", "further"), [(1, []), (3, ["--rank-features"])])
def test_texts_of_the_lines_are_the_tokens_of_a_lucene_index_and_so_are_those_of_queries(
    node: RunningNode, tmp_path: Path, shards: int, further: list[str]
) -> None:
    address, index = f"{node.url}/{new_alias()}", tmp_path / "index"
    old = lines(400, seed=1)
    folder = with_manifest(written(tmp_path / "old", old))
    fields = ("--caption-field", "title", "--caption-field", "place", "--caption-weight", 0.5)
    report = done("push", folder, address, "--shards", shards, *fields, *further)
    counted = done("index", folder, index, *fields)
    assert (report["documents"], report["empty"], report["postings"]) == (
        counted["documents"],
        counted["empty"],
        counted["postings"],
    )
    texts = [*WORDS, "two dogs running in the 日本語", "DOGS dogs dog’s", "nothing of this", ""]
    require_same(index, address, texts, [line["id"] for line in old])
    new = lines(100, seed=2, prefix="new ")
    folder = written(tmp_path / "new", [*new, {"id": "last", "vector": {}, "title": "One long title about zebras"}])
    done("push", folder, address, "--append")
    done("index", folder, index, "--append")
    require_same(index, address, [*texts, "zebras"], [line["id"] for line in [*old[:50], *new]] + ["last"])
    assert facts_held(node, report["index"])["postings"] == str(commit_facts(index)["postings"])


@pytest.mark.parametrize("further", [[], ["--rank-features"]])
def test_names_in_a_query_find_the_entities_that_a_lucene_index_finds(
    node: RunningNode, tmp_path: Path, further: list[str]
) -> None:
    terms = ["eper_lionel_messi", "eper_messi", "eloc_new_york", "eorg_new_york_times", "emisc_world_cup", "eloc_paris"]
    dice = random.Random(4)
    records = [
        {"id": f"d{place}", "vector": {"red": 1 + place % 5, **dict.fromkeys(dice.sample(terms, 2), 200)}}
        for place in range(60)
    ]
    folder = with_manifest(written(tmp_path / "c", records), entities=True)
    address, index = f"{node.url}/{new_alias()}", tmp_path / "index"
    done("push", folder, address, *further)
    done("index", folder, index)
    texts = ["Lionel Messi in New York", "the new york times", "New-York, Paris; MESSI", "york times", "nobody", ""]
    require_same(index, address, texts, ["d0", "d59"])
    later = with_manifest(
        written(tmp_path / "d", [{"id": "later", "vector": {"eevent_the_great_exhibition_of_1851": 9}}]), entities=True
    )
    done("push", later, address, "--append")
    done("index", later, index, "--append")
    require_same(index, address, [*texts, "The Great Exhibition of 1851"], ["later"])


def test_the_command_finds_and_explains_by_captions_as_in_the_folder(node: RunningNode, tmp_path: Path) -> None:
    records = [
        {"id": "one", "vector": {"dog": 200, "a": 5}, "title": "Rex in the alps"},
        {"id": "two", "vector": {"dog": 90, "cat": 40}, "title": "A dog"},
        {"id": "three", "vector": {"cat": 120}, "title": "Rex, rex and REX"},
    ]
    folder = written(tmp_path / "c", records)
    tiny.lexlip().save_pretrained(tmp_path / "model")
    address, index = f"{node.url}/{new_alias()}", tmp_path / "index"
    done("push", folder, address, "--caption-field", "title")
    done("index", folder, index, "--caption-field", "title")
    (tmp_path / "topics.tsv").write_text("q1\ta dog\nq2\trex\nq3\ta red star\n")
    model = ("--model", tmp_path / "model")
    topics = ("--topics", tmp_path / "topics.tsv", *model, "--output")
    done("search", address, *topics, tmp_path / "ours.txt")
    done("search", index, *topics, tmp_path / "theirs.txt")
    assert (tmp_path / "ours.txt").read_text() == (tmp_path / "theirs.txt").read_text() != ""
    for asked in (["search", "--query", "a dog and Rex"], ["search", "--query", "dog -rex"],
                  ["explain", "--query", "rex dog", "--docid", "one"]):  # fmt: skip
        records = [done(asked[0], place, *asked[1:], *model) for place in (index, address)]
        for record in records:
            record.pop("milliseconds", None)
        assert records[0] == records[1]

    texts = ["rex", "a dog in the Alps -rex", "dog"]
    expected, found = (answered(place, tmp_path / "model", texts) for place in (index, place_of(address)))
    assert found == expected and all(record["captions"] for record in expected)


def answered(place: Place, model: Path, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return what the server's API answers, without its times."""
    app = create_app(open_served(place, model, None, None, None))
    with running(app) as address, Client(base_url=address) as client:
        records = [client.get("/api/search", params={"query": text}).json() for text in texts]
    return [{name: value for name, value in one.items() if not name.endswith("milliseconds")} for one in records]


@pytest.mark.parametrize(
    ("line", "options", "said"),
    [
        ({"title": {"a": 1}}, [], 'one.jsonl:2: document b: the caption "title" must be a text, a number, or a list'),
        ({"title": [1]}, [], 'one.jsonl:2: document b: the caption "title" must be a text, a number, or a list'),
        ({"title": True}, [], 'one.jsonl:2: document b: the caption "title" must be a text, a number, or a list'),
        (
            {"title": "Dogs", "vector": {"title:dog": 3}},
            [],
            "document b: its vector has title:dog, which a word",
        ),
        (
            {},
            ["--caption-field", "nope"],
            "no line has the key 'nope' that is to be a caption field; the first line",
        ),
        ({"place": "d", "title": "x"}, ["--caption-field", "t\ue000"], "must be a key without U+E000"),
        (
            {"title": "u:dog", "title:u": "dog"},
            ["--caption-field", "title:u"],
            "its vector has title:u:dog, which a word",
        ),
        ({}, ["--caption-weight", 0], "the weight of the caption field 'title' must be a number in 0.001..1000"),
        ({}, ["--append"], "--caption-field does not go with --append"),
        ({}, ["--append", "--caption-weight", 0], "does not go with --append"),
        ({"title": "a" + "日" * 10_001}, [], "one.jsonl:2: document b: a caption can't be analysed"),
        (
            {"vector": {"red": 512}},
            ["--rank-features"],
            "one.jsonl:2: document b: token 'red' has the impact 512",
        ),
        ({"vector": {"a\ue000": 1}}, ["--rank-features"], "one.jsonl:2: document b: token 'a\\ue000' has U+E000 in it"),
    ],
)
def test_a_line_or_option_that_would_not_do_is_refused_before_anything_is_sent(
    node: RunningNode, tmp_path: Path, line: dict[str, Any], options: list[object], said: str
) -> None:
    folder, alias = tmp_path / "c", new_alias()
    folder.mkdir()
    record = {"id": "b", "vector": {"red": 1}, **line}
    (folder / "one.jsonl").write_bytes(b'{"id": "a", "vector": {}, "title": "A dog"}\n' + orjson.dumps(record))
    error = lexlip("push", folder, f"{node.url}/{alias}", "--caption-field", "title", *options).error
    assert said in error
    assert not [name for name in node.ask("GET", "/_alias") if name.startswith(alias)]


@pytest.fixture(scope="module")
def terms(node: RunningNode) -> EnglishTerms:
    load(node, "analyses", {})
    return EnglishTerms(Connection(ClusterAddress.of(f"{node.url}/analyses")), asked_again, "analyses-1")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=8), st.sampled_from([" ", "\n", "\t", "\u2003"]))))
def test_the_terms_of_a_text_are_those_of_lucenes_english_analyser(terms: EnglishTerms, words: list[str]) -> None:
    text = " ".join(words)
    assert [term for several in terms.of_words(parts(text)) for term in several] == english_terms(text)


def test_words_are_asked_for_once_and_many_at_a_time(terms: EnglishTerms, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    request = Connection.request

    def counted(self: Connection, method: str, path: str, body: Any = None, **more: Any) -> Any:
        asked.append(body["text"])
        return request(self, method, path, body, **more)

    monkeypatch.setattr(Connection, "request", counted)
    words = [f"walking{number}🙂 dogs{number}" for number in range(900)]
    several = [word for pair in words for word in pair.split()]
    found = terms.of_words(several)
    assert found == [tuple(english_terms(word)) for word in several]
    assert 3 < len(asked) < 9 and terms.of_words(several) == found and len(asked) < 9
    monkeypatch.setattr(of_cluster, "_MOST_LETTERS", 10)
    before = len(asked)
    assert terms.of_words(several[:5]) == found[:5] and len(asked) == before + 1, "forgotten, and asked for again"


def test_a_word_of_too_many_terms_is_an_error_that_names_the_setting(terms: EnglishTerms) -> None:
    with pytest.raises(ClusterError, match=r"index\.analyze\.max_token_count"):
        terms.of_words(["日" * 10_001])


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every second request to analyse a text find the cluster too busy."""
    refused: list[str] = []
    request = Connection.request

    def some(self: Connection, method: str, path: str, *more: Any, **options: Any) -> Any:
        if path.endswith("/_analyze"):
            refused.append(path)
            if len(refused) % 2:
                raise ClusterError("too busy", 503)
        return request(self, method, path, *more, **options)

    monkeypatch.setattr(Connection, "request", some)
    return refused


def test_a_cluster_that_is_busy_now_and_then_analyses_all_texts_in_the_end(
    node: RunningNode, tmp_path: Path, busy: list[str]
) -> None:
    folder = written(
        tmp_path / "c", [{"id": "a", "vector": {}, "title": "Two dogs"}, {"id": "b", "vector": {"red": 1}}]
    )
    alias = new_alias()
    with OpenSearchSink(f"{node.url}/{alias}") as sink:
        sink.push(folder, caption_fields={"title": 1.0})
    with OpenSearchImpactSearcher(f"{node.url}/{alias}") as searcher:
        assert searcher.caption_query("dogs").weights == {"title:dog": round(32 * log(1 + 999.5 / 1.5))}
    assert len(busy) == 4


def test_a_line_that_is_no_document_is_named_also_where_texts_are_analysed(node: RunningNode, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    for wrong in (b'{["a"]: 1}', b"[" * 100_000, b'{"id": "b"', b"7", b'{"id": "b", "vector": {}, "title": "\\ud800"}'):
        (tmp_path / "c" / "one.jsonl").write_bytes(b'{"id": "a", "vector": {}, "title": "A dog"}\n' + wrong)
        error = lexlip("push", tmp_path / "c", f"{node.url}/{new_alias()}", "--caption-field", "title").error
        assert "one.jsonl:2: " in error and "Traceback" not in error


def test_the_line_whose_text_has_too_many_terms_is_named(node: RunningNode, tmp_path: Path) -> None:
    long = [{"id": "a", "vector": {}, "title": "a" * 20_000}, {"id": "b", "vector": {}, "title": "日" * 10_001}]
    folder = written(tmp_path / "c", [*long, {"id": "c", "vector": {}, "title": "c" * 30_000}])
    error = lexlip("push", folder, f"{node.url}/{new_alias()}", "--caption-field", "title").error
    assert (
        "00000.jsonl:2: document b: a caption can't be analysed" in error and "index.analyze.max_token_count" in error
    )


def test_an_open_searcher_follows_its_alias_to_an_index_of_another_kind(node: RunningNode, tmp_path: Path) -> None:
    alias, first = new_alias(), written(tmp_path / "a", [{"id": "a", "vector": {"red": 3}, "title": "Dogs"}])
    second = written(tmp_path / "b", [{"id": "a", "vector": {"red": 4, "x.y": 1}, "name": "Dogs and cats"}])
    with OpenSearchSink(f"{node.url}/{alias}") as sink:
        sink.push(first, caption_fields={"title": 1.0})
        with OpenSearchImpactSearcher(f"{node.url}/{alias}") as searcher:
            assert list(searcher.caption_query("dogs").weights) == ["title:dog"]
            sink.push(second, caption_fields={"name": 1.0}, rank_features=True, drop_old=True)
            assert list(searcher.caption_query("the cats").weights) == ["name:cat"]
            assert list(searcher.caption_query("dogs").weights) == ["name:dog"]
            sink.push(first, caption_fields={"title": 1.0}, drop_old=True)
            assert searcher.explain({"red": 2}, "a").score == 6
            sink.push(second, rank_features=True, drop_old=True)
            assert searcher.vector("a") == {"red": 4, "x.y": 1} and searcher.frequencies(["x.y"]) == {"x.y": 1}
            assert searcher.caption_query("dogs").weights == {} and not searcher.captions.fields


def test_a_refresh_that_finds_nothing_new_forgets_no_words(
    node: RunningNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, alias = written(tmp_path / "a", [{"id": "a", "vector": {"red": 3}, "title": "Dogs"}]), new_alias()
    with OpenSearchSink(f"{node.url}/{alias}") as sink:
        sink.push(folder, caption_fields={"title": 1.0})
    with OpenSearchImpactSearcher(f"{node.url}/{alias}") as searcher:
        found = searcher.caption_query("dogs")
        assert found.weights and not searcher.refresh()
        monkeypatch.setattr(Connection, "request", None)
        assert searcher.caption_query("dogs") == found, "without a request"


def test_a_push_with_captions_that_ended_early_is_resumed(
    node: RunningNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, alias = lines(300, seed=3), new_alias()
    folder = written(tmp_path / "c", old, each=30)
    monkeypatch.setattr(bulk, "_BATCH_ENTRIES", 40)
    send, sent = sending.send, []

    def some(*arguments: Any) -> None:
        sent.append(1)
        if len(sent) == 4:
            raise ClusterError("fire", 400)
        send(*arguments)

    monkeypatch.setattr(sending, "send", some)
    with OpenSearchSink(f"{node.url}/{alias}") as sink:
        with pytest.raises(ClusterError, match="--resume continues"):
            sink.push(folder, caption_fields={"title": 1.0})
        report = sink.push(folder, caption_fields={"title": 1.0}, resume=True)
    counted = done("index", folder, tmp_path / "index", "--caption-field", "title")
    assert (report.documents, report.postings) == (300, counted["postings"])
    require_same(
        tmp_path / "index", f"{node.url}/{alias}", ["dogs", "running café"], [line["id"] for line in old[::20]]
    )


def test_names_of_a_collection_without_a_manifest_count_once_another_one_says_that_there_are_names(
    node: RunningNode, tmp_path: Path
) -> None:
    first = written(tmp_path / "a", [{"id": "a", "vector": {"eper_lionel_messi": 200}}])
    second = with_manifest(written(tmp_path / "b", [{"id": "b", "vector": {"eloc_paris": 200}}]), entities=True)
    address, index = f"{node.url}/{new_alias()}", tmp_path / "index"
    for verb, place in (("push", address), ("index", index)):
        done(verb, first, place)
        done(verb, second, place, "--append")
    require_same(index, address, ["Lionel Messi in Paris"], ["a", "b"])


@given(st.lists(st.sampled_from(["new", "york", "times", "paris", "the"]), max_size=7))
def test_all_names_of_a_text_are_among_the_terms_that_are_asked_for(words: list[str]) -> None:
    terms = ["eloc_new_york", "eorg_new_york_times", "eloc_paris", "eper_paris"]
    text = " ".join(words)
    asked = EntitySpans().plus(terms).terms_in(text)
    assert Gazetteer(term for term in asked if term in terms).find(text) == Gazetteer(terms).find(text)
    assert len(asked) == len(set(asked)) <= 3 * 3 * len(words)
