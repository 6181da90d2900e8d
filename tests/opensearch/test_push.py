"""A collection pushed into a real cluster: what is served then, what is refused, and what is resumed."""

import gzip
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pushed import (
    behind,
    documents,
    facts_held,
    held,
    indexes,
    new_alias,
    require_oracle,
    vectors_held,
    with_manifest,
    written,
)
from running_cluster import RunningNode
from support.oracle import rank

from lexlip_lucene.errors import ClusterError, IndexingError, InputError, LexlipError, OutputError, SearchError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.opensearch.bm25_searcher import OpenSearchBm25Searcher
from lexlip_lucene.opensearch.connection import Connection
from lexlip_lucene.opensearch.impact_searcher import OpenSearchImpactSearcher
from lexlip_lucene.opensearch.push import bulk, load, sending
from lexlip_lucene.opensearch.push.new_index import MAX_ALIAS_BYTES
from lexlip_lucene.opensearch.push.report import PushReport
from lexlip_lucene.opensearch.push.sink import OpenSearchSink
from lexlip_lucene.progress import Silent
from lexlip_lucene.vectors.manifest import manifest_path


class Cut(Silent):
    """Ends a push, as Ctrl-C does, after so many documents have been read to be sent."""

    def __init__(self, after: int) -> None:
        self.after = after

    def track(self, items: Iterable[Any], label: str, total: int | None = None) -> Iterator[Any]:
        for place, item in enumerate(items):
            if label == "pushing" and place == self.after:
                raise KeyboardInterrupt
            yield item


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send ten documents at a time, and record every shard."""
    monkeypatch.setattr("lexlip_lucene.opensearch.push.bulk._BATCH_ENTRIES", 10)
    monkeypatch.setattr(load, "_SECONDS_BETWEEN", 0.0)


def pushed(node: RunningNode, alias: str, collection: Path, **options: Any) -> PushReport:
    with OpenSearchSink(f"{node.url}/{alias}", patience=10) as sink:
        return sink.push(collection, **options)


def cut_short(node: RunningNode, alias: str, collection: Path, after: int, **options: Any) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        OpenSearchSink(f"{node.url}/{alias}", patience=10, progress=Cut(after)) as sink,
    ):
        sink.push(collection, **options)


@pytest.mark.parametrize("shards", [1, 3])
def test_every_document_and_integer_arrives(node: RunningNode, tmp_path: Path, shards: int) -> None:
    alias, found = new_alias(), documents(200)
    collection = with_manifest(written(tmp_path / "c", found))
    report = pushed(node, alias, collection, shards=shards)
    digits = sha256_of(manifest_path(collection))[:12]
    assert report.index == f"{alias}-{digits}" if shards == 1 else report.index.startswith(f"{alias}-")
    assert behind(node, alias) == {report.index}
    assert vectors_held(node, report.index) == {document.id: document.vector for document in found}
    assert (report.documents, report.added, report.shards, report.replicas) == (200, 200, shards, 0)
    assert report.postings == sum(len(document.vector) for document in found)
    assert report.empty == sum(not document.vector for document in found)
    assert report.bytes > 0 and report.previous == ""
    require_oracle(f"{node.url}/{alias}", found)


def test_the_facts_are_those_of_the_manifest_and_what_a_searcher_must_know(node: RunningNode, tmp_path: Path) -> None:
    collection = with_manifest(written(tmp_path / "c", documents(50), keys={"split": "val"}))
    report = pushed(node, new_alias(), collection, keywords=["split"])
    facts = facts_held(node, report.index)
    assert (
        facts.items()
        >= {
            "kind": "impact",
            "format": "1",
            "schema_version": "1",
            "documents": "50",
            "empty": str(report.empty),
            "postings": str(report.postings),
            "bits": "8",
            "top_k": "64",
            "vocabulary_sha256": "v" * 64,
            "manifest_sha256": sha256_of(manifest_path(collection)),
            "max_impact": "4",
            "max_tokens": "12",
            "keywords": '["split"]',
        }.items()
    )
    assert "loading" not in facts


def test_while_it_loads_an_index_has_no_replica_and_is_durable(
    node: RunningNode, tmp_path: Path, small_batches: None
) -> None:
    alias = new_alias()
    cut_short(node, alias, written(tmp_path / "c", documents(100)), 60)
    [index] = indexes(node, alias)
    settings = node.ask("GET", f"/{index}/_settings?include_defaults=true")[index]
    assert (settings["settings"]["index"]["number_of_replicas"], settings["settings"]["index"]["refresh_interval"]) == (
        "0",
        "-1",
    )
    assert settings["defaults"]["index"]["translog"]["durability"] == "REQUEST"
    assert behind(node, alias) == set()


def test_collections_of_others_are_pushed_as_they_are_indexed(node: RunningNode, tmp_path: Path) -> None:
    folder = tmp_path / "c"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.jsonl.gz").write_bytes(
        gzip.compress(b'{"id": 7, "vector": {"red": 2, "dim": 0}, "more": 1}\n')
    )
    (folder / "b.json").write_bytes(b'[{"id": "b", "vector": {}}, {"id": "c", "vector": {"red": 1}}]')
    report = pushed(node, new_alias(), folder)
    assert vectors_held(node, report.index) == {"7": {"red": 2}, "b": {}, "c": {"red": 1}}
    assert "shards_sha256" in facts_held(node, report.index)


def test_scores_past_float32_are_checked_as_well(node: RunningNode, tmp_path: Path) -> None:
    found = [
        document._replace(vector={token: impact * 4_000_001 for token, impact in document.vector.items()})
        for document in documents(60)
    ]
    alias = new_alias()
    pushed(node, alias, written(tmp_path / "c", found))
    require_oracle(f"{node.url}/{alias}", found)


def test_keywords_filter_and_stored_keys_come_back(node: RunningNode, tmp_path: Path) -> None:
    keys = {"split": ["val", "x"], "année": True, "more": {"a": 1}}
    collection = written(tmp_path / "c", documents(20), keys=keys)
    alias = new_alias()
    pushed(node, alias, collection, keywords=["split", "année"], store=["more", "contents"])
    with OpenSearchImpactSearcher(f"{node.url}/{alias}") as searcher:
        assert searcher.keywords() == {"année": ["true"], "split": ["val", "x"]}
        assert searcher.stored("é 1") == {"id": "é 1", "more": '{"a":1}', "contents": ""}


def test_a_keyword_of_any_other_name_filters(node: RunningNode, tmp_path: Path) -> None:
    names = ["a>b", "a[b]", "boost", "type", "a b", "é 😀", '"', "\\", "0"]
    alias, found = new_alias(), documents(5)
    pushed(node, alias, written(tmp_path / "c", found, keys=dict.fromkeys(names, "x")), keywords=names)
    with OpenSearchImpactSearcher(f"{node.url}/{alias}") as searcher:
        assert searcher.keywords() == {name: ["x"] for name in names}
        for name in names:
            assert searcher.search(found[0].vector, filters={name: "x"}) == rank(found[0].vector, found, 10)
            assert searcher.search(found[0].vector, filters={name: ["y", "X"]}) == []


@pytest.mark.parametrize("key", ["docid", "impacts", "captions", "_x", "a.b", "vector", ""])
def test_a_keyword_of_the_indexs_own_name_is_refused(node: RunningNode, tmp_path: Path, key: str) -> None:
    with pytest.raises(InputError, match="can't be a keyword"):
        pushed(node, new_alias(), written(tmp_path / "c", documents(5)), keywords=[key])


def test_captions_are_searched_by_bm25(node: RunningNode, tmp_path: Path) -> None:
    file = tmp_path / "captions.jsonl"
    file.write_text(
        '{"id": "é 1", "file": "1", "split": "", "captions": ["Two dogs running", "A dog"]}\n'
        '{"id": "é 2", "file": "2", "split": "", "captions": ["the"]}\n'
        '{"id": "é 3", "file": "3", "split": "", "captions": []}\n'
        '{"id": "elsewhere", "file": "4", "split": "", "captions": ["A dog"]}\n',
        encoding="utf-8",
    )
    alias = new_alias()
    report = pushed(node, alias, written(tmp_path / "c", documents(9)), captions=file)
    assert (report.captioned, report.unused_captions) == (2, 1)
    assert facts_held(node, report.index)["caption_texts"] == "2"
    with OpenSearchBm25Searcher(f"{node.url}/{alias}") as searcher:
        assert [hit.docid for hit in searcher.search("runs of a dog")] == ["é 1"]


def test_captions_of_other_images_are_refused(node: RunningNode, tmp_path: Path) -> None:
    file, alias = tmp_path / "captions.jsonl", new_alias()
    file.write_text('{"id": "elsewhere", "file": "4", "split": "", "captions": ["A dog"]}\n')
    with pytest.raises(InputError, match=r"captions.jsonl: no image with captions has the id of a document"):
        pushed(node, alias, written(tmp_path / "c", documents(9)), captions=file)
    assert indexes(node, alias) == set()


def test_the_next_push_takes_the_place_of_the_one_before_which_is_kept(node: RunningNode, tmp_path: Path) -> None:
    alias = new_alias()
    first = pushed(node, alias, written(tmp_path / "a", documents(30)))
    second = pushed(node, alias, written(tmp_path / "b", documents(40)))
    assert second.previous == first.index and indexes(node, alias) == {first.index, second.index}
    assert behind(node, alias) == {second.index}
    back = pushed(node, alias, tmp_path / "a", drop_old=True)  # what was kept serves again, without being sent
    assert back.index == first.index and behind(node, alias) == {first.index}
    assert indexes(node, alias) == {first.index}


def test_what_serves_already_is_not_sent_again(
    node: RunningNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alias, collection = new_alias(), written(tmp_path / "c", documents(30))
    first = pushed(node, alias, collection)
    monkeypatch.setattr(sending, "send", lambda *_: pytest.fail("sent again"))
    again = pushed(node, alias, collection)
    assert (again.index, again.documents, again.previous) == (first.index, 30, "")


def test_a_push_that_was_cut_short_is_resumed_after_what_the_cluster_has(
    node: RunningNode, tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    alias, found = new_alias(), documents(200)
    collection = written(tmp_path / "c", found)
    cut_short(node, alias, collection, 150)
    [index] = indexes(node, alias)
    with pytest.raises(OutputError, match="--resume continues it, --force begins again"):
        pushed(node, alias, collection)
    sent: list[str] = []
    real = bulk.send

    def noted(connection: Any, target: str, entries: Any, persistence: Any) -> None:
        sent.extend(entry.docid for entry in entries)
        real(connection, target, entries, persistence)

    monkeypatch.setattr(sending, "send", noted)
    report = pushed(node, alias, collection, resume=True)
    assert sent == [document.id for document in found[120:]] or sent == [document.id for document in found[80:]]
    assert report.index == index and vectors_held(node, index) == {document.id: document.vector for document in found}


def test_an_index_that_is_not_whole_yet_is_not_searched(node: RunningNode, tmp_path: Path, small_batches: None) -> None:
    alias = new_alias()
    cut_short(node, alias, written(tmp_path / "c", documents(100)), 60)
    [index] = indexes(node, alias)
    for name in (index, f"{index}.loading"):
        with pytest.raises(SearchError, match=f"/{name} is not loaded yet: wait for its push, or continue it with"):
            OpenSearchImpactSearcher(f"{node.url}/{name}")


def test_a_push_that_was_cut_short_begins_again_with_force(
    node: RunningNode, tmp_path: Path, small_batches: None
) -> None:
    alias, found = new_alias(), documents(100)
    collection = written(tmp_path / "c", found)
    cut_short(node, alias, collection, 60)
    assert pushed(node, alias, collection, force=True).documents == 100


def test_another_collection_does_not_resume_a_push(node: RunningNode, tmp_path: Path, small_batches: None) -> None:
    alias = new_alias()
    cut_short(node, alias, written(tmp_path / "a", documents(100)), 60)
    other = written(tmp_path / "b", documents(50))
    with pytest.raises(InputError, match="a load is resumed with the collection as it was"):
        pushed(node, alias, other, resume=True)
    with pytest.raises(InputError, match=f"and the same options, but {alias}-[0-9a-f]+ was begun with others"):
        pushed(node, alias, tmp_path / "a", shards=2, resume=True)
    assert pushed(node, alias, other).documents == 50


def test_what_failed_leaves_the_old_alias_and_says_how_to_continue(
    node: RunningNode, tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    alias = new_alias()
    first = pushed(node, alias, written(tmp_path / "a", documents(30)))
    collection = written(tmp_path / "b", documents(60))
    real = bulk.send

    def broken(connection: Any, target: str, entries: Any, persistence: Any) -> None:
        if any(entry.docid == "é 10" for entry in entries):
            raise ClusterError("the cluster is on fire", 503)
        real(connection, target, entries, persistence)

    monkeypatch.setattr(sending, "send", broken)
    with pytest.raises(ClusterError) as error:
        pushed(node, alias, collection)
    assert str(error.value) == (
        f"the cluster is on fire; {first.index} serves as before, and the same command with --resume continues"
    )
    assert behind(node, alias) == {first.index}
    monkeypatch.undo()
    assert pushed(node, alias, collection, resume=True).previous == first.index


def test_nothing_is_sent_of_a_collection_with_one_line_that_is_refused(node: RunningNode, tmp_path: Path) -> None:
    alias, collection = new_alias(), written(tmp_path / "c", documents(50))
    with (collection / "part-00001.jsonl").open("ab") as file:
        file.write(b'{"id": "x", "vector": {"a\xee\x80\x80b": 1}}\n')
    with pytest.raises(InputError, match=r"part-00001.jsonl:11: document x: token"):
        pushed(node, alias, collection)
    assert indexes(node, alias) == set()


def test_a_collection_that_changes_while_it_is_sent_does_not_serve(
    node: RunningNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alias, collection = new_alias(), written(tmp_path / "c", documents(50))
    real = sending.entries_of

    def changed(*args: Any) -> Any:
        shard = collection / "part-00000.jsonl"
        shard.write_bytes(shard.read_bytes().replace(b":4", b":3", 1))
        return real(*args)

    monkeypatch.setattr(load, "entries_of", changed)
    with pytest.raises(InputError, match=r"part-00000.jsonl has changed while it was pushed"):
        pushed(node, alias, collection)
    assert behind(node, alias) == set()


def test_an_index_that_does_not_hold_what_was_sent_does_not_serve(node: RunningNode, tmp_path: Path) -> None:
    alias = new_alias()
    first = pushed(node, alias, written(tmp_path / "a", documents(30)))
    found = documents(60)
    second = pushed(node, alias, written(tmp_path / "b", found))
    pushed(node, alias, tmp_path / "a")
    node.ask("DELETE", f"/{second.index}/_doc/{quote(found[3].id)}?refresh=true")
    with pytest.raises(IndexingError, match=r"does not add up: documents.*must be \(60"):
        pushed(node, alias, tmp_path / "b")
    assert behind(node, alias) == {first.index}
    assert pushed(node, alias, tmp_path / "b", force=True).documents == 60


def test_a_document_with_another_vector_is_found_out(node: RunningNode, tmp_path: Path) -> None:
    alias, found = new_alias(), documents(60)
    index = pushed(node, alias, written(tmp_path / "a", found)).index
    source = held(node, index)[found[0].id]
    token = max(found[0].vector, key=lambda token: (found[0].vector[token], token))
    source["impacts"] = " ".join(part for part in source["impacts"].split(" ") if not part.startswith(f"{token}\ue000"))
    source["impacts"] += f" {token}\ue000250"
    node.ask("POST", f"/{index}/_update/{quote(found[0].id)}?refresh=true", {"doc": source})
    with pytest.raises(
        IndexingError, match=f"does not answer as the collection says.*{index} serves as before.*--force"
    ):
        pushed(node, alias, tmp_path / "a")
    report = pushed(node, alias, tmp_path / "a", force=True)  # beside the one that serves
    assert (report.index, report.previous) == (f"{index}-2", index)
    require_oracle(f"{node.url}/{alias}", found)


def test_an_index_of_the_aliass_name_is_refused(node: RunningNode, tmp_path: Path) -> None:
    alias = new_alias()
    node.ask("PUT", f"/{alias}", {"settings": {"number_of_replicas": 0}})
    with pytest.raises(OutputError, match=f"{alias} is an index, and an alias is needed"):
        pushed(node, alias, written(tmp_path / "c", documents(5)))


@pytest.mark.parametrize("state", ["closed", "hidden"])
def test_an_index_that_patterns_do_not_match_loses_the_alias_too(node: RunningNode, tmp_path: Path, state: str) -> None:
    alias = new_alias()
    old = pushed(node, alias, written(tmp_path / "a", documents(20)))
    if state == "closed":
        node.ask("POST", f"/{old.index}/_close")
    else:
        node.ask("PUT", f"/{old.index}/_settings", {"index.hidden": True})
    new = pushed(node, alias, written(tmp_path / "b", documents(21)))
    assert set(node.ask("GET", f"/{alias}/_alias")) == {new.index} and new.previous == old.index
    require_oracle(f"{node.url}/{alias}", documents(21))


def test_only_indexes_of_the_alias_are_named_when_it_changes(
    node: RunningNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alias, other = new_alias(), new_alias()
    before = pushed(node, other, written(tmp_path / "a", documents(20))).index
    node.ask("POST", "/_aliases", {"actions": [{"add": {"index": before, "alias": alias}}]})  # given by hand
    named: set[str] = set()
    real = Connection.request

    def noted(self: Connection, method: str, path: str, body: Any = None, **rest: Any) -> Any:
        if path == "/_aliases":
            named.update(change["index"] for action in body["actions"] for change in action.values())
        return real(self, method, path, body, **rest)

    monkeypatch.setattr(Connection, "request", noted)
    new = pushed(node, alias, written(tmp_path / "b", documents(21)))
    assert (behind(node, alias), behind(node, other), new.previous) == ({new.index}, {before}, before)
    assert named == {new.index, before, f"{alias}-*"}, "a user may have rights for no others"


def test_the_longest_alias_is_pushed_to_and_a_longer_one_is_refused(node: RunningNode, tmp_path: Path) -> None:
    collection = written(tmp_path / "c", documents(20))
    longest = f"{new_alias()}-é".ljust(MAX_ALIAS_BYTES - 1, "x")
    index = pushed(node, longest, collection).index
    assert behind(node, longest) == {index}
    with pytest.raises(InputError, match="at most 228 bytes"):
        pushed(node, f"{longest}x", collection)


def test_an_alias_of_several_indexes_or_of_somebody_elses_is_refused(node: RunningNode, tmp_path: Path) -> None:
    alias, collection = new_alias(), written(tmp_path / "c", documents(5))
    node.ask("PUT", f"/{alias}-one", {"aliases": {alias: {}}})
    with pytest.raises(OutputError, match=f"alias of {alias}-one, which no push made"):
        pushed(node, alias, collection)
    node.ask("PUT", f"/{alias}-two", {"aliases": {alias: {}}})
    with pytest.raises(OutputError, match=f"alias of 2 indexes \\({alias}-one, {alias}-two\\)"):
        pushed(node, alias, collection)


def test_replicas_without_nodes_are_refused_before_anything_is_sent(node: RunningNode, tmp_path: Path) -> None:
    alias = new_alias()
    with pytest.raises(InputError, match=r"replicas must be in 0..0 in a cluster of 1 nodes"):
        pushed(node, alias, written(tmp_path / "c", documents(5)), replicas=1)
    assert indexes(node, alias) == set()


def test_an_index_deleted_on_the_way_is_an_error_and_nothing_takes_its_name(
    node: RunningNode, tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    alias, collection = new_alias(), written(tmp_path / "c", documents(60))
    real = bulk.send

    def deleting(connection: Any, target: str, entries: Any, persistence: Any) -> None:
        if any(entry.docid == "é 10" for entry in entries):
            for name in indexes(node, alias):
                node.ask("DELETE", f"/{name}")
        real(connection, target, entries, persistence)

    monkeypatch.setattr(sending, "send", deleting)
    with pytest.raises(LexlipError):
        pushed(node, alias, collection)
    assert indexes(node, alias) == set()


def test_of_two_pushes_at_once_to_one_alias_one_serves_whole(node: RunningNode, tmp_path: Path) -> None:
    alias = new_alias()
    collections = [written(tmp_path / name, documents(150, seed=place)) for place, name in enumerate("abc")]
    with ThreadPoolExecutor(3) as threads:
        reports = list(threads.map(lambda collection: pushed(node, alias, collection), collections))
    assert len({report.index for report in reports}) == 3
    [serving] = behind(node, alias)
    place = [report.index for report in reports].index(serving)
    require_oracle(f"{node.url}/{alias}", documents(150, seed=place))


def test_the_same_collection_pushed_twice_at_once_is_harmless(node: RunningNode, tmp_path: Path) -> None:
    alias, found = new_alias(), documents(150)
    collection = written(tmp_path / "c", found)

    def attempt(_: int) -> str:
        try:
            return pushed(node, alias, collection, resume=True).index
        except OutputError as error:
            assert "is being loaded by another push" in str(error)
            return pushed(node, alias, collection, resume=True).index

    with ThreadPoolExecutor(3) as threads:
        names = set(threads.map(attempt, range(3)))
    assert behind(node, alias) == names and len(names) == 1
    require_oracle(f"{node.url}/{alias}", found)
