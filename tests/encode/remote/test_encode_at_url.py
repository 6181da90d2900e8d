"""Pictures read from URLs, and a collection written to one: the bytes of folders, whole when it has a manifest."""

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import fsspec
import orjson
import pytest
from support import tiny
from support.picture_shards import png, shards, tar_of

from lexlip_lucene.data.remote.url_images import images_at_url
from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encode.unfinished_at_url import UnfinishedAtUrl
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.location import Location
from lexlip_lucene.vectors.manifest import read_manifest

COUNTS = (5, 3, 4)
SHARDS = "{00000..00002}.tar"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LexLip:
    return tiny.saved(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tars, captions.jsonl, and `pictures`."""
    return shards(tmp_path_factory.mktemp("in"), COUNTS).parent


@pytest.fixture
def memory(folder: Path) -> Iterator[Any]:
    """fsspec's file system in memory, with the content of `folder` at memory://in."""
    system = fsspec.filesystem("memory")
    system.rm("/", recursive=True) if system.ls("/") else None
    system.put(str(folder), "/in", recursive=True)
    yield system
    if system.ls("/"):
        system.rm("/", recursive=True)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    """A web server of `folder`, as Python has it: it gives files from their beginning to their end only."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *said: object) -> None:
            pass

        def send_head(self) -> Any:
            if "broken" not in self.path:
                return super().send_head()
            self.send_error(503)
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_address[1]}"
        serving.shutdown()
        thread.join()


def content(output: Path) -> dict[str, bytes]:
    manifest = output.with_name(f"{output.name}.manifest.json")
    return {file.name: file.read_bytes() for file in (manifest, *output.iterdir())}


def at_url(memory: Any, name: str) -> dict[str, bytes]:
    """Names and bytes of a collection in memory."""
    files = [f"/{name}.manifest.json", *memory.find(f"/{name}")]
    return {file.rpartition("/")[2]: memory.cat_file(file) for file in files}


def test_shards_at_urls_give_the_bytes_of_shards_here(
    model: LexLip, folder: Path, memory: Any, server: str, tmp_path: Path
) -> None:
    encode_images(model, folder / SHARDS, tmp_path / "here")
    expected = content(tmp_path / "here")
    places = {"memory": f"memory://in/{SHARDS}", "file": f"file://{folder}/{SHARDS}", "http": f"{server}/{SHARDS}"}
    for name, source in places.items():
        if name == "http":
            pytest.importorskip("aiohttp", reason="fsspec reads http by aiohttp")
        encode_images(model, source, tmp_path / name)
        found = content(tmp_path / name)
        assert {shard: found[shard] for shard in found if "manifest" not in shard} == {
            shard: expected[shard] for shard in expected if "manifest" not in shard
        }
        manifest = read_manifest(tmp_path / name)
        assert manifest is not None and manifest.inputs == 12
        where = manifest.rejected[0].file
        assert where == f"{source.replace(SHARDS, '00001.tar').removeprefix('file://')}:000010000.png"


@pytest.mark.parametrize("source", ["memory://in/pictures", "memory://in/captions.jsonl"])
def test_a_folder_and_a_captions_file_at_a_url_give_the_bytes_of_those_here(
    model: LexLip, folder: Path, memory: Any, tmp_path: Path, source: str
) -> None:
    encode_images(model, source, tmp_path / "url")
    encode_images(model, folder / source.rpartition("/")[2], tmp_path / "here")
    url, here = content(tmp_path / "url"), content(tmp_path / "here")
    assert url["part-00000.jsonl"] == here["part-00000.jsonl"]
    manifest = read_manifest(tmp_path / "url")
    assert manifest is not None
    assert [rejected.file for rejected in manifest.rejected] == [
        "memory://in/pictures/000010000.png",
        "memory://in/pictures/000020000.png",
    ]


def test_a_picture_that_is_missing_at_a_url_is_rejected_and_one_outside_is_not_read(
    model: LexLip, folder: Path, memory: Any, tmp_path: Path
) -> None:
    files = ["pictures/000000000.png", "pictures/gone.png", "../in/pictures/000000001.png", "/in/x.png"]
    lines = [{"id": file, "file": file, "split": "", "captions": []} for file in files]
    memory.pipe_file("/in/some.jsonl", b"\n".join(map(orjson.dumps, lines)))
    report = encode_images(model, "memory://in/some.jsonl", tmp_path / "c")
    assert (report.documents, report.rejected) == (1, 3)
    manifest = read_manifest(tmp_path / "c")
    assert manifest is not None
    assert [rejected.reason for rejected in manifest.rejected] == [
        "No such file or directory",
        "not below memory://in",
        "not below memory://in",
    ]


def test_a_collection_at_a_url_has_the_bytes_of_one_here(
    model: LexLip, folder: Path, memory: Any, tmp_path: Path
) -> None:
    for source in (folder / SHARDS, folder / "captions.jsonl"):
        encode_images(model, source, tmp_path / "c", force=True)
        report = encode_images(model, source, "memory://out/c", force=True)
        assert at_url(memory, "out/c") == content(tmp_path / "c")
        assert (report.documents, report.rejected) == (10, 2)
        assert not memory.exists("/out/c.partial")


def test_a_collection_at_a_url_that_was_cut_short_at_any_write_resumes_to_the_same_bytes(
    model: LexLip, folder: Path, memory: Any, tmp_path: Path
) -> None:
    encode_images(model, folder / SHARDS, tmp_path / "c")
    writes = 0
    while True:
        output = f"memory://out/{writes}/c"
        with pytest.MonkeyPatch.context() as patch:
            _killed_at(writes, patch)
            try:
                encode_images(model, folder / SHARDS, output)
                break
            except KeyboardInterrupt:
                assert not memory.exists(f"/out/{writes}/c.manifest.json"), "the manifest comes last"
        encode_images(model, folder / SHARDS, output, resume=True)
        assert at_url(memory, f"out/{writes}/c") == content(tmp_path / "c")
        writes += 1
    assert writes == 8, "the settings; each shard and its record; the manifest"


def _killed_at(write: int, patch: pytest.MonkeyPatch) -> None:
    left = [write]
    whole = Location.write

    def counted(self: Location, content: bytes) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        whole(self, content)

    patch.setattr(Location, "write", counted)


def test_only_missing_shards_are_encoded_again_and_one_of_another_size_is_missing(
    model: LexLip, folder: Path, memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        _killed_at(5, patch)  # the settings, two shards and their records
        with pytest.raises(KeyboardInterrupt):
            encode_images(model, folder / SHARDS, "memory://out/c")
    memory.pipe_file("/out/c/part-00000.jsonl", b"torn")
    kept: list[str] = []
    keep = UnfinishedAtUrl.keep
    monkeypatch.setattr(
        UnfinishedAtUrl, "keep", lambda self, shard, *rest: (kept.append(shard.name), keep(self, shard, *rest))[1]
    )
    encode_images(model, folder / SHARDS, "memory://out/c", resume=True)
    assert kept == ["part-00000.jsonl", "part-00002.jsonl"]
    encode_images(model, folder / SHARDS, tmp_path / "c")
    assert at_url(memory, "out/c") == content(tmp_path / "c")


def test_what_is_at_a_url_is_replaced_only_with_force_and_a_finished_run_stands(
    model: LexLip, folder: Path, memory: Any
) -> None:
    encode_images(model, folder / SHARDS, "memory://out/c")
    before = at_url(memory, "out/c")
    with pytest.raises(OutputError, match="memory://out/c exists already"):
        encode_images(model, folder / SHARDS, "memory://out/c")
    with pytest.raises(OutputError, match="memory://out/c exists already"):
        encode_images(model, folder / SHARDS, "memory://out/c", top_k=2, resume=True)
    encode_images(model, folder / SHARDS, "memory://out/c", resume=True)
    assert at_url(memory, "out/c") == before
    encode_images(model, folder / "00000.tar", "memory://out/c", force=True)
    assert sorted(at_url(memory, "out/c")) == ["c.manifest.json", "part-00000.jsonl"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"update": True}, "--update adds to a collection on this machine, and memory://out/c is none"),
        ({"patches": "store"}, "--patches and --whole are written beside a collection on this machine"),
    ],
)
def test_what_needs_a_folder_here_is_refused_at_a_url(
    model: LexLip, folder: Path, memory: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        encode_images(model, folder / "captions.jsonl", "memory://out/c", **options)
    with pytest.raises(InputError, match=r"encoded queries are written to this machine, not to memory://out/q\.jsonl"):
        encode_images(model, folder / "captions.jsonl", "memory://out/q.jsonl")


@pytest.mark.parametrize("output", ["memory://in", "memory://in/pictures", "memory://in/pictures/"])
def test_force_never_removes_what_is_no_collection(model: LexLip, memory: Any, output: str) -> None:
    before = memory.find("/in")
    with pytest.raises(OutputError, match=r"memory://in.* is there and is not a collection \(it has '.*' in it\)"):
        encode_images(model, f"memory://in/{SHARDS}", output, force=True)
    assert memory.find("/in") == before


def test_a_folder_that_is_named_as_an_unfinished_one_is_not_removed(model: LexLip, memory: Any) -> None:
    memory.pipe_file("/out.partial/a.png", b"a picture")
    with pytest.raises(OutputError, match=r"out\.partial is there and is not an unfinished collection"):
        encode_images(model, f"memory://in/{SHARDS}", "memory://out", force=True)
    assert memory.cat_file("/out.partial/a.png") == b"a picture"


def test_a_web_server_that_is_broken_is_no_missing_file(model: LexLip, server: str, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", reason="fsspec reads http by aiohttp")
    with pytest.raises(InputError, match=r"can't read http.*/broken\.tar: 503"):
        encode_images(model, f"{server}/broken.tar", tmp_path / "c")
    with pytest.raises(InputError, match=r"no such file: http.*/gone\.tar"):
        encode_images(model, f"{server}/gone.tar", tmp_path / "c")


def test_a_large_tar_is_read_from_a_server_without_ranges(
    model: LexLip, folder: Path, server: str, tmp_path: Path
) -> None:
    pytest.importorskip("aiohttp", reason="fsspec reads http by aiohttp")
    block = 1 << 23  # more than fsspec asks for at a time
    tar_of(folder / "large.tar", [("a.png", png(0, tmp_path)), ("b.bin", bytes(block)), ("b.png", png(1, tmp_path))])
    assert encode_images(model, f"{server}/large.tar", tmp_path / "c").documents == 2


def test_names_in_a_folder_of_a_web_server_are_those_of_its_files(model: LexLip, folder: Path, server: str) -> None:
    pytest.importorskip("aiohttp", reason="fsspec reads http by aiohttp")
    names = ["a b.png", "p%20q.png", "é#1.png"]
    for name in names:
        (folder / "named").mkdir(exist_ok=True)
        (folder / "named" / name).write_bytes(b"x")
    (folder / "named" / "index.html").write_text(
        "".join(f'<a href="{href}">x</a>' for href in ("?C=N;O=D", "../", *map(quote, names)))
    )
    images = images_at_url(Location(f"{server}/named")).images
    assert [image.id for image in images] == names
    assert [image.content() for image in images if image.content is not None] == [b"x"] * 3


def test_a_collection_that_has_lost_a_shard_is_not_taken_for_whole(model: LexLip, memory: Any) -> None:
    encode_images(model, f"memory://in/{SHARDS}", "memory://out")
    whole = at_url(memory, "out")
    memory.rm("/out/part-00001.jsonl")
    with pytest.raises(OutputError, match="memory://out exists already"):
        encode_images(model, f"memory://in/{SHARDS}", "memory://out", resume=True)
    encode_images(model, f"memory://in/{SHARDS}", "memory://out", resume=True, force=True)
    assert at_url(memory, "out") == whole
