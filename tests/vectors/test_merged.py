"""Parts that were encoded by themselves, merged: the bytes of one run, or an error that names what does not fit."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import orjson
import pytest
from support import tiny
from support.picture_shards import png, shards, tar_of

from lexlip_lucene.encode import shard_plan
from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encode.shard_plan import Part
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.location import Location
from lexlip_lucene.vectors.manifest import manifest_path, read_manifest, write_manifest
from lexlip_lucene.vectors.merged import merge_collections

COUNTS = (5, 3, 4, 1, 2)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LexLip:
    return tiny.saved(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def tars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shards(tmp_path_factory.mktemp("in"), COUNTS).parent


@pytest.fixture
def parts(model: LexLip, tars: Path, tmp_path: Path) -> list[Location]:
    """The three parts of the tars."""
    for number in range(3):
        encode_images(model, tars / "{00000..00004}.tar", tmp_path / f"part-{number}", part=Part(number, 3))
    return [Location(tmp_path / f"part-{number}") for number in range(3)]


@pytest.fixture(autouse=True)
def _memory_is_empty_again() -> Iterator[None]:
    yield
    memory = fsspec.filesystem("memory")
    if memory.exists("/merged"):
        memory.rm("/merged", recursive=True)


def content(output: Path) -> dict[str, bytes]:
    files = (manifest_path(output), *output.iterdir())
    return {file.name.replace(output.name, "c"): file.read_bytes() for file in files}


@pytest.mark.parametrize("source", ["{00000..00004}.tar", "captions.jsonl", "pictures"])
def test_parts_of_shards_or_of_a_list_merge_to_the_bytes_of_one_run(
    model: LexLip, tars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setattr(shard_plan, "SHARD_INPUTS", 3)
    encode_images(model, tars / source, tmp_path / "whole")
    locations = [Location(tmp_path / f"part-{number}") for number in range(4)]
    for number in range(4):
        encode_images(model, tars / source, locations[number], part=Part(number, 4))
    manifest = merge_collections(Location(tmp_path / "merged"), locations[::-1])
    assert content(tmp_path / "merged") == content(tmp_path / "whole")
    assert manifest.inputs == manifest.documents + len(manifest.rejected) == 15


def test_parts_at_urls_merge_here_and_parts_here_merge_at_a_url(
    model: LexLip, tars: Path, tmp_path: Path, parts: list[Location]
) -> None:
    memory = fsspec.filesystem("memory")
    for part in parts:
        assert part.path is not None
        memory.put(str(part.path), f"/parts/{part.name}", recursive=True)
        memory.put(str(manifest_path(part.path)), f"/parts/{part.name}.manifest.json")
    merge_collections(Location(tmp_path / "here"), [Location(f"memory://parts/part-{number}") for number in range(3)])
    encode_images(model, tars / "{00000..00004}.tar", tmp_path / "whole")
    assert content(tmp_path / "here") == content(tmp_path / "whole")
    merge_collections(Location("memory://merged/c"), parts)
    found = {file.rpartition("/")[2]: memory.cat_file(file) for file in memory.find("/merged")}
    assert found == content(tmp_path / "whole")
    with pytest.raises(OutputError, match="memory://merged/c exists already"):
        merge_collections(Location("memory://merged/c"), parts)
    memory.rm("/", recursive=True)


def _set(key: str, value: object) -> Callable[[Path], None]:
    def change(part: Path) -> None:
        manifest = read_manifest(part)
        assert manifest is not None
        write_manifest(part, manifest.model_copy(update={key: value}))

    return change


def _first_line_of(part: Path, change: Callable[[bytes], bytes]) -> None:
    """Change the first line of a part, and the hash of its shard with it."""
    shard = min(part.iterdir())
    lines = shard.read_bytes().splitlines(keepends=True)
    shard.write_bytes(change(lines[0]) + b"".join(lines[1:]))
    manifest = read_manifest(part)
    assert manifest is not None
    from lexlip_lucene.files.written import sha256_of

    first = manifest.shards[0].model_copy(update={"sha256": sha256_of(shard)})
    write_manifest(part, manifest.model_copy(update={"shards": [first, *manifest.shards[1:]]}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("model_sha256", "x"), "part-1 was encoded with model_sha256 x, but .*part-0 with "),
        (_set("vocabulary_sha256", "x"), "part-1 was encoded with vocabulary_sha256 x, but .*part-0 with "),
        (_set("scale", 3.0), r"part-1 was encoded with scale 3\.0, but .*part-0 with "),
        (_set("bits", 4), "part-1 was encoded with bits 4, but .*part-0 with 8"),
        (_set("top_k", 2), "part-1 was encoded with top_k 2, but .*part-0 with "),
        (_set("inputs_sha256", "x"), "part-1 was encoded with inputs_sha256 x, but .*part-0 with "),
        (_set("part", [1, 4]), "part-1 is one of 4 parts, but .*part-0 of 3"),
        (_set("part", [0, 3]), "part-0 and .*part-1 are both part 0/3"),
        (_set("part", None), "part-1 is no part of a collection: it was encoded without --shard"),
        (lambda part: manifest_path(part).unlink(), "part-1.manifest.json is missing: .*resume it"),
        (lambda part: min(part.iterdir()).unlink(), r"no such file: .*part-1/part-00001\.jsonl"),
        (
            lambda part: min(part.iterdir()).write_bytes(b'{"id": "x"}\n'),
            r"part-1/part-00001\.jsonl is not the file that the manifest of .*part-1 lists",
        ),
        (
            lambda part: _first_line_of(part, lambda line: line.replace(b"000010001", b"000000001")),
            r"the id '000000001' is at .*part-0/part-00000\.jsonl:2 and at .*part-1/part-00001\.jsonl:1",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused_by_name(
    parts: list[Location], tmp_path: Path, change: Callable[[Path], None], message: str
) -> None:
    change(tmp_path / "part-1")
    with pytest.raises(InputError, match=message):
        merge_collections(Location(tmp_path / "c"), parts)
    assert not (tmp_path / "c").exists() and not manifest_path(tmp_path / "c").exists()


def test_a_missing_or_a_doubled_part_is_named(parts: list[Location], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1 of 3 parts are missing: 1/3"):
        merge_collections(Location(tmp_path / "c"), [parts[0], parts[2]])
    shutil.copytree(tmp_path / "part-1", tmp_path / "again")
    shutil.copy(manifest_path(tmp_path / "part-1"), manifest_path(tmp_path / "again"))
    with pytest.raises(InputError, match=r"part-1 and .*again are both part 1/3"):
        merge_collections(Location(tmp_path / "c"), [*parts, Location(tmp_path / "again")])


def test_a_collection_in_the_way_stays_without_force(parts: list[Location], tmp_path: Path) -> None:
    merge_collections(Location(tmp_path / "c"), parts)
    before = content(tmp_path / "c")
    with pytest.raises(OutputError, match="c exists already"):
        merge_collections(Location(tmp_path / "c"), parts)
    merge_collections(Location(tmp_path / "c"), parts, force=True)
    assert content(tmp_path / "c") == before
    with pytest.raises(OutputError, match="part-0 is a part, and would be replaced"):
        merge_collections(parts[0], parts, force=True)


def test_a_part_says_which_it_is_and_a_whole_does_not(parts: list[Location], tmp_path: Path) -> None:
    merge_collections(Location(tmp_path / "c"), parts)
    records = [orjson.loads(manifest_path(tmp_path / name).read_bytes()) for name in ("part-2", "c")]
    assert records[0]["part"] == [2, 3] and "part" not in records[1]


def test_a_part_without_a_document_is_a_part_too(model: LexLip, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number, members in enumerate(({"a.png": b"no picture"}, {"b.png": png(0, tmp_path)}, {})):
        tar_of(tmp_path / "in" / f"{number}.tar", members)
    source = tmp_path / "in" / "{0..2}.tar"
    encode_images(model, source, tmp_path / "whole")
    locations = [Location(tmp_path / "part-0"), Location("memory://merged/part-1"), Location("memory://merged/part-2")]
    for number, location in enumerate(locations):
        report = encode_images(model, source, location, part=Part(number, 3))
        assert (report.documents, report.rejected) == [(0, 1), (1, 0), (0, 0)][number]
    merge_collections(Location(tmp_path / "merged"), locations)
    assert content(tmp_path / "merged") == content(tmp_path / "whole")


def test_parts_that_have_no_document_together_are_refused(model: LexLip, tmp_path: Path) -> None:
    for number in range(2):
        tar_of(tmp_path / f"{number}.tar", {f"{number}.png": b"no picture"})
    for number in range(2):
        encode_images(model, tmp_path / "{0..1}.tar", tmp_path / f"part-{number}", part=Part(number, 2))
    with pytest.raises(InputError, match=r"nothing to encode: not one input could be read; the first of 2 rejected"):
        merge_collections(Location(tmp_path / "c"), [Location(tmp_path / f"part-{number}") for number in range(2)])


def test_the_only_part_of_a_collection_is_the_collection(model: LexLip, tars: Path, tmp_path: Path) -> None:
    encode_images(model, tars / "{00000..00004}.tar", tmp_path / "part-0", part=Part.of_text("0/1"))
    merge_collections(Location(tmp_path / "merged"), [Location(tmp_path / "part-0")])
    assert content(tmp_path / "merged").keys() == {
        "c.manifest.json",
        *(f"part-{number:05}.jsonl" for number in (0, 1, 2, 4)),
    }
    assert content(tmp_path / "merged")["c.manifest.json"] == content(tmp_path / "part-0")["c.manifest.json"]


@pytest.mark.parametrize("output", ["memory://merged/parts", "memory://merged/parts/part-1/"])
def test_no_part_is_replaced_by_the_output(model: LexLip, tars: Path, output: str) -> None:
    names = [f"memory://merged/parts/part-{number}" for number in range(2)]
    for number, name in enumerate(names):
        encode_images(model, tars / "{00000..00001}.tar", name, part=Part(number, 2), force=True)
    before = fsspec.filesystem("memory").find("/merged/parts")
    with pytest.raises(OutputError, match=r"part-\d is a part, and would be replaced by the output"):
        merge_collections(Location(output), [Location(name) for name in names], force=True)
    assert fsspec.filesystem("memory").find("/merged/parts") == before


def test_what_is_no_collection_at_a_url_is_not_replaced(parts: list[Location]) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/merged/photos/a.png", b"a picture")
    with pytest.raises(OutputError, match=r"memory://merged/photos is there and is not a collection \(it has 'a.png'"):
        merge_collections(Location("memory://merged/photos"), parts, force=True)
    assert memory.cat_file("/merged/photos/a.png") == b"a picture"
