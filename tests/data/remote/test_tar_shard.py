"""Tars of pictures: every member is a picture, belongs to one, or is named with the reason; damage is an error."""

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.picture_shards import png, tar_of

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.images import UnreadableImage, open_listed
from lexlip_lucene.data.remote.picture_shard import MOST_BYTES
from lexlip_lucene.data.remote.tar_shard import TarShard
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.location import Location


def read(path: Path) -> list[CaptionedImage]:
    return list(TarShard(Location(path)).images())


def refused(path: Path) -> dict[str, str]:
    """Return what the place of each refused picture says."""
    return {image.place: image.refused for image in read(path) if image.refused}


def test_members_of_a_key_are_one_picture_with_its_captions_and_keys(tmp_path: Path) -> None:
    members = {
        "0001.jpg": b"one",
        "0001.json": b'{"caption": "a dog", "width": 3}',
        "0001.cls": b"7",
        "0002.txt": b"a cat\n",
        "0002.png": b"two",
        "deep/er/x.webp": b"three",
    }
    first, second, third = read(tar_of(tmp_path / "a.tar", members))
    assert (first.id, first.captions, dict(first.keys)) == ("0001", ("a dog",), {"caption": "a dog", "width": 3})
    assert (second.id, second.captions, second.path.name) == ("0002", ("a cat",), "0002.png")
    assert (third.id, third.place) == ("deep/er/x", f"{tmp_path}/a.tar:deep/er/x.webp")
    assert [image.content() for image in (first, second, third) if image.content] == [b"one", b"two", b"three"]


def test_folders_and_hidden_members_are_passed_over_and_a_dot_before_names_is_none_of_theirs(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        tar.addfile(_typed("./", tarfile.DIRTYPE))
    members = {"./.DS_Store": b"x", "./._a.jpg": b"x", "./a.jpg": b"one"}
    assert [image.id for image in read(tar_of(path, members))] == ["a"]


def _typed(name: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = "/etc/passwd" if kind == tarfile.SYMTYPE else ""
    return member


@pytest.mark.parametrize(
    ("members", "place", "reason"),
    [
        ([("../x.jpg", b"1")], "../x.jpg", "the name '../x.jpg' leads out of the tar"),
        ([("/etc/x.jpg", b"1")], "/etc/x.jpg", "the name '/etc/x.jpg' leads out of the tar"),
        ([("a.jpg", b"1"), ("b.jpg", b"2"), ("a.jpg", b"3")], "a.jpg", "the key 'a' has been at"),
        ([("a.jpg", b"1"), ("b.jpg", b"2"), ("a.txt", b"3")], "a.txt", "the key 'a' has been at"),
        ([("a.jpg", b"1"), ("a.png", b"2")], "a.jpg", "the key 'a' has 2 pictures, a.jpg and a.png"),
        ([("a.json", b"{}"), ("a.mp3", b"2")], "a.json", "no picture under the key 'a', only .json, .mp3"),
        ([("README", b"text")], "README", "no picture under the key 'README', only README"),
        ([("a.jpg", b"1"), ("a.json", b"[1]")], "a.jpg", "a.json is not a text of JSON keys"),
        ([("a.jpg", b"1"), ("a.json", b"{")], "a.jpg", "a.json is not a text of JSON keys"),
        ([("a.jpg", b"1"), ("a.txt", b"\xff")], "a.jpg", "a.txt is not a text of JSON keys, or of UTF-8"),
    ],
)
def test_what_is_no_picture_is_refused_at_its_member(
    tmp_path: Path, members: list[tuple[str, bytes]], place: str, reason: str
) -> None:
    path = tar_of(tmp_path / "s.tar", members)
    ((where, said),) = refused(path).items()
    assert where == f"{path}:{place}" and said.startswith(reason)
    keys = {name.rpartition(".")[0] or name for name, _ in members}
    assert len(read(path)) - len(refused(path)) == len(keys) - (len(members) < 3)


def test_a_refused_picture_is_not_opened(tmp_path: Path) -> None:
    (image,) = read(tar_of(tmp_path / "s.tar", {"../x.png": png(0, tmp_path)}))
    with pytest.raises(UnreadableImage, match="leads out of the tar"):
        open_listed(image)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_link_a_pipe_or_a_device_is_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "s.tar", "w") as tar:
        tar.addfile(_typed("a.jpg", kind))
    assert refused(tmp_path / "s.tar") == {
        f"{tmp_path}/s.tar:a.jpg": "a.jpg is a link, a pipe or a device, and no file"
    }


def test_a_member_that_says_it_is_huge_takes_no_memory(tmp_path: Path) -> None:
    member = tarfile.TarInfo("a.jpg")
    member.size = MOST_BYTES + 1
    with (tmp_path / "s.tar").open("wb") as file:
        file.write(member.tobuf())
        file.truncate(512 + (MOST_BYTES // 512 + 1) * 512 + 1024)
    ((_, reason),) = refused(tmp_path / "s.tar").items()
    assert reason == f"a.jpg has {MOST_BYTES + 1} bytes, and {MOST_BYTES} are read at most"


def test_a_name_that_is_not_utf_8_is_refused_under_an_id_that_is(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "s.tar", "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as tar:
        tar.addfile(tarfile.TarInfo("é.jpg"))
    (image,) = read(tmp_path / "s.tar")
    assert (image.id, image.refused) == ("\\xe9", "its name is not UTF-8, so it can't be an id")


def test_a_tar_that_was_cut_anywhere_is_an_error_that_names_it(tmp_path: Path) -> None:
    """tarfile takes one that was cut between members, or in a header, for a shorter one."""
    whole = tar_of(tmp_path / "whole.tar", {f"{number}.jpg": b"x" * 700 for number in range(3)}).read_bytes()
    content = 3 * (512 + 1024)
    cut = tmp_path / "cut.tar"
    for end in (0, 100, 512, 1000, 512 + 1024, 512 + 1024 + 300, 2 * (512 + 1024), content - 600, content):
        cut.write_bytes(whole[:end])
        with pytest.raises(InputError, match=rf"{cut}: this tar can't be read.*fetch it again"):
            read(cut)
    cut.write_bytes(whole[: content + 512])
    assert len(read(cut)) == 3, "one block of zeros ends a tar"


def test_a_damaged_header_is_an_error_that_names_the_member_before(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar", {"0.jpg": b"x", "1.jpg": b"y"})
    content = bytearray(path.read_bytes())
    content[1024 + 20] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.tar: this tar can't be read after member '0\.jpg': here is no member"):
        read(path)


@given(st.binary(max_size=3000))
@settings(max_examples=50)
def test_no_bytes_give_anything_but_pictures_or_a_known_error(content: bytes) -> None:
    class InMemory(Location):
        def opened(self, *, in_order=False):  # type: ignore[no-untyped-def]  # a file that is a context
            return io.BytesIO(content)

    try:
        list(TarShard(InMemory("a.tar")).images())
    except InputError as error:
        assert "a.tar" in str(error)


def test_pictures_come_one_by_one_and_not_when_all_are_read(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar", {f"{number}.jpg": b"x" * 600 for number in range(50)})
    path.write_bytes(path.read_bytes()[: 40 * (512 + 1024)])
    images = TarShard(Location(path)).images()
    assert [next(images).id for _ in range(30)] == [str(number) for number in range(30)]


def test_members_below_a_hidden_folder_are_hidden(tmp_path: Path) -> None:
    names = ("./a.jpg", ".hidden/b.jpg", "x/.hidden/c.jpg", "x/.d.jpg", "x./e.jpg")
    images = read(tar_of(tmp_path / "a.tar", {name: b"x" for name in names}))
    assert [image.id for image in images] == ["a", "x./e"]


@pytest.mark.parametrize("text", [b'[["caption", "a"]]', b"[1]", b'"a"', b"null"])
def test_json_that_is_no_object_is_refused_in_plain_words(tmp_path: Path, text: bytes) -> None:
    (image,) = read(tar_of(tmp_path / "a.tar", {"a.jpg": b"x", "a.json": text}))
    assert image.refused.startswith("a.json is not a text of JSON keys, or of UTF-8: an object is needed, not ")
