"""Results that outlast a power cut and a kill: the order of the calls to the disk, and kills between them."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from support import tiny

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files import durable
from lexlip_lucene.files import written as files
from lexlip_lucene.files.exchange import exchange
from lexlip_lucene.files.written import (
    replace_folder,
    require_absent,
    require_file,
    require_folder,
    written_file,
    written_folder,
    written_path,
)

Step = tuple[str, ...]


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """Record the calls to the disk: ("sync", path), ("rename", from, to), ("exchange", a, b), ("remove", path)."""
    asked: list[Step] = []

    def noted(name: str, change: Callable[..., Any], paths: int) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            found = [path if isinstance(path, str | Path) else os.readlink(f"/proc/self/fd/{path}") for path in args]
            asked.append((name, *(os.path.relpath(path, tmp_path) for path in found[:paths])))
            return change(*args, **kwargs)

        return run

    monkeypatch.setattr(os, "fsync", noted("sync", os.fsync, 1))
    monkeypatch.setattr(os, "replace", noted("rename", os.replace, 2))
    monkeypatch.setattr(files, "exchange", noted("exchange", exchange, 2))
    monkeypatch.setattr(shutil, "rmtree", noted("remove", shutil.rmtree, 1))
    return asked


def test_a_file_is_on_the_disk_before_it_gets_its_name_and_its_name_before_the_writer_returns(
    tmp_path: Path, steps: list[Step]
) -> None:
    with written_file(tmp_path / "run.txt") as file:
        file.write(b"1")
    assert steps == [("sync", ".run.txt.partial"), ("rename", ".run.txt.partial", "run.txt"), ("sync", ".")]


def test_the_names_of_new_folders_above_a_result_are_on_the_disk_before_it(tmp_path: Path, steps: list[Step]) -> None:
    with written_file(tmp_path / "a" / "b" / "run.txt") as file:
        file.write(b"1")
    assert steps[:2] == [("sync", "a"), ("sync", ".")]


def test_a_folder_and_all_its_files_are_on_the_disk_before_it_takes_the_place_of_another(
    tmp_path: Path, steps: list[Step]
) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "old").touch()
    with written_folder(target, force=True) as folder:
        (folder / "config.json").write_bytes(b"1")
        (folder / "below").mkdir()
        (folder / "below" / "deep").write_bytes(b"2")
    partial = ".model.partial"
    place = steps.index(("exchange", partial, "model"))
    synced = {path for _, path in steps[:place]}
    assert synced == {partial, f"{partial}/config.json", f"{partial}/below", f"{partial}/below/deep"}
    assert steps.index(("sync", f"{partial}/below/deep")) < steps.index(("sync", f"{partial}/below"))
    assert steps.index(("sync", f"{partial}/config.json")) < steps.index(("sync", partial))
    gone = steps.index(("remove", partial))
    assert ("sync", ".") in steps[place:gone], "what was there goes once the new one's name is on the disk"


def test_where_names_cant_be_exchanged_the_old_folder_goes_only_when_the_new_name_is_on_the_disk(
    tmp_path: Path, steps: list[Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "exchange", lambda first, second: False)
    target = tmp_path / "index"
    target.mkdir()
    with written_folder(target, force=True) as folder:
        (folder / "new").touch()
    renamed = steps.index(("rename", ".index.partial", "index"))
    assert steps.index(("sync", ".index.partial")) < steps.index(("rename", "index", ".index.old")) < renamed
    assert steps[renamed:] == [("rename", ".index.partial", "index"), ("sync", "."), ("remove", ".index.old")]


def test_every_file_of_a_saved_model_is_on_the_disk_before_the_old_model_goes(
    tmp_path: Path, steps: list[Step]
) -> None:
    model = tiny.lexlip()
    model.save_pretrained(tmp_path / "model")
    steps.clear()
    model.save_pretrained(tmp_path / "model", force=True)
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert {"config.json", "tokenizer.json", "README.md", "model.safetensors"} <= names
    before = steps[: steps.index(("exchange", ".model.partial", "model"))]
    assert {("sync", f".model.partial/{name}") for name in names} <= set(before)


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize(("umask", "mode"), [(0o022, "0o644"), (0o077, "0o600"), (0o002, "0o664")])
def test_the_modes_of_what_is_written_follow_the_umask(tmp_path: Path, umask: int, mode: str) -> None:
    before = os.umask(umask)
    try:
        tiny.lexlip().save_pretrained(tmp_path / "model")
        with written_path(tmp_path / "states.safetensors") as partial:
            save_file({"states": torch.zeros(2)}, partial)
        with written_file(tmp_path / "run.txt") as file:
            file.write(b"1")
    finally:
        os.umask(before)
    assert set((modes(tmp_path) | modes(tmp_path / "model")).values()) == {mode}
    assert load_file(tmp_path / "states.safetensors")["states"].tolist() == [0, 0]


def folder_with(path: Path, name: str) -> Path:
    path.mkdir()
    (path / name).touch()
    return path


@pytest.mark.parametrize("read", ["folder", "file below", "absent"])
def test_a_kill_between_two_renames_is_mended_by_whatever_looks_next(tmp_path: Path, read: str) -> None:
    script = """if True:
        import os, sys
        from pathlib import Path
        from lexlip_lucene.files import durable
        from lexlip_lucene.files import written as files
        renames = []
        def rename(source, target, real=os.replace):
            if renames:
                os._exit(9)
            renames.append(target)
            real(source, target)
        os.replace = rename
        files.exchange = lambda first, second: False
        files.replace_folder(Path(sys.argv[1]), Path(sys.argv[2]))
    """
    target, new = folder_with(tmp_path / "index", "old"), folder_with(tmp_path / "new", "new")
    done = subprocess.run([sys.executable, "-c", script, str(new), str(target)], check=False)
    assert done.returncode == 9
    assert not target.exists()
    if read == "folder":
        require_folder(target, "index")
    elif read == "file below":
        require_file(target / "old", "a file")
    else:
        with pytest.raises(OutputError, match="index exists already"):
            require_absent(target, force=False)
    assert [path.name for path in target.iterdir()] == ["old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "new"]


def test_a_reader_that_puts_the_old_folder_back_in_between_does_not_stop_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, new = folder_with(tmp_path / "index", "old"), folder_with(tmp_path / "new", "new")
    real, looked = os.replace, []

    def looked_at(source: Path, to: Path) -> None:
        if Path(source) == new and not looked:
            looked.append(require_folder(target, "index"))
        real(source, to)

    monkeypatch.setattr(files, "exchange", lambda first, second: False)
    monkeypatch.setattr(os, "replace", looked_at)
    replace_folder(new, target)
    assert looked
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    assert [path.name for path in target.iterdir()] == ["new"]


def test_two_names_change_places_in_one_step(tmp_path: Path) -> None:
    first, second = folder_with(tmp_path / "a", "of a"), tmp_path / "b"
    second.write_bytes(b"of b")
    assert exchange(first, second)
    assert first.read_bytes() == b"of b"
    assert [path.name for path in second.iterdir()] == ["of a"]
    with pytest.raises(FileNotFoundError):
        exchange(first, tmp_path / "missing")


def test_a_link_to_a_folder_is_replaced_and_what_it_points_to_stays(tmp_path: Path) -> None:
    kept = folder_with(tmp_path / "kept", "old")
    (tmp_path / "index").symlink_to(kept)
    with written_folder(tmp_path / "index", force=True) as folder:
        (folder / "new").touch()
    assert [path.name for path in (tmp_path / "index").iterdir()] == ["new"]
    assert [path.name for path in kept.iterdir()] == ["old"]


def test_what_cant_be_looked_at_is_not_called_missing(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(InputError, match=r"topics: can't read .*/a: Too many levels of symbolic links"):
        require_file(tmp_path / "a", "topics")


def test_a_folder_that_the_system_cant_sync_is_not_a_failure(tmp_path: Path) -> None:
    durable.sync(Path("/dev/null"))
    durable.sync_below(tmp_path)
