"""Locations: paths and URLs alike, errors that name them, and no secret in what is said."""

import sys
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.location import Location, is_url


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("s3://bucket/a b?c.tar", "s3://bucket/a b?c.tar"),
        ("https://user:secret@host/a.tar?X-Amz-Signature=secret", "https://host/a.tar?…"),
        ("ftp://user:secret@host/a.tar", "ftp://host/a.tar"),
        ("file:///data/a.tar", "/data/a.tar"),
        ("a/b.tar", "a/b.tar"),
    ],
)
def test_a_location_as_text_has_no_secret(address: str, shown: str) -> None:
    assert str(Location(address)) == shown


def test_names_children_and_endings_are_those_of_paths_and_of_urls() -> None:
    for top in ("s3://bucket/photos", "s3://bucket/photos/", "photos", Path("photos")):
        location = Location(top)
        assert location.name == "photos"
        assert str(location.child("a.tar")).endswith("photos/a.tar")
        assert str(location.beside(".manifest.json")).endswith("photos.manifest.json")
        assert str(location.child("a.tar").parent).endswith("photos")
    assert Location("https://host/a.tar?signature=1/2").name == "a.tar"


@pytest.mark.parametrize("text", ["a", "/a/b", "C:\\a", "a:b", "//a", "a/b://c"])
def test_a_path_is_no_url(text: str) -> None:
    assert not is_url(text)


def test_what_is_not_to_be_had_is_an_error_that_names_it(tmp_path: Path) -> None:
    fsspec.filesystem("memory").pipe_file("/there/x", b"1")
    cases = {
        "memory://gone/x": r"no such file: memory://gone/x",
        str(tmp_path / "gone"): rf"no such file: {tmp_path}/gone",
        "nowhere://x/y": r"nowhere://x/y: Protocol not known: nowhere",
    }
    for address, message in cases.items():
        with pytest.raises(InputError, match=message):
            Location(address).read()
        with pytest.raises(InputError, match=message):
            Location(address).size()


def test_without_the_extra_one_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(InputError, match=r"s3://b/x: pip install 'lexlip-lucene\[remote\]' reads and writes URLs"):
        Location("s3://b/x").exists()


def test_without_the_package_of_a_store_the_error_names_that_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(InputError, match="s3://b/x: Install s3fs to access S3"):
        Location("s3://b/x").exists()


@pytest.mark.parametrize(
    ("inner", "outer", "within"),
    [
        ("memory://a/b", "memory://a/b/", True),
        ("memory:///a/b/c", "memory://a/b", True),
        ("memory://a/bc", "memory://a/b", False),
        ("memory://a", "memory://a/b", False),
        ("a/../b/c", "b", True),
        ("memory://a", "a", False),
    ],
)
def test_a_location_is_within_a_folder_however_both_are_spelled(inner: str, outer: str, within: bool) -> None:
    assert Location(inner).is_within(Location(outer)) is within


def test_names_of_files_are_quoted_in_addresses_of_web_pages_only() -> None:
    assert (
        Location("https://host/photos").child("a b/é#%20.png").address == "https://host/photos/a%20b/%C3%A9%23%2520.png"
    )
    assert Location("s3://bucket/photos").child("a b#%20.png").address == "s3://bucket/photos/a b#%20.png"


def test_an_error_s_reason_has_no_secret_of_an_address_in_another_spelling() -> None:
    location = Location("simplecache::https://host/a.tar?sig=se%2Fcret")
    assert str(location) == "simplecache::https://host/a.tar?…"
    said = location.reason(ValueError("403, url='https://me:secret@host/a.tar?sig=se/cret'\nagain"))
    assert said == "403, url='https://host/a.tar?…' again"


class Buckets(MemoryFileSystem):
    """An object store with one bucket, where somebody made a folder and one in it, as S3's console does."""

    protocol = "buckets"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.removeprefix("buckets://").rstrip("/")

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        pytest.fail(f"{path} would become a bucket")

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite") -> None:
        if not path.startswith("bucket/"):
            raise FileNotFoundError("The specified bucket does not exist")

    def find(self, path: str, *_: object, **__: object) -> list[str]:
        return [f"{path}/", f"{path}/sub/b.png", f"{path}/sub/", f"{path}/a.png"]


@pytest.fixture
def buckets() -> None:
    fsspec.register_implementation("buckets", Buckets, clobber=True)


@pytest.mark.usefixtures("buckets")
def test_a_bucket_is_never_created() -> None:
    Location("buckets://bucket/photos/x").write(b"1")
    with pytest.raises(OutputError, match="could not write buckets://other/x: The specified bucket does not exist"):
        Location("buckets://other/x").write(b"1")


@pytest.mark.usefixtures("buckets")
def test_an_object_that_stands_for_a_folder_is_no_file() -> None:
    assert Location("buckets://bucket/photos").files() == ["a.png", "sub/b.png"]
