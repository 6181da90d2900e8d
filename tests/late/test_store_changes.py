"""Changes of a patch store: what stays is as it was, byte for byte."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.patches import WIDTH, pictures, store_of, unit_vectors

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.locked import locked
from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.late.store_changes import Patches, appended, replaced, without

OLD = {"a": 2, "b": 0, "c": 3}


def content(store: PatchStore) -> dict[str, bytes]:
    return {docid: coded.tobytes() for docid, coded in store.coded()}


@pytest.fixture
def store(tmp_path: Path) -> PatchStore:
    return store_of(tmp_path / "store", pictures(OLD), code="int4")


def test_appended_documents_come_after_the_old_ones(store: PatchStore) -> None:
    before = content(store)
    new = appended(store, [("d", unit_vectors(4, seed=9)), ("e", unit_vectors(0))])
    new.verify()
    assert list(new.docids()) == ["a", "b", "c", "d", "e"]
    assert new.manifest.kind == store.manifest.kind
    assert {docid: content(new)[docid] for docid in OLD} == before
    assert [len(vectors) for vectors in new.vectors(["d", "e"])] == [4, 0]


def test_deleted_documents_are_gone_and_the_others_stay(store: PatchStore) -> None:
    before = content(store)
    new = without(store, ["a", "b"])
    new.verify()
    assert content(new) == {"c": before["c"]}
    assert new.manifest.vectors == OLD["c"]


def test_replaced_documents_have_their_new_vectors(store: PatchStore) -> None:
    before = content(store)
    new = replaced(store, [("a", unit_vectors(5, seed=9))])
    assert sorted(new.docids()) == ["a", "b", "c"]
    assert len(new.vectors(["a"])[0]) == 5
    assert content(new)["c"] == before["c"]


def test_the_store_that_was_open_is_read_on_as_it_was(store: PatchStore) -> None:
    before = content(store)
    without(store, ["a", "b", "c"])
    assert content(store) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda store: appended(store, [("d", unit_vectors(1)), ("c", unit_vectors(1))]), "docid 'c' occurs twice"),
        (lambda store: appended(store, [("d", unit_vectors(1)), ("d", unit_vectors(1))]), "docid 'd' occurs twice"),
        (lambda store: replaced(store, [("a", unit_vectors(1)), ("a", unit_vectors(1))]), "docid 'a' occurs twice"),
        (lambda store: appended(store, [("d", unit_vectors(1, WIDTH + 1))]), "the patches of 'd' must be"),
        (lambda store: without(store, ["a", "x"]), "lacks 'x'"),
        (lambda store: replaced(store, [("x", unit_vectors(1))]), "lacks 'x'"),
    ],
)
def test_a_change_that_can_not_be_made_leaves_the_store(
    store: PatchStore, change: Callable[[PatchStore], PatchStore], message: str
) -> None:
    before = content(store)
    with pytest.raises(InputError, match=message):
        change(store)
    assert content(PatchStore.open(store.path)) == before


def test_a_store_that_has_changed_since_it_was_opened_is_not_changed_from_the_old_state(store: PatchStore) -> None:
    appended(store, [("d", unit_vectors(1))])
    with pytest.raises(InputError, match="has changed since it was opened: open it again"):
        appended(store, [("e", unit_vectors(1))])
    assert "d" in PatchStore.open(store.path)


def test_a_store_that_another_process_changes_is_refused(store: PatchStore) -> None:
    with locked(store.path, "a test"), pytest.raises(OutputError, match="is being written"):
        without(store, ["a"])


def test_a_source_that_fails_in_the_middle_leaves_the_store(store: PatchStore) -> None:
    def failing() -> Iterator[Patches]:
        yield "d", unit_vectors(1)
        raise InputError("no more pictures")

    before = content(store)
    with pytest.raises(InputError, match="no more pictures"):
        appended(store, failing())
    assert content(PatchStore.open(store.path)) == before
