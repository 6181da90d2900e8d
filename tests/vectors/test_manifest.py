"""The manifest beside a collection."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lexlip_lucene.errors import InputError
from lexlip_lucene.vectors.manifest import (
    Manifest,
    Rejected,
    ShardEntry,
    manifest_path,
    read_manifest,
    write_manifest,
)


def manifest(**changes: Any) -> Manifest:
    values: dict[str, Any] = {
        "side": "image",
        "model_sha256": "m" * 64,
        "vocabulary_sha256": "v" * 64,
        "scale": 127.5,
        "rounding": "half to even",
        "bits": 8,
        "top_k": 64,
        "inputs": 4,
        "documents": 3,
        "empty": 1,
        "postings": 20,
        "rejected": [Rejected("four", "/photos/4.jpg", "the file is empty")],
        "shards": [ShardEntry(name="a.jsonl", documents=2, sha256="a"), ShardEntry(name="b", documents=1, sha256="b")],
    }
    return Manifest(**{**values, **changes})


def rewritten(collection: Path, **changes: object) -> None:
    path = manifest_path(collection)
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))


def test_it_is_beside_the_collection_never_inside(tmp_path: Path) -> None:
    collection = tmp_path / "scenes.v1"
    collection.mkdir()
    write_manifest(collection, manifest())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scenes.v1", "scenes.v1.manifest.json"]
    assert list(collection.iterdir()) == []
    assert manifest_path(tmp_path / "queries.jsonl").name == "queries.jsonl.manifest.json"


@pytest.mark.parametrize("top_k", [None, 64])
def test_it_comes_back_whole(tmp_path: Path, top_k: int | None) -> None:
    write_manifest(tmp_path / "c", manifest(top_k=top_k))
    assert read_manifest(tmp_path / "c") == manifest(top_k=top_k)


def test_it_is_json_with_a_schema_version_and_the_rejected_inputs(tmp_path: Path) -> None:
    write_manifest(tmp_path / "c", manifest())
    record = json.loads(manifest_path(tmp_path / "c").read_bytes())
    assert record["schema_version"] == 1
    assert "the file is empty" in json.dumps(record["rejected"])


def test_a_newer_one_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    write_manifest(tmp_path / "c", manifest(postings=20))
    write_manifest(tmp_path / "c", manifest(postings=21))
    found = read_manifest(tmp_path / "c")
    assert found is not None
    assert found.postings == 21


def test_a_collection_of_others_has_none(tmp_path: Path) -> None:
    assert read_manifest(tmp_path / "c") is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": 5}, r"5 inputs are not 3 documents \+ 1 rejected"),
        ({"rejected": []}, r"4 inputs are not 3 documents \+ 0 rejected"),
        ({"shards": []}, "3 documents are not the sum of the shards' documents"),
    ],
)
def test_counts_must_add_up(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        manifest(**changes)
    write_manifest(tmp_path / "c", manifest())
    rewritten(tmp_path / "c", **changes)
    with pytest.raises(InputError, match=rf"c\.manifest\.json: the counts: .*{message}"):
        read_manifest(tmp_path / "c")


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_schema_version_is_refused(tmp_path: Path, version: object) -> None:
    write_manifest(tmp_path / "c", manifest())
    rewritten(tmp_path / "c", schema_version=version)
    with pytest.raises(
        InputError, match=rf"c\.manifest\.json: a manifest of schema version 1 is needed, got {version!r}"
    ):
        read_manifest(tmp_path / "c")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bits": "eight"}, "bits: "),
        ({"colour": "red"}, "colour: Extra inputs"),
        ({"shards": [{"name": "a.jsonl", "documents": 3}]}, r"shards\.0\.sha256: Field required"),
    ],
)
def test_a_value_that_is_not_right_is_named(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    write_manifest(tmp_path / "c", manifest())
    rewritten(tmp_path / "c", **changes)
    with pytest.raises(InputError, match=rf"c\.manifest\.json: {message}"):
        read_manifest(tmp_path / "c")


@pytest.mark.parametrize(("content", "message"), [("{", "not JSON"), ("[]", "schema version 1 is needed, got None")])
def test_what_is_not_a_manifest_is_refused(tmp_path: Path, content: str, message: str) -> None:
    manifest_path(tmp_path / "c").write_text(content)
    with pytest.raises(InputError, match=rf"c\.manifest\.json: .*{message}"):
        read_manifest(tmp_path / "c")
