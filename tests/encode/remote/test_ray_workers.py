"""Encoding by two workers of a local Ray: the bytes of one process, also when a worker is killed on the way.

A Ray takes half a minute to start: it is a part of `tests/slow_part`.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import tiny
from support.picture_shards import shards

from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encode.ray_workers import RayWorkers
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.location import Location

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray has warnings of its own

COUNTS = (60,) * 6
SHARDS = "{00000..00005}.tar"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, tars, and what one process makes of them."""
    folder = tmp_path_factory.mktemp("ray")
    tiny.lexlip().save_pretrained(folder / "model")
    shards(folder / "in", COUNTS)
    encode_images(LexLip.from_pretrained(folder / "model"), folder / "in" / SHARDS, folder / "one", batch_size=1)
    return folder


@pytest.fixture(scope="module", autouse=True)
def two_workers() -> Iterator[None]:
    """A Ray with two cores on this machine, which reports its usage to nobody."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def encoded(folder: Path, source: Path, output: Path) -> None:
    model = folder / "model"
    workers = RayWorkers("local", model, Location(source), Location(output))
    encode_images(LexLip.from_pretrained(model), source, output, batch_size=1, elsewhere=workers)


def content(output: Path) -> dict[str, bytes]:
    manifest = output.with_name(f"{output.name}.manifest.json")
    return {file.name.replace(output.name, "c"): file.read_bytes() for file in (manifest, *output.iterdir())}


def workers_alive() -> set[int]:
    """Return the processes of Ray's actors that encode."""
    found = set()
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if command.read_bytes().startswith(b"ray::MapWorker"):
                found.add(int(command.parent.name))
        except OSError:  # it has ended meanwhile
            continue
    return found


def test_a_worker_that_is_killed_costs_nothing_but_time(folder: Path, tmp_path: Path) -> None:
    records = tmp_path / ".c.partial"
    killed: list[int] = []
    done_before: list[int] = []

    def kill() -> None:
        while not list(records.glob("part-*.json")):
            time.sleep(0.005)
        done_before.append(len(list(records.glob("part-*.json"))))
        killed.append(max(workers_alive()))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    encoded(folder, folder / "in" / SHARDS, tmp_path / "c")
    killer.join(1)
    assert killed and done_before[0] < len(COUNTS), "it was killed on the way"
    assert content(tmp_path / "c") == content(folder / "one")


def test_an_error_of_a_worker_is_said_as_one_process_says_it(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "in" / "00000.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.tar: this tar can't be read after member"):
        encoded(folder, tmp_path / "cut.tar", tmp_path / "c")


def test_what_the_workers_can_t_share_is_refused(folder: Path, tmp_path: Path) -> None:
    model = LexLip.from_pretrained(folder / "model")
    workers = RayWorkers("local", folder / "model", Location(folder), Location(tmp_path))
    with pytest.raises(InputError, match="--ray writes no --patches"):
        encode_images(model, folder / "in" / SHARDS, tmp_path / "c", patches=tmp_path / "s", elsewhere=workers)


def test_a_relative_folder_of_states_is_the_one_that_the_command_sees(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the workers were started elsewhere
    model, source, output = folder / "model", folder / "in" / "00000.tar", tmp_path / "c"
    workers = RayWorkers("local", model, Location(source), Location(output))
    encode_images(LexLip.from_pretrained(model), source, output, states=Path("states"), elsewhere=workers)
    assert any((tmp_path / "states").iterdir())
