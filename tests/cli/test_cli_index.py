"""`lexlip index --append`, `--replace`, `--delete` and `lexlip merge`."""

from pathlib import Path

import pytest
from support.cli_run import done, lexlip

from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.json_vector import format_line


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Write the collections `first` (a, b) and `more` (b, c), and index the first."""
    for name, ids in (("first", "ab"), ("more", "bc")):
        (tmp_path / name).mkdir()
        lines = [format_line(Document(docid, "", {name: 2, docid: 3})) for docid in ids]
        (tmp_path / name / "0.jsonl").write_bytes(b"".join(lines))
    done("index", tmp_path / "first", tmp_path / "index", "--threads", 1, "--memory", 16, "--order")
    return tmp_path


def test_append_replace_merge_and_delete(root: Path) -> None:
    error = lexlip("index", root / "more", root / "index", "--append").error
    assert "document id b is in " in error and error.endswith("or replace the document (--replace)")
    record = done("index", root / "more", root / "index", "--append", "--replace", "--no-merge")
    assert {key: record[key] for key in ("documents", "empty", "postings", "segments", "added", "replaced")} == {
        "documents": 3,
        "empty": 0,
        "postings": 6,
        "segments": 2,
        "added": 2,
        "replaced": 1,
    }
    (root / "ids.txt").write_text("a\nc\n")
    record = done("index", "--delete", root / "ids.txt", root / "index")
    assert (record["documents"], record["postings"], record["deleted"]) == (1, 2, 2)
    record = done("merge", root / "index")
    assert (record["documents"], record["segments"]) == (1, 1)
    with ImpactSearcher(root / "index") as searcher:
        assert [hit.docid for hit in searcher.search({"more": 1, "first": 1})] == ["b"]


def test_an_id_that_is_not_there_is_named(root: Path) -> None:
    (root / "ids.txt").write_text("a\nnobody\n")
    assert "no document 'nobody'" in lexlip("index", "--delete", root / "ids.txt", root / "index").error
    assert done("merge", root / "index")["documents"] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--replace"], "--replace does not go with a new index"),
        (["--append", "--force"], "--force does not go with --append"),
        (["--append", "--bm25"], "--bm25 does not go with --append"),
        (["--bm25", "--store", "x"], "--store does not go with --bm25"),
        (["--delete", "ids.txt"], "a collection does not go with --delete"),
        (["--memory", "0"], "memory must be at least 1 MB, got 0"),
        (["--keyword", "id"], "'id' can't be a keyword"),
    ],
)
def test_options_that_contradict_each_other_are_named(options: list[str], message: str, root: Path) -> None:
    assert message in lexlip("index", root / "more", root / "new", *options).error
    assert not (root / "new").exists()


def test_append_needs_an_index(root: Path) -> None:
    assert "no such folder" in lexlip("index", root / "more", root / "new", "--append").error
