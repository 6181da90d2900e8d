"""A lock that the kernel holds for one process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lexlip_lucene.errors import OutputError
from lexlip_lucene.files.locked import lock_name, locked

HOLDER = """
import sys, time
from pathlib import Path
from lexlip_lucene.files.locked import locked
with locked(Path(sys.argv[1]), "a test"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_holder_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    target = tmp_path / "new" / "result"
    with locked(target, "a test"):
        with (
            pytest.raises(OutputError, match="result is being written by another run of a test"),
            locked(target, "a test"),
        ):
            pass
        with locked(tmp_path / "new" / "other", "a test"):
            pass
    with locked(target, "a test"):
        assert lock_name(target).exists()
    assert list(target.parent.iterdir()) == []


def test_the_lock_of_a_process_that_is_killed_goes_with_it(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "r")], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(OutputError, match="another run"), locked(tmp_path / "r", "a test"):
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with locked(tmp_path / "r", "a test"):
            pass
    assert not lock_name(tmp_path / "r").exists()


def test_a_name_that_is_removed_while_its_lock_is_taken_is_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, plain = [], os.open

    def open_and_remove(path: Path, *given: int) -> int:
        opened.append(plain(path, *given))
        if len(opened) == 1:
            os.unlink(path)  # as the holder before does
        return opened[-1]

    monkeypatch.setattr(os, "open", open_and_remove)
    with locked(tmp_path / "r", "a test"):
        assert len(opened) == 2 and lock_name(tmp_path / "r").exists()
