"""Shards, URLs and parts on the command line: `encode images`, `merge-collections`."""

import sys
from pathlib import Path

import fsspec
import pytest
from support import tiny
from support.cli_run import done, lexlip
from support.picture_shards import shards

from lexlip_lucene.vectors.collection import shards_of

COUNTS = (5, 3, 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, and tars and Parquet files of the same pictures."""
    folder = tmp_path_factory.mktemp("remote")
    tiny.lexlip().save_pretrained(folder / "model")
    for ending in ("tar", "parquet"):
        shards(folder / ending, COUNTS, ending)
    return folder


def encode(folder: Path, source: str, output: object, *options: object) -> list[object]:
    return ["encode", "images", folder / source, output, "--model", folder / "model", *options]


TARS = "tar/{00000..00002}.tar"


@pytest.mark.parametrize("source", [TARS, "parquet/{00000..00002}.parquet", "tar/captions.jsonl"])
def test_shards_are_encoded_and_counted(folder: Path, tmp_path: Path, source: str) -> None:
    record = done(*encode(folder, source, tmp_path / "c"))
    assert (record["documents"], record["rejected"], record["hidden"]) == (10, 2, 0)
    assert record["output"] == str(tmp_path / "c")
    assert done("check", tmp_path / "c")["ok"] is True


def test_parts_are_merged_with_one_count(folder: Path, tmp_path: Path) -> None:
    parts = [tmp_path / f"part-{number}" for number in range(2)]
    counts = [done(*encode(folder, TARS, part, "--shard", f"{number}/2")) for number, part in enumerate(parts)]
    record = done("merge-collections", tmp_path / "c", *parts)
    assert record["parts"] == 2 and record["inputs"] == 12 == record["documents"] + record["rejected"]
    for key in ("documents", "rejected", "empty", "postings"):
        assert record[key] == sum(count[key] for count in counts)
    assert done("check", tmp_path / "c")["ok"] is True
    assert lexlip("merge-collections", tmp_path / "c", *parts).error == (
        f"error: {tmp_path}/c exists already: choose another name, or overwrite it with --force"
    )


def test_a_collection_is_written_to_a_url_and_merged_from_there(folder: Path, tmp_path: Path) -> None:
    for number in range(2):
        record = done(*encode(folder, TARS, f"memory://cli/part-{number}", "--shard", f"{number}/2"))
        assert record["output"] == f"memory://cli/part-{number}"
    done("merge-collections", tmp_path / "c", "memory://cli/part-1", "memory://cli/part-0")
    assert lexlip("index", "memory://cli/part-0", tmp_path / "index").error == (
        "error: collection: a folder of this machine is needed, got memory://cli/part-0: bring what is at a URL here "
        "by `lexlip merge-collections FOLDER URL`"
    )
    assert done("check", tmp_path / "c")["ok"] is True
    fsspec.filesystem("memory").rm("/cli", recursive=True)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (TARS, ["--shard", "2/2"], "--shard must be I/N with I from 0 to N - 1, as 0/8 to 7/8, got '2/2'"),
        (TARS, ["--split", "val"], "--split chooses lines of a captions file; of shards, name those of the split"),
        (TARS, ["--update"], "--update compares ids with a list of images, and shards have none"),
        ("tar/{00000..00003}.tar", [], "no such file: "),
        ("tar/00000.tar.gz", [], "a compressed tar is not read"),
        (TARS, ["--ray", "local", "--patches", "store"], "--ray writes no --patches"),
    ],
)
def test_what_can_t_be_is_one_error(
    folder: Path, tmp_path: Path, source: str, options: list[str], message: str
) -> None:
    assert message in lexlip(*encode(folder, source, tmp_path / "c", *options)).error


@pytest.mark.parametrize(
    ("missing", "source", "options", "message"),
    [
        ("fsspec.core", "tar/00000.tar", ["memory://x/c"], "pip install 'lexlip-lucene[remote]' reads and writes URLs"),
        (
            "pyarrow.parquet",
            "parquet/00000.parquet",
            [],
            "Parquet is read by pyarrow: pip install",
        ),
        ("ray", "tar/00000.tar", ["--ray", "local"], "--ray needs Ray: pip install 'lexlip-lucene[ray]'"),
    ],
)
def test_without_an_extra_the_error_names_it(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
    source: str,
    options: list[str],
    message: str,
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    output: object = tmp_path / "c"
    if options and options[0].startswith("memory:"):
        output, *options = options
    assert message in lexlip(*encode(folder, source, output, *options)).error


def test_visual_words_and_whole_pictures_of_shards_are_those_of_a_folder(folder: Path, tmp_path: Path) -> None:
    small = ("--set", "size=16", "--set", "keep=6", "--set", "width=8", "--set", "steps=5", "--set", "per_place=3")
    captions, tars = folder / "tar" / "captions.jsonl", folder / TARS
    done("train-visual", captions, tmp_path / "model", "--model", folder / "model", *small)
    options = ("--model", tmp_path / "model", "--visual", "--whole")
    for name, source in (("folder", captions), ("shards", tars)):
        done("encode", "images", source, tmp_path / name, *options, tmp_path / f"{name} store")
    lines = [b"".join(shard.read_bytes() for shard in shards_of(tmp_path / name)) for name in ("folder", "shards")]
    assert lines[0] == lines[1]
    stores = [(tmp_path / f"{name} store" / "vectors.bin").read_bytes() for name in ("folder", "shards")]
    assert stores[0] == stores[1]
