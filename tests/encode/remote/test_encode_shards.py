"""Encoding tars and Parquet: the bytes that the pictures in a folder give, shard by shard, resumed, in parts."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support import picture_shards, tiny
from support.picture_shards import shards, tar_of

from lexlip_lucene.data.remote.picture_shard import PictureShards
from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encode.image_inputs import ShardedImages
from lexlip_lucene.encode.result import Result
from lexlip_lucene.encode.shard_plan import Part, PlannedShard
from lexlip_lucene.encode.unfinished import Unfinished
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError
from lexlip_lucene.processes import Ranks
from lexlip_lucene.recipes.model_spec import LateSpec
from lexlip_lucene.vectors.collection import shards_of
from lexlip_lucene.vectors.manifest import Manifest, read_manifest

COUNTS = (5, 3, 4)
KINDS = pytest.mark.parametrize("ending", ["tar", "parquet"])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LexLip:
    return tiny.saved(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def tars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tars, of whose 12 pictures 2 are broken, and the same pictures as captions.jsonl."""
    return shards(tmp_path_factory.mktemp("tars"), COUNTS).parent


def pattern(folder: Path, ending: str = "tar") -> Path:
    return folder / f"{{00000..{len(COUNTS) - 1:05}}}.{ending}"


def manifest_of(collection: Path) -> Manifest:
    manifest = read_manifest(collection)
    assert manifest is not None
    return manifest


def content(output: Path) -> dict[str, bytes]:
    """Names and bytes of shards and manifest; nothing unfinished is left."""
    assert not [path for path in output.parent.iterdir() if path.name.startswith(".")]
    manifest = output.with_name(f"{output.name}.manifest.json")
    return {file.name: file.read_bytes() for file in (manifest, *output.iterdir())}


@KINDS
def test_shards_give_the_bytes_of_the_same_pictures_in_a_folder(model: LexLip, tmp_path: Path, ending: str) -> None:
    captions = shards(tmp_path / "in", COUNTS, ending)
    of_folder = encode_images(model, captions, tmp_path / "folder", batch_size=2)
    of_shards = encode_images(model, pattern(tmp_path / "in", ending), tmp_path / "shards", batch_size=2)
    assert of_shards[:4] == of_folder[:4] and of_shards.rejected == 2
    lines = [shard.read_bytes() for shard in shards_of(tmp_path / "shards")]
    assert b"".join(lines) == b"".join(shard.read_bytes() for shard in shards_of(tmp_path / "folder"))
    assert [part.count(b"\n") for part in lines] == [5, 2, 3], "one input shard is one output shard"


@KINDS
def test_a_broken_picture_is_rejected_at_its_place_and_inputs_are_documents_and_rejected(
    model: LexLip, tmp_path: Path, ending: str
) -> None:
    shards(tmp_path / "in", COUNTS, ending)
    encode_images(model, pattern(tmp_path / "in", ending), tmp_path / "c")
    manifest = manifest_of(tmp_path / "c")
    assert (manifest.inputs, manifest.documents, len(manifest.rejected)) == (12, 10, 2)
    place = "000010000.png" if ending == "tar" else "row 0"
    assert manifest.rejected[0].file == f"{tmp_path}/in/00001.{ending}:{place}"
    assert manifest.rejected[0].id == "000010000" and "broken" not in manifest.rejected[0].id


@pytest.mark.parametrize("options", [{"positions": True}, {"states": "states"}], ids=["positions", "states"])
def test_positions_and_states_are_those_of_a_folder(
    model: LexLip, tars: Path, tmp_path: Path, options: dict[str, object]
) -> None:
    if "states" in options:
        options = {"states": tmp_path / "states"}
    encode_images(model, tars / "captions.jsonl", tmp_path / "folder", **options)  # type: ignore[arg-type]  # of several types
    encode_images(model, pattern(tars), tmp_path / "shards", **options)  # type: ignore[arg-type]  # as above
    lines = [b"".join(shard.read_bytes() for shard in shards_of(tmp_path / name)) for name in ("folder", "shards")]
    assert lines[0] == lines[1]


def test_patches_are_those_of_a_folder_also_when_the_run_was_cut_short(tars: Path, tmp_path: Path) -> None:
    model = tiny.saved(tmp_path / "late", late=LateSpec(width=8))
    encode_images(model, tars / "captions.jsonl", tmp_path / "folder", patches=tmp_path / "of folder")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Unfinished, "keep", _only(2, Unfinished.keep))
        with pytest.raises(KeyboardInterrupt):
            encode_images(model, pattern(tars), tmp_path / "c", patches=tmp_path / "store")
    encode_images(model, pattern(tars), tmp_path / "c", patches=tmp_path / "store", resume=True)
    for name in ("vectors.bin", "documents.bin", "ids.bin"):
        assert (tmp_path / "store" / name).read_bytes() == (tmp_path / "of folder" / name).read_bytes()


def test_a_run_that_was_cut_short_encodes_only_the_shards_that_are_missing(
    model: LexLip, tars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "whole").mkdir()
    encode_images(model, pattern(tars), tmp_path / "whole" / "c")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Unfinished, "keep", _only(1, Unfinished.keep))
        with pytest.raises(KeyboardInterrupt):
            encode_images(model, pattern(tars), tmp_path / "c")
    opened: list[str] = []
    read = ShardedImages.groups
    monkeypatch.setattr(
        ShardedImages,
        "groups",
        lambda self, plan, size: (opened.extend(shard.name for shard in plan), read(self, plan, size))[1],
    )
    encode_images(model, pattern(tars), tmp_path / "c", resume=True)
    assert opened == ["part-00001.jsonl", "part-00002.jsonl"]
    assert content(tmp_path / "c") == content(tmp_path / "whole" / "c")


def _only(count: int, keep):  # type: ignore[no-untyped-def]  # it takes on the signature of what it wraps
    def kept(self: Result, shard: PlannedShard, *rest: object) -> None:
        if shard.number >= count:
            raise KeyboardInterrupt
        keep(self, shard, *rest)

    return kept


def test_a_shard_that_has_changed_is_another_input(model: LexLip, tmp_path: Path) -> None:
    shards(tmp_path / "in", COUNTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Unfinished, "keep", _only(1, Unfinished.keep))
        with pytest.raises(KeyboardInterrupt):
            encode_images(model, pattern(tmp_path / "in"), tmp_path / "c")
    picture_shards.write_tar(tmp_path / "in" / "00002.tar", {"x": b"no picture" * 2000})
    with pytest.raises(InputError, match="was begun with inputs_sha256"):
        encode_images(model, pattern(tmp_path / "in"), tmp_path / "c", resume=True)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"000000000.png": b"x"}, r"00003\.tar: its first picture has the id '000000000', as that of .*00000\.tar has"),
        ({"new.png": b"x", "000000001.png": None}, r"the id '000000001' is at .*:2 and at .*part-00003\.jsonl:1"),
    ],
    ids=["at once, if shards begin with it", "in the end"],
)
def test_an_id_that_is_in_two_shards_is_an_error_that_names_both(
    model: LexLip, tmp_path: Path, members: dict[str, bytes | None], message: str
) -> None:
    shards(tmp_path / "in", COUNTS)
    picture = picture_shards.png(0, tmp_path)
    tar_of(tmp_path / "in" / "00003.tar", {name: content or picture for name, content in members.items()})
    with pytest.raises(InputError, match=message):
        encode_images(model, tmp_path / "in" / "{00000..00003}.tar", tmp_path / "c")
    assert not (tmp_path / "c.manifest.json").exists()


def test_a_missing_shard_is_found_before_anything_is_encoded(model: LexLip, tars: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such file: .*00003\.tar"):
        encode_images(model, tars / "{00000..00003}.tar", tmp_path / "c")
    assert list(tmp_path.iterdir()) == []


def test_a_shard_without_pictures_is_no_file_of_the_collection(model: LexLip, tars: Path, tmp_path: Path) -> None:
    tar_of(tmp_path / "a" / "00000.tar", {})
    tar_of(tmp_path / "a" / "00001.tar", {"x.png": picture_shards.png(0, tmp_path)})
    encode_images(model, tmp_path / "a" / "{00000..00001}.tar", tmp_path / "c")
    assert [shard.name for shard in manifest_of(tmp_path / "c").shards] == ["part-00001.jsonl"]
    with pytest.raises(InputError, match="nothing to encode: not one input could be read"):
        encode_images(model, tmp_path / "a" / "00000.tar", tmp_path / "d")


def test_one_shard_is_read_at_a_time(model: LexLip, tars: Path) -> None:
    opened: list[str] = []

    class Counted:
        def __init__(self, shard):  # type: ignore[no-untyped-def]  # a shard
            self.shard, self.location = shard, shard.location

        def images(self):  # type: ignore[no-untyped-def]  # as in PictureShard
            opened.append(self.location.name)
            yield from self.shard.images()

    from lexlip_lucene.data.remote.pictures import read_pictures
    from lexlip_lucene.files.location import Location

    found = read_pictures(Location(pattern(tars)))
    assert isinstance(found, PictureShards)
    inputs = ShardedImages(PictureShards([Counted(shard) for shard in found.shards]))
    groups = inputs.groups(inputs.plan, 2)
    assert (len(next(groups).images), opened) == (2, ["00000.tar"])
    groups.close()


@pytest.mark.parametrize("of", [1, 2, 3])
def test_parts_follow_each_other_and_are_the_whole_plan(of: int) -> None:
    plan = [PlannedShard(number) for number in range(7)]
    parts = [list(Part(number, of).shards(plan)) for number in range(of)]
    assert [shard for part in parts for shard in part] == plan
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("text", ["", "1", "2/2", "-1/2", "a/b", "0/0", "1/2/3", "0 / 2"])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--shard must be I/N with I from 0 to N - 1"):
        Part.of_text(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"update": True}, "--update compares ids with a list of images"),
        ({"entities": "tags.jsonl"}, "--entities looks up the images of a list"),
        ({"part": Part(0, 2), "patches": "store"}, "--patches and --whole write one store of a whole collection"),
        ({"part": Part(0, 4)}, "--shard 0/4: N is at most the number of shards of the input, which is 3 here"),
    ],
)
def test_options_that_shards_or_parts_can_t_have_are_refused(
    model: LexLip, tars: Path, tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        encode_images(model, pattern(tars), tmp_path / "c", **options)  # type: ignore[arg-type]


def test_a_part_of_queries_is_refused(model: LexLip, tars: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--shard encodes a part of a collection, and no queries"):
        encode_images(model, pattern(tars), tmp_path / "q.jsonl", part=Part(0, 2))


def test_ranks_share_out_the_shards_and_give_the_bytes_of_one(model: LexLip, tars: Path, tmp_path: Path) -> None:
    """Two threads that meet as the processes of torchrun do."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    encode_images(model, pattern(tars), tmp_path / "one" / "c")
    meeting = threading.Barrier(2, timeout=60)

    class Meeting(Ranks):
        def wait(self) -> None:
            meeting.wait()

    with ThreadPoolExecutor(2) as threads:
        runs = [
            threads.submit(encode_images, model, pattern(tars), tmp_path / "two" / "c", ranks=Meeting(rank, 2))
            for rank in range(2)
        ]
        assert [run.result().documents for run in runs] == [10, 10]
    assert content(tmp_path / "two" / "c") == content(tmp_path / "one" / "c")


def test_a_text_that_stands_in_each_shard_is_rejected_in_each(model: LexLip, tmp_path: Path) -> None:
    for number in range(2):
        members = {"README.txt": b"about", f"{number}.png": picture_shards.png(number, tmp_path)}
        tar_of(tmp_path / f"{number}.tar", members)
    report = encode_images(model, tmp_path / "{0..1}.tar", tmp_path / "c")
    assert (report.documents, report.rejected) == (2, 2)
