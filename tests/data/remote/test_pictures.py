"""The sources of pictures: what a name stands for, and one clear error for what is not read."""

from pathlib import Path

import pytest
from support.picture_shards import png, tar_of

from lexlip_lucene.data.image_folder import ImageFolder
from lexlip_lucene.data.remote.parquet_shard import ParquetShard
from lexlip_lucene.data.remote.picture_shard import PictureShards
from lexlip_lucene.data.remote.pictures import read_pictures
from lexlip_lucene.data.remote.tar_shard import TarShard
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.location import Location


def test_the_ending_of_a_name_says_what_a_shard_is(tmp_path: Path) -> None:
    found = read_pictures(Location(tmp_path / "{0.tar,1.PARQUET}"))
    assert isinstance(found, PictureShards)
    assert [type(shard) for shard in found.shards] == [TarShard, ParquetShard]


def test_a_file_whose_own_name_has_braces_is_that_file(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "{0..1}.tar", {"a.png": png(0, tmp_path)})
    found = read_pictures(Location(path))
    assert isinstance(found, PictureShards)
    assert [shard.location.path for shard in found.shards] == [path]


def test_a_folder_is_a_folder_whatever_its_name_ends_in(tmp_path: Path) -> None:
    (tmp_path / "photos.tar").mkdir()
    (tmp_path / "photos.tar" / "a.png").write_bytes(png(0, tmp_path))
    found = read_pictures(Location(tmp_path / "photos.tar"))
    assert isinstance(found, ImageFolder)
    assert [image.id for image in found.images] == ["a.png"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.tar.gz", r"a\.tar\.gz: a compressed tar is not read.*unpack it to \.tar"),
        ("{0..1}.tgz", r"0\.tgz: a compressed tar is not read"),
        ("{0..1}.jsonl", r"a brace pattern names shards \(\.tar, \.parquet\), but .*0\.jsonl is none"),
        ("{a.tar,b.zip}", r"b\.zip is no shard \(\.tar, \.parquet\), and other names of the pattern"),
        ("*.tar", r"\*\.tar: shards are named by a brace pattern, such as \{00000\.\.00099\}, and not by a \*"),
        ("gone", "captions: no such file or folder: .*gone"),
    ],
)
def test_what_is_not_read_is_one_error(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_pictures(Location(tmp_path / name))


def test_shards_have_no_split(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--split chooses lines of a captions file; of shards, name those"):
        read_pictures(Location(tmp_path / "a.tar"), split="val")


@pytest.mark.parametrize("name", ["memory://nothing/here", "memory://nothing/here.zip"])
def test_nothing_at_a_url_is_an_error(name: str) -> None:
    with pytest.raises(InputError, match=f"no such file or folder: {name}"):
        read_pictures(Location(name))


def test_a_folder_of_shards_is_an_error_that_says_how_to_name_them(tmp_path: Path) -> None:
    tar_of(tmp_path / "00000.tar", {"a.png": png(0, tmp_path)})
    (tmp_path / "00000_stats.json").write_text("{}")
    for source in (str(tmp_path), f"local://{tmp_path}"):
        with pytest.raises(
            InputError, match=r"has shards, such as 00000\.tar, and no pictures.*\{00000\.\.00099\}\.tar"
        ):
            read_pictures(Location(source))
    (tmp_path / "b.png").write_bytes(png(1, tmp_path))
    assert isinstance(read_pictures(Location(tmp_path)), ImageFolder)
