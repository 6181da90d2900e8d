"""`lexlip check`: changes since a result was written are found, and results without checksums are said to be so."""

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support import tiny
from support.cli_run import lexlip

from lexlip_lucene.check.check import kind_of
from lexlip_lucene.check.kind import DamageError
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.query.onnx_export import export_query
from lexlip_lucene.errors import InputError, LexlipError
from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.recipes.model_spec import LateSpec
from lexlip_lucene.vectors.collection import read_collection
from lexlip_lucene.vectors.manifest import manifest_path

KINDS = ("index", "text index", "collection", "queries.jsonl", "model", "exported", "patches")
OWN_NAMES = {"text index": "index", "patches": "patch store", "queries.jsonl": "queries", "exported": "model"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one result of each kind."""
    root = tmp_path_factory.mktemp("check")
    (root / "photos").mkdir()
    for number in range(9):
        Image.new("RGB", (40, 30), (21 * number, 250 - 19 * number, 90)).save(root / "photos" / f"{number:02}.png")
    tiny.lexlip(late=LateSpec(width=8)).save_pretrained(root / "model")
    model = LexLip.from_pretrained(root / "model")
    images = read_captions(root / "photos")
    encode_images(model, images, root / "collection", patches=root / "patches")
    encode_images(model, images, root / "queries.jsonl")
    export_query(model, root / "exported")
    ImpactIndex.build(root / "collection", root / "index")
    (root / "captions").mkdir()
    (root / "captions" / "a.jsonl").write_text('{"id": "a", "contents": "a dog"}\n{"id": "b", "contents": " "}\n')
    build_bm25(root / "captions", root / "text index")
    return root


@pytest.fixture
def root(whole: Path, tmp_path: Path) -> Iterator[Path]:
    yield Path(shutil.copytree(whole, tmp_path / "copy"))


def checked(path: Path, *options: str) -> dict[str, Any]:
    """Return the record of `lexlip check --json`, whose exit status must agree with it."""
    ran = lexlip("check", path, "--json", *options)
    record: dict[str, Any] = json.loads(ran.out)
    assert ran.status == (1 if record["ok"] is False else 0)
    return record


@pytest.mark.parametrize("name", KINDS)
def test_what_is_as_it_was_written_is_found_so(whole: Path, name: str) -> None:
    record = checked(whole / name)
    assert (record["ok"], record["kind"]) == (True, OWN_NAMES.get(name, name))
    assert record["files"] >= 1 and record["bytes"] > 100 and record["seconds"] >= 0


def files_of(path: Path) -> list[Path]:
    """List every file that belongs to a result."""
    beside = [manifest_path(path)] if manifest_path(path).exists() else []
    return [*beside, *(sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path])]


@pytest.mark.parametrize("name", KINDS)
def test_a_flipped_bit_anywhere_is_found_or_harmless(root: Path, name: str) -> None:
    path = root / name
    random_ = random.Random(name)
    missed = []
    for file in files_of(path):
        content = file.read_bytes()
        for _ in range(min(8, len(content))):
            place, bit = random_.randrange(len(content)), 1 << random_.randrange(8)
            file.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
            try:
                kind_of(path).check(path, full=False)
                missed.append((file, place, bit))
            except LexlipError:
                pass
        file.write_bytes(content)
    kind_of(path).check(path, full=False)
    for file, place, bit in missed:  # only the layout of JSON does not count
        assert file.name in ("config.json", "query.json", "store.json") or file.name.endswith(".manifest.json")
        content = file.read_bytes()
        changed = content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]
        assert json.loads(changed) == json.loads(content)


@pytest.mark.parametrize("name", KINDS)
def test_the_first_file_that_differs_is_named_and_ends_with_1(root: Path, name: str) -> None:
    file = max(files_of(root / name), key=lambda file: file.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(content)
    record = checked(root / name)
    assert record["ok"] is False
    assert str(file) in record["error"]
    assert record["kind"] == OWN_NAMES.get(name, name)
    assert str(file) in lexlip("check", root / name).error


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_is_cut_or_missing_is_named(root: Path, name: str) -> None:
    for file in files_of(root / name):
        if file.name == "write.lock" or file.name.endswith("manifest.json"):
            continue
        content = file.read_bytes()
        file.write_bytes(content[:-3])
        with pytest.raises(DamageError, match=str(file.name)):
            kind_of(root / name).check(root / name, full=False)
        if len(files_of(root / name)) > 2:
            file.unlink()
            with pytest.raises((DamageError, InputError)):
                kind_of(root / name).check(root / name, full=False)
        file.write_bytes(content)


def test_a_shard_that_is_not_listed_is_named(root: Path) -> None:
    (root / "collection" / "more.jsonl").write_text('{"id": "more", "vector": {}}\n')
    assert "more.jsonl is there, but" in checked(root / "collection")["error"]


def test_counts_that_are_not_those_of_the_commit_are_found(root: Path) -> None:
    shutil.copytree(root / "index", root / "other")
    with ImpactIndex.open(root / "other") as writing:
        writing.delete([next(read_collection(root / "collection")).id])
        writing.merge()
    for file in (root / "index").iterdir():
        file.unlink()
    for file in (root / "other").iterdir():
        shutil.copy(file, root / "index")
    assert checked(root / "index")["ok"] is True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lexlip_lucene.lucene.index.integrity.commit_facts", lambda _: dict.fromkeys(
            ("documents", "empty", "postings"), "9"))  # fmt: skip
        assert "does not add up" in checked(root / "index")["error"]


def test_what_carries_no_checksums_is_not_compared_and_no_error(root: Path) -> None:
    tiny.without_checksums(root / "model")
    manifest_path(root / "collection").unlink()
    manifest_path(root / "queries.jsonl").unlink()
    for name in ("model", "collection", "queries.jsonl", "captions"):
        record = checked(root / name)
        assert record["ok"] is None and record["note"], name
        assert "not compared" in lexlip("check", root / name).out


def test_an_index_that_is_clean_passes_lucenes_own_check(root: Path) -> None:
    with ImpactIndex.open(root / "index") as writing:
        writing.delete([next(read_collection(root / "collection")).id])
    assert checked(root / "index", "--full")["ok"] is True
    with ImpactSearcher(root / "index") as searcher:
        assert searcher.documents == 8
    assert not (root / "index" / "write.lock").read_bytes()


@pytest.mark.parametrize("name", ["photos", "photos/00.png", "collection.manifest.json", "nothing"])
def test_what_cant_be_checked_is_said(whole: Path, name: str) -> None:
    assert lexlip("check", whole / name).error.startswith("error: ")


def test_a_changed_shard_stops_the_building_of_an_index_unless_checks_are_switched_off(root: Path) -> None:
    shard = root / "collection" / "part-00000.jsonl"
    content = shard.read_bytes()
    place = content.index(b'":', content.index(b'"vector"') + 10) + 2
    shard.write_bytes(content[:place] + (b"9" if content[place : place + 1] != b"9" else b"8") + content[place + 1 :])
    refused = lexlip("index", root / "collection", root / "new")
    assert f"{shard} is not the file that its manifest lists" in refused.error
    assert not (root / "new").exists()
    before = sorted(path.read_bytes() for path in (root / "index").iterdir())
    assert "is not the file" in lexlip("index", root / "collection", root / "index", "--append", "--replace").error
    assert sorted(path.read_bytes() for path in (root / "index").iterdir()) == before
    assert lexlip("index", root / "collection", root / "new", "--no-verify").status == 0
    assert checked(root / "new")["ok"] is True


def test_a_shard_that_is_missing_or_not_listed_stops_the_building_of_an_index(root: Path) -> None:
    more = root / "collection" / "part-00009.jsonl"
    more.write_text('{"id": "more", "vector": {}}\n')
    assert f"{more} is there, but not in" in lexlip("index", root / "collection", root / "new").error
    more.unlink()
    (root / "collection" / "part-00000.jsonl").rename(more)
    assert "is missing, but listed in" in lexlip("index", root / "collection", root / "new").error
