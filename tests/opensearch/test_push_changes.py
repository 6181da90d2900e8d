"""Documents added to an index that serves in a cluster, and deleted from it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pushed import behind, documents, facts_held, new_alias, require_oracle, vectors_held, with_manifest, written
from running_cluster import RunningNode

from lexlip_lucene.errors import ClusterError, InputError, OutputError
from lexlip_lucene.opensearch.push import bulk, sending
from lexlip_lucene.opensearch.push.sink import OpenSearchSink
from lexlip_lucene.records import Document

OLD, NEW = documents(90), documents(45, seed=2, prefix="new ")
CHANGED = [*documents(20, seed=3), *documents(10, seed=4, prefix="more ")]
"""Other vectors for twenty ids that are there, and ten ids that are not."""


def sink_of(node: RunningNode, alias: str) -> OpenSearchSink:
    return OpenSearchSink(f"{node.url}/{alias}", patience=10)


@pytest.fixture
def alias(node: RunningNode, tmp_path: Path) -> str:
    """Return an alias with the old documents."""
    name = new_alias()
    with sink_of(node, name) as sink:
        sink.push(with_manifest(written(tmp_path / "old", OLD, keys={"split": "val"})), keywords=["split"])
    return name


def require_held(node: RunningNode, alias: str, found: list[Document]) -> None:
    [index] = behind(node, alias)
    assert vectors_held(node, index) == {document.id: document.vector for document in found}
    facts = facts_held(node, index)
    counts = (len(found), sum(not one.vector for one in found), sum(len(one.vector) for one in found))
    assert tuple(int(facts[name]) for name in ("documents", "empty", "postings")) == counts
    assert "loading" not in facts and "manifest_sha256" not in facts and facts["keywords"] == '["split"]'
    assert "refresh_interval" not in node.ask("GET", f"/{index}/_settings")[index]["settings"]["index"]
    assert list(node.ask("GET", f"/{index}/_alias")[index]["aliases"]) == [alias]
    require_oracle(f"{node.url}/{alias}", found)


def replaced() -> list[Document]:
    others = {document.id: document for document in CHANGED}
    return [others.pop(document.id, document) for document in OLD] + list(others.values())


def test_an_append_adds_to_what_serves(node: RunningNode, tmp_path: Path, alias: str) -> None:
    with sink_of(node, alias) as sink:
        report = sink.append(with_manifest(written(tmp_path / "new", NEW)))
    assert (report.documents, report.added, report.replaced) == (135, 45, 0)
    require_held(node, alias, OLD + NEW)


def test_a_document_takes_the_place_of_the_one_with_its_id_if_that_is_wanted(
    node: RunningNode, tmp_path: Path, alias: str
) -> None:
    collection = written(tmp_path / "new", CHANGED)
    with sink_of(node, alias) as sink:
        with pytest.raises(InputError, match=r"document id é 20 is in .* already.*--replace"):
            sink.append(collection)
        report = sink.append(collection, replace=True)
    assert (report.documents, report.added, report.replaced) == (100, 30, 20)
    require_held(node, alias, replaced())


def test_a_collection_of_another_model_is_refused(node: RunningNode, tmp_path: Path, alias: str) -> None:
    collection = with_manifest(written(tmp_path / "new", NEW), vocabulary_sha256="o" * 64)
    with sink_of(node, alias) as sink, pytest.raises(InputError, match="has vectors of vocabulary_sha256 vvv"):
        sink.append(collection)
    [index] = behind(node, alias)
    assert facts_held(node, index)["documents"] == "90"


def test_deleted_documents_are_gone_and_counted(node: RunningNode, alias: str) -> None:
    with sink_of(node, alias) as sink:
        report = sink.delete([document.id for document in OLD[:30]])
    assert (report.documents, report.deleted) == (60, 30)
    require_held(node, alias, OLD[30:])


def test_an_id_that_is_not_there_deletes_nothing(node: RunningNode, alias: str) -> None:
    with sink_of(node, alias) as sink, pytest.raises(InputError, match="has no document 'gone', so nothing is deleted"):
        sink.delete([OLD[0].id, "gone"])
    [index] = behind(node, alias)
    assert len(vectors_held(node, index)) == 90


def test_no_ids_change_nothing(node: RunningNode, alias: str) -> None:
    before = facts_held(node, *behind(node, alias))
    with sink_of(node, alias) as sink:
        report = sink.delete([])
    assert (report.documents, report.deleted) == (90, 0)
    assert facts_held(node, *behind(node, alias)) == before


def test_an_alias_of_nothing_is_not_changed(node: RunningNode, tmp_path: Path) -> None:
    with sink_of(node, new_alias()) as sink, pytest.raises(InputError, match="names no index yet"):
        sink.append(written(tmp_path / "new", NEW))


Breaks = Callable[[int], None]


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Breaks:
    """Return what makes a push fail after so many requests of ten documents."""
    monkeypatch.setattr(bulk, "_BATCH_ENTRIES", 10)
    real = bulk.send

    def after(requests: int) -> None:
        left = iter(range(requests))

        def send(*arguments: Any) -> None:
            if next(left, None) is None:
                raise ClusterError("the cluster is on fire", 503)
            real(*arguments)

        monkeypatch.setattr(sending, "send", send)

    return after


@pytest.mark.parametrize("requests", [0, 2])
def test_an_append_that_ended_early_is_completed_by_resume_only(
    node: RunningNode, tmp_path: Path, alias: str, breaks: Breaks, requests: int
) -> None:
    collection, other = written(tmp_path / "new", CHANGED), written(tmp_path / "other", NEW)
    breaks(requests)
    with sink_of(node, alias) as sink, pytest.raises(ClusterError, match="fire; the same command with --resume"):
        sink.append(collection, replace=True)
    breaks(100)
    with sink_of(node, alias) as sink:
        with pytest.raises(OutputError, match="this is under way, or ended early"):
            sink.append(collection, replace=True)
        with pytest.raises(OutputError, match="an append of something else"):
            sink.append(other)
        with pytest.raises(OutputError, match="an append of something else"):
            sink.delete([OLD[0].id])
        report = sink.append(collection, replace=True, resume=True)
        again = sink.append(collection, replace=True, resume=True)
        with pytest.raises(InputError, match=r"is in .* already"):
            sink.append(collection, resume=True)  # without --replace it is another change
    assert (report.replaced, report.added, again.replaced, again.added) == (20, 30, 0, 0)
    require_held(node, alias, replaced())


def test_an_append_that_ended_early_can_be_left_as_it_is(
    node: RunningNode, tmp_path: Path, alias: str, breaks: Breaks
) -> None:
    breaks(1)
    with sink_of(node, alias) as sink, pytest.raises(ClusterError):
        sink.append(written(tmp_path / "new", NEW))
    breaks(100)
    with sink_of(node, alias) as sink:
        sink.append(written(tmp_path / "other", NEW), replace=True, force=True)
    require_held(node, alias, OLD + NEW)


def test_a_deletion_that_ended_early_is_completed_by_resume(node: RunningNode, alias: str, breaks: Breaks) -> None:
    ids = [document.id for document in OLD[:35]]
    breaks(2)
    with sink_of(node, alias) as sink, pytest.raises(ClusterError, match="the same command with --resume"):
        sink.delete(ids)
    breaks(100)
    with sink_of(node, alias) as sink:
        assert (sink.delete(ids, resume=True).documents, sink.delete(ids, resume=True).deleted) == (55, 0)
        with pytest.raises(InputError, match="has no document"):
            sink.delete(ids)
    require_held(node, alias, OLD[35:])


def test_the_first_collection_pushed_again_gets_an_index_beside_the_changed_one(
    node: RunningNode, tmp_path: Path, alias: str
) -> None:
    with sink_of(node, alias) as sink:
        sink.delete([OLD[0].id])
        [changed] = behind(node, alias)
        report = sink.push(tmp_path / "old", keywords=["split"])
        assert (report.index, report.previous, report.documents) == (f"{changed}-2", changed, 90)
        again = sink.push(tmp_path / "old", keywords=["split"])
    assert (again.index, again.previous) == (report.index, "")
