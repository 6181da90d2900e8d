"""Results that appear whole or not at all."""

import errno
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.written import (
    bytes_below,
    replace_folder,
    require_file,
    require_folder,
    sha256_of,
    temporary_name,
    written_file,
    written_folder,
)

DISK_FULL = OSError(errno.ENOSPC, "No space left on device")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_under_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "run.txt"
    with written_file(target) as file:
        file.write(b"half")
        assert not target.exists()
        file.write(b" and half")
    assert target.read_bytes() == b"half and half"
    assert names_in(target.parent) == ["run.txt"]


def test_a_folder_appears_under_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "collection"
    with written_folder(target) as folder:
        (folder / "a").write_bytes(b"1")
        assert not target.exists()
    assert names_in(target) == ["a"]
    assert names_in(target.parent) == ["collection"]


def test_a_full_disk_leaves_the_old_file_untouched_and_the_new_one_under_its_temporary_name(tmp_path: Path) -> None:
    target = tmp_path / "run.txt"
    target.write_bytes(b"old")
    with (
        pytest.raises(
            OutputError, match=r"could not write .*run\.txt: No space left on device; the target is untouched"
        ),
        written_file(target, force=True) as file,
    ):
        file.write(b"new, but cut")
        raise DISK_FULL
    assert target.read_bytes() == b"old"
    assert temporary_name(target).read_bytes() == b"new, but cut"
    assert names_in(tmp_path) == [".run.txt.partial", "run.txt"]


def test_a_full_disk_leaves_the_old_folder_untouched_and_the_new_one_under_its_temporary_name(tmp_path: Path) -> None:
    target = tmp_path / "index"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(OutputError, match="No space left"), written_folder(target, force=True) as folder:
        (folder / "new").touch()
        raise DISK_FULL
    assert names_in(target) == ["old"]
    assert names_in(temporary_name(target)) == ["new"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")
def test_a_disk_that_is_full_only_when_the_file_is_flushed_is_an_error(tmp_path: Path) -> None:
    target = tmp_path / "run.txt"
    temporary_name(target).symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space left on device"), written_file(target) as file:
        file.write(b"in the buffer until the end")
    assert not target.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_write_that_the_system_stops_half_way_leaves_no_target(tmp_path: Path) -> None:
    """The file-size limit of a process replaces a full disk: the same failing `write`, without a disk to fill."""
    script = """if True:
        import resource, sys
        from pathlib import Path
        from lexlip_lucene.errors import OutputError
        from lexlip_lucene.files.written import written_folder
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            with written_folder(Path(sys.argv[1])) as folder:
                for name in "ab":
                    with (folder / name).open("wb") as file:
                        file.write(bytes(900 if name == "a" else 1100))
        except OutputError as error:
            print(error)
    """
    target = tmp_path / "collection"
    done = subprocess.run([sys.executable, "-c", script, str(target)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"could not write {target}: File too large; ")
    assert names_in(tmp_path) == [".collection.partial"]
    assert (tmp_path / ".collection.partial" / "a").stat().st_size == 900


def test_an_interruption_passes_through_and_leaves_no_target(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), written_file(tmp_path / "file"):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt), written_folder(tmp_path / "folder"):
        raise KeyboardInterrupt
    assert names_in(tmp_path) == [".file.partial", ".folder.partial"]


def test_what_an_earlier_failure_left_does_not_reach_the_next_result(tmp_path: Path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    temporary_name(file).write_bytes(b"a longer rest of an earlier run")
    temporary_name(folder).mkdir()
    (temporary_name(folder) / "rest").touch()
    with written_file(file) as writing:
        writing.write(b"new")
    with written_folder(folder) as filling:
        (filling / "new").touch()
    assert file.read_bytes() == b"new"
    assert names_in(folder) == ["new"]


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    target = tmp_path / "there"
    target.write_bytes(b"old")
    for write in (written_file, written_folder):
        with pytest.raises(OutputError, match=r"there exists already: .* --force"), write(target):
            pytest.fail("the work must not begin")
    assert target.read_bytes() == b"old"
    assert names_in(tmp_path) == ["there"]


def test_force_replaces_a_file_at_once(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with target.open("rb") as reader:
        with written_file(target, force=True) as file:
            file.write(b"new")
            assert target.read_bytes() == b"old"
        assert reader.read() == b"old", "a reader that had it open must not see a mixture"
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("was", ["folder", "file"])
def test_force_replaces_what_was_there_by_the_folder_only(tmp_path: Path, was: str) -> None:
    target = tmp_path / "target"
    if was == "file":
        target.write_bytes(b"old")
    else:
        target.mkdir()
        (target / "old").touch()
    with written_folder(target, force=True) as folder:
        (folder / "new").touch()
        assert target.is_file() or names_in(target) == ["old"]
    assert names_in(target) == ["new"]
    assert names_in(tmp_path) == ["target"]


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    target = tmp_path / "photos"
    target.mkdir()
    (target / "wedding.jpg").touch()
    with pytest.raises(OutputError, match=r"could not write .*photos"), written_file(target, force=True):
        pass
    assert names_in(target) == ["wedding.jpg"]


def test_replacing_a_folder_clears_the_rest_of_an_earlier_replacement(tmp_path: Path) -> None:
    source, target, rest = tmp_path / "new", tmp_path / "target", tmp_path / ".target.old"
    for folder in (source, target, rest):
        folder.mkdir()
        (folder / f"of {folder.name}").touch()
    replace_folder(source, target)
    assert names_in(tmp_path) == ["target"]
    assert names_in(target) == ["of new"]


def test_what_is_needed_and_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"topics: no such file: .*gone"):
        require_file(tmp_path / "gone", "topics")
    with pytest.raises(InputError, match="topics: a file is needed, but this is a folder"):
        require_file(tmp_path, "topics")
    with pytest.raises(InputError, match=r"collection: no such folder: .*gone"):
        require_folder(tmp_path / "gone", "collection")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="collection: a folder is needed, but this is a file"):
        require_folder(tmp_path / "file", "collection")


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1])
def test_sha256_is_that_of_all_bytes(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_bytes_below_counts_every_file_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "one").write_bytes(b"1")
    (tmp_path / "a" / "b" / "three").write_bytes(b"333")
    assert bytes_below(tmp_path) == 4
