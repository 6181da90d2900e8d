"""Building an index, of impacts or for BM25: whole, reconciled, or not at all."""

import hashlib
import shutil
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lexlip_lucene.errors import IndexingError, InputError, OutputError, SearchError
from lexlip_lucene.files.written import bytes_below
from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.index.commit import commit_facts
from lexlip_lucene.lucene.index.counts import require_on_disk
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Document, Hit, Impacts
from lexlip_lucene.vectors.collection import write_shards
from lexlip_lucene.vectors.json_vector import format_line
from lexlip_lucene.vectors.manifest import Manifest, ShardEntry, manifest_path, write_manifest


def collection_of(folder: Path, *vectors: Impacts) -> Path:
    """Write one shard for each document, with ids d0, d1, …"""
    folder.mkdir()
    for number, vector in enumerate(vectors):
        (folder / f"{number}.jsonl").write_bytes(format_line(Document(f"d{number}", "", vector)))
    return folder


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Write the worked example of the module, with a manifest, and index it."""
    root = tmp_path_factory.mktemp("three")
    documents = [Document("a", "", {"red": 3, "cat": 2}), Document("b", "", {"cat": 1}), Document("c", "", {})]
    collection, index = root / "collection", root / "index"
    collection.mkdir()
    shards, counts = write_shards(collection, documents)
    write_manifest(collection, manifest_for(counts, [ShardEntry(**shard._asdict()) for shard in shards]))
    report = ImpactIndex.build(collection, index, threads=2, merge=False)
    assert report[:4] == (3, 1, 3, bytes_below(index)) and 0 < report.seconds < 60
    return collection, index


def manifest_for(counts: Sequence[int], shards: list[ShardEntry]) -> Manifest:
    return Manifest(
        side="image",
        model_sha256="m" * 64,
        vocabulary_sha256="v" * 64,
        scale=127.5,
        rounding="half to even",
        bits=8,
        top_k=None,
        inputs=counts[0],
        documents=counts[0],
        empty=counts[1],
        postings=counts[2],
        rejected=[],
        shards=shards,
    )


def test_the_commit_says_what_made_the_index(three: tuple[Path, Path]) -> None:
    collection, index = three
    manifest = manifest_path(collection).read_bytes()
    assert commit_facts(index) == {
        "kind": "impact",
        "schema_version": "1",
        "documents": "3",
        "empty": "1",
        "postings": "3",
        "side": "image",
        "model_sha256": "m" * 64,
        "vocabulary_sha256": "v" * 64,
        "scale": "127.5",
        "rounding": "half to even",
        "bits": "8",
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
    }


def test_an_existing_index_is_kept_without_force(three: tuple[Path, Path]) -> None:
    with pytest.raises(OutputError, match="exists already"):
        ImpactIndex.build(*three)


def test_force_replaces_an_index_but_never_another_folder(tmp_path: Path) -> None:
    collection, target = collection_of(tmp_path / "c", {"a": 1}), tmp_path / "photos"
    target.mkdir()
    (target / "wedding.jpg").touch()
    with pytest.raises(OutputError, match="photos is there and is no index, so it is not overwritten"):
        ImpactIndex.build(collection, target, force=True)
    assert (target / "wedding.jpg").exists()


def test_a_manifest_of_another_collection_is_refused(tmp_path: Path) -> None:
    collection = collection_of(tmp_path / "c", {"a": 1})
    write_manifest(collection, manifest_for((2, 0, 2), [ShardEntry(name="0.jsonl", documents=2, sha256="")]))
    with pytest.raises(InputError, match=r"c.manifest.json states .*\(2, 0, 2\), but .*c has \(1, 0, 1\)"):
        ImpactIndex.build(collection, tmp_path / "index")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, "no such folder"),
        ({}, r"no shard \(.jsonl, .json, .jsonl.gz, .json.gz\) in"),
        ({"a.jsonl": ""}, "no document in any of its shards"),
        ({"a.jsonl": "", "README.md": "hello"}, "README.md: a collection folder holds nothing but"),
        ({"a.jsonl": '{"id": "1", "vector": {"a": 2}}\n{"id": '}, "a.jsonl:2: a line of JSON is needed"),
        ({"a.jsonl": '{"id": "1", "vector": {"a": 0.0}}\n'}, "a.jsonl:1: .*'a' needs an integer weight"),
        ({"a.jsonl": '{"id": "1", "vector": {}}\n', "b.jsonl": '{"id": "1", "vector": {}}\n'}, "b.jsonl:1: .* id 1"),
    ],
)
def test_bad_collections_are_refused_before_indexing(
    files: dict[str, str] | None, message: str, tmp_path: Path
) -> None:
    if files is not None:
        (tmp_path / "c").mkdir()
        for name, text in files.items():
            (tmp_path / "c" / name).write_text(text)
    with pytest.raises(InputError, match=message):
        ImpactIndex.build(tmp_path / "c", tmp_path / "index")
    assert not (tmp_path / "index").exists()


def test_a_file_is_not_a_collection(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").touch()
    with pytest.raises(InputError, match="a folder is needed, but this is a file"):
        ImpactIndex.build(tmp_path / "c.jsonl", tmp_path / "index")


@pytest.mark.parametrize("build", [ImpactIndex.build, build_bm25])
def test_threads_below_one_are_refused(build: Callable[..., object], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="threads must be at least 1, got 0"):
        build(tmp_path / "c", tmp_path / "index", threads=0)


def test_an_index_inside_its_collection_is_refused(tmp_path: Path) -> None:
    collection = collection_of(tmp_path / "c", {"a": 1})
    with pytest.raises(OutputError, match="lies in the collection"):
        ImpactIndex.build(collection, collection / "index")


def test_an_index_that_lacks_something_is_noticed(three: tuple[Path, Path]) -> None:
    require_on_disk(three[1], (3, 1, 3), "c")
    for counts in [(4, 2, 3), (3, 1, 4)]:
        with pytest.raises(IndexingError, match=r"index of c does not add up: .* must be .*, but the index has \(3, 3"):
            require_on_disk(three[1], counts, "c")


def test_a_token_that_anserini_takes_for_blank_is_kept(tmp_path: Path) -> None:
    collection = collection_of(tmp_path / "c", {"a": 1}, {"\x01": 2, "\x00": 3})
    assert ImpactIndex.build(collection, tmp_path / "index")[:3] == (2, 0, 3)
    with ImpactSearcher(tmp_path / "index") as searcher:
        assert searcher.search({"\x01": 5, "\x00": 1}) == [Hit("d1", 13, 1)]


def test_a_collection_of_empty_documents_makes_an_index_of_empty_documents(tmp_path: Path) -> None:
    collection = collection_of(tmp_path / "c", {}, {})
    report = ImpactIndex.build(collection, tmp_path / "index")
    assert report[:3] == (2, 2, 0)
    with ImpactSearcher(tmp_path / "index") as searcher:
        assert searcher.documents == 2 and searcher.search({"a": 1}) == []


def test_a_folder_that_is_not_an_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(SearchError, match=f"{tmp_path} is not a Lucene index"):
        commit_facts(tmp_path)
    with pytest.raises(InputError, match="index: no such folder"):
        commit_facts(tmp_path / "nowhere")


def test_an_index_of_a_later_lucene_is_named(three: tuple[Path, Path], tmp_path: Path) -> None:
    index = tmp_path / "later"
    shutil.copytree(three[1], index)
    (segments,) = index.glob("segments_*")
    content = segments.read_bytes()
    # After the header (magic, "segments", version, a 16-byte id, suffix length and suffix) comes Lucene's version as
    # three numbers and the major version that created the index; CRC-32 of all that closes the file.
    place = 4 + 1 + len("segments") + 4 + 16
    place += 1 + content[place]
    content = content[:place] + bytes([99, 0, 0, 99]) + content[place + 4 : -8]
    segments.write_bytes(content + zlib.crc32(content).to_bytes(8, "big"))
    with pytest.raises(SearchError, match=r"later was written by a later Lucene than the \d+\.\d+\.\d+ here"):
        commit_facts(index)


def test_a_damaged_index_is_named(three: tuple[Path, Path], tmp_path: Path) -> None:
    index = tmp_path / "damaged"
    shutil.copytree(three[1], index)
    next(index.glob("*.si")).write_bytes(b"")
    with pytest.raises(SearchError, match=r"damaged can't be opened by Lucene .*: build it again"):
        commit_facts(index)
