"""The patch store: counts in are counts out, and every change of its bytes is an error that names the file."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.patches import MODEL, WIDTH, pictures, store_of, unit_vectors

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.checksum import with_checksum, without_checksum
from lexlip_lucene.files.written import temporary_name
from lexlip_lucene.late import document_table
from lexlip_lucene.late.patch_code import PATCH_CODES, patch_code
from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.late.store_manifest import StoreKind
from lexlip_lucene.late.store_writer import written_store

KIND = StoreKind(MODEL, WIDTH, "int8")
FILES = ["vectors.bin", "documents.bin", "ids.bin"]

docids = st.text(min_size=1, max_size=12)


@given(st.dictionaries(docids, st.integers(0, 5), max_size=20), st.sampled_from(PATCH_CODES), st.data())
def test_what_goes_in_comes_out_as_its_code_keeps_it(
    tmp_path_factory: pytest.TempPathFactory, counts: dict[str, int], code: str, data: st.DataObject
) -> None:
    documents = pictures(counts)
    asked = data.draw(st.lists(st.sampled_from(sorted(counts)), max_size=30)) if counts else []
    with store_of(tmp_path_factory.mktemp("any") / "store", documents, code=code) as store:
        assert store.documents == len(counts)
        assert store.manifest.vectors == sum(counts.values())
        assert list(store.docids()) == list(counts)
        assert all(docid in store for docid in counts)
        store.verify()
        found = store.vectors(asked)
    kind = patch_code(code)
    for docid, vectors in zip(asked, found, strict=True):
        assert vectors.tolist() == kind.decode(kind.encode(documents[docid]), WIDTH).tolist()


@given(st.dictionaries(docids, st.integers(0, 3), min_size=1, max_size=12))
def test_docids_that_share_a_hash_are_told_apart(
    tmp_path_factory: pytest.TempPathFactory, counts: dict[str, int]
) -> None:
    documents = pictures(counts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document_table, "docid_hash", lambda docid: len(docid) % 2)
        with store_of(tmp_path_factory.mktemp("any") / "store", documents, code="float16") as store:
            for docid, vectors in zip(counts, store.vectors(list(counts)), strict=True):
                assert vectors == pytest.approx(documents[docid], abs=1e-3)
            assert "another one" not in store


def test_a_docid_that_the_store_lacks_is_named(tmp_path: Path) -> None:
    with store_of(tmp_path / "store", pictures({"a": 1, "b": 2})) as store:
        assert "c" not in store
        assert 7 not in store
        with pytest.raises(InputError, match="lacks 'c'; it has 2 documents: give the store of this index"):
            store.vectors(["a", "c", "b"])
        with pytest.raises(InputError, match="lacks '0', '1', '2', '3', '4' and 4 more"):
            store.vectors([str(number) for number in range(9)])


def test_a_store_without_documents_lacks_every_docid(tmp_path: Path) -> None:
    with store_of(tmp_path / "store", {}) as store:
        assert store.documents == 0
        assert store.vectors([]) == []
        assert "a" not in store


@pytest.mark.parametrize("shared", [False, True])
def test_a_docid_that_comes_twice_is_named_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: bool
) -> None:
    if shared:
        monkeypatch.setattr(document_table, "docid_hash", lambda docid: 1)
    with pytest.raises(InputError, match="docid 'b' occurs twice"), written_store(tmp_path / "store", KIND) as writer:
        for docid in "abcb":
            writer.add(docid, unit_vectors(2))
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("docid", "vectors", "message"),
    [
        ("", unit_vectors(1), "document 1 of a patch store has an empty docid"),
        ("a", unit_vectors(2, WIDTH + 1), r"the patches of 'a' must be \(patches, 8\).*got \(2, 9\)"),
        ("a", unit_vectors(1)[0], r"the patches of 'a' must be \(patches, 8\).*got \(8,\)"),
        ("a", unit_vectors(3) * np.float32([[1], [1], [2]]), "patch 2 of 'a' must have length 1, got 2"),
        ("a", unit_vectors(2) * np.float32([[1], [np.nan]]), "patch 1 of 'a' must have length 1, got nan"),
    ],
)
def test_patches_that_do_not_fit_are_an_error(tmp_path: Path, docid: str, vectors: Any, message: str) -> None:
    with pytest.raises(InputError, match=message), written_store(tmp_path / "store", KIND) as writer:
        writer.add(docid, vectors)


def test_a_kind_that_is_none_is_an_error(tmp_path: Path) -> None:
    for kind, message in [(KIND._replace(code="int3"), "a patch code is one of"), (KIND._replace(width=0), "width")]:
        with pytest.raises(InputError, match=message), written_store(tmp_path / "store", kind):
            pass


def test_an_existing_folder_stays_unless_it_is_a_store_and_force_is_on(tmp_path: Path) -> None:
    path = tmp_path / "store"
    store_of(path, pictures({"a": 1}))
    with pytest.raises(OutputError, match="exists already"), written_store(path, KIND):
        pass
    assert list(store_of(path, pictures({"b": 1}), force=True).docids()) == ["b"]
    (tmp_path / "photos").mkdir()
    with pytest.raises(OutputError, match="is not a patch store"), written_store(tmp_path / "photos", KIND, force=True):
        pass


def test_the_store_of_another_model_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "store"
    store_of(path, pictures({"a": 1}))
    assert PatchStore.open(path).documents == 1
    with pytest.raises(
        InputError, match=r"store\.json: patches of the model bbbbbbbbbbbb… are needed, .* aaaaaaaaaaaa…"
    ):
        PatchStore.open(path, model_sha256="b" * 64)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("change", "word"), [(-1, "cut short"), (1, "too long")])
def test_a_file_of_another_size_is_an_error_at_opening(tmp_path: Path, name: str, change: int, word: str) -> None:
    path = tmp_path / "store"
    store_of(path, pictures({"a": 3, "b": 2}))
    size = (path / name).stat().st_size
    os.truncate(path / name, size + change)
    with pytest.raises(InputError, match=rf"{name} is {word}: {size} bytes are needed, got {size + change}; copy it"):
        PatchStore.open(path)


@pytest.mark.parametrize("name", [*FILES, "store.json"])
def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / "store"
    store_of(path, pictures({"a": 3}))
    (path / name).unlink()
    with pytest.raises(InputError, match=f"{name}.*write the store again"):
        PatchStore.open(path)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_found_by_verify(tmp_path: Path, name: str) -> None:
    path = tmp_path / "store"
    store_of(path, pictures({"a": 3, "b": 2}))
    content = bytearray((path / name).read_bytes())
    content[-1] ^= 1
    (path / name).write_bytes(content)
    with PatchStore.open(path) as store, pytest.raises(InputError, match=f"{name} is not as it was written"):
        store.verify()


def changed(path: Path, change: dict[str, Any], *, checksum: bool = True) -> None:
    record = orjson.loads((path / "store.json").read_bytes())
    new = {**record, **change}
    (path / "store.json").write_bytes(orjson.dumps(with_checksum(without_checksum(new)) if checksum else new))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "a patch store of format 1 is needed, got 2; read it with the version that wrote it"),
        ({"byte_order": "big"}, "byte order 'little' are needed, got 'big'; write the store again"),
        ({"code": "int3"}, "a patch code is one of .*, got 'int3'"),
        ({"width": 9}, "is damaged: .* bytes are not those of its counts"),
        ({"documents": 7}, "is damaged: .* bytes are not those of its counts"),
        ({"documents": "many"}, "is damaged: documents: "),
        ({"files": {}}, "is damaged: .* bytes are not those of its counts"),
        ({"more": 1}, "is damaged: more: "),
    ],
)
def test_a_manifest_that_says_something_else_is_an_error(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "store"
    store_of(path, pictures({"a": 3}))
    changed(path, change)
    with pytest.raises(InputError, match=rf"store\.json.*{message}"):
        PatchStore.open(path)


@pytest.mark.parametrize("change", [{"model_sha256": "b" * 64}, {"checksum": "c" * 64}])
def test_a_manifest_with_the_checksum_of_another_one_is_an_error(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "store"
    store_of(path, pictures({"a": 3}))
    changed(path, change, checksum=False)
    with pytest.raises(InputError, match=r"store\.json is not as it was written"):
        PatchStore.open(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_manifest_that_is_no_object_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store"
    store_of(path, pictures({"a": 3}))
    (path / "store.json").write_bytes(content)
    with pytest.raises(InputError, match=r"store\.json is damaged"):
        PatchStore.open(path)


def test_a_path_that_is_no_store_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, message in [
        (tmp_path / "none", "no such folder"),
        (tmp_path / "file", "a folder is needed"),
        (tmp_path, r"is not a patch store: it has no store\.json"),
    ]:
        with pytest.raises(InputError, match=message):
            PatchStore.open(path)


@pytest.mark.parametrize("at", [0, 8, 16])  # of the first vector, of the one after the last, of the docid
def test_a_place_outside_the_files_is_an_error_and_no_other_picture(tmp_path: Path, at: int) -> None:
    path = tmp_path / "store"
    store_of(path, pictures({"a": 3}))
    content = bytearray((path / "documents.bin").read_bytes())
    content[8 + at] = 200
    (path / "documents.bin").write_bytes(content)
    with PatchStore.open(path) as store, pytest.raises(InputError, match=r"documents\.bin is damaged"):
        store.vectors(["a"])


def test_a_closed_store_is_an_error_and_what_it_gave_stays(tmp_path: Path) -> None:
    with store_of(tmp_path / "store", pictures({"a": 3})) as store:
        (vectors,) = store.vectors(["a"])
    assert vectors.shape == (3, WIDTH)
    uses: list[Callable[[], object]] = [
        lambda: store.vectors(["a"]),
        lambda: "a" in store,
        lambda: list(store.docids()),
    ]
    for use in uses:
        with pytest.raises(InputError, match="is closed"):
            use()


KILLED = """
import os, sys
from pathlib import Path
from lexlip_lucene.files import written
from lexlip_lucene.late.store_writer import written_store
from support.patches import unit_vectors
from test_patch_store import KIND

when, path = sys.argv[1], Path(sys.argv[2])
if when == "before the rename":
    written.replace_folder = lambda *names: os.kill(os.getpid(), 9)
with written_store(path, KIND, force=True) as writer:
    writer.add("new", unit_vectors(2))
    if when == "while writing":
        os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("when", ["while writing", "before the rename"])
@pytest.mark.parametrize("there", [True, False])
def test_a_kill_leaves_the_old_store_and_the_next_run_writes_the_new_one(
    tmp_path: Path, when: str, there: bool
) -> None:
    path = tmp_path / "store"
    if there:
        store_of(path, pictures({"old": 2}))
    below = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, when, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(below), str(below / "late"), str(below.parent)])},
    )
    assert done.returncode == -9
    assert temporary_name(path).exists()
    if there:
        with PatchStore.open(path) as store:
            store.verify()
            assert list(store.docids()) == ["old"]
    else:
        with pytest.raises(InputError, match="writing it was cut short"):
            PatchStore.open(path)
    assert list(store_of(path, pictures({"new": 2}), force=True).docids()) == ["new"]
    assert [each.name for each in tmp_path.iterdir()] == ["store"]
