"""Behaviour that needs a separate process: Ctrl-C, a closed pipe, a full stdout, a terminal."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import orjson
import pytest
from support import unprivileged
from support.cli_run import Job, whole_job

pytestmark = pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="finds processes by /proc")

COMMAND = [sys.executable, "-m", "lexlip_lucene"]
INTERRUPTIBLE = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # pytest may run with it ignored
    "from lexlip_lucene.cli.main import main; main()",
]
PATIENCE = 300.0
"""Seconds after which something that should happen has not, on a very busy machine."""

PROGRESS = ("/s)", " s left)", " with Anserini")
"""The ends of progress lines."""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return whole_job(tmp_path_factory.getbasetemp())


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline, "ended or hung before it was interrupted"
        time.sleep(0.02)


def members(group: int) -> list[str]:
    """Return the names of the living processes of a process group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it may end while we look
            name, _, rest = path.read_text().partition("(")[2].rpartition(")")
            state, _, its_group = rest.split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(name)
    return found


def has_java_child(group: int) -> bool:
    return any(name.startswith("java") for name in members(group))


def interrupt(arguments: Sequence[object], ready: Callable[[int], bool]) -> tuple[int, list[str]]:
    """Run the command in a new process group and press Ctrl-C once `ready(group)`.

    Returns the exit status, and the lines on stderr that are not progress.
    """
    with subprocess.Popen(
        [*INTERRUPTIBLE, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        try:
            wait_for(lambda: ready(process.pid), process)
            os.killpg(process.pid, signal.SIGINT)
            _, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert members(process.pid) == []
    return process.returncode, [line for line in err.splitlines() if not line.endswith(PROGRESS)]


@pytest.fixture
def many_images(job: Job, tmp_path: Path) -> Path:
    """Write a captions file of more images than four shards have, all of one picture."""
    file = next((job.root / "phötos 1%").iterdir())
    captions = tmp_path / "many.jsonl"
    with captions.open("wb") as lines:
        for number in range(4_900):  # fewer than pay for compiling
            lines.write(orjson.dumps({"id": f"{number}", "file": str(file), "split": "", "captions": []}) + b"\n")
    return captions


def test_ctrl_c_during_encode_is_one_line_and_leaves_no_collection(job: Job, many_images: Path, tmp_path: Path) -> None:
    shard = tmp_path / ".out.partial" / "shards" / "part-00000.jsonl"
    status, err = interrupt(
        ["encode", "images", many_images, tmp_path / "out", "--model", job.root / "modèle", "--outside"],
        lambda _: shard.exists() and shard.stat().st_size > 0,
    )
    assert (status, err) == (130, ["interrupted"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.partial", "many.jsonl"]


def test_ctrl_c_during_index_is_one_line_and_leaves_no_index_and_no_java(job: Job, tmp_path: Path) -> None:
    captions = job.root / "t2i" / "captions"
    status, err = interrupt(["index", captions, tmp_path / "index", "--bm25"], has_java_child)
    assert (status, err) == (130, ["interrupted"])
    assert not (tmp_path / "index").exists()


def test_ctrl_c_during_a_search_of_many_topics_is_one_line_and_leaves_no_run(job: Job, tmp_path: Path) -> None:
    queries = tmp_path / "many.jsonl"
    vector = orjson.loads((job.root / "queries.jsonl").read_bytes().splitlines()[0])["vector"]
    with queries.open("wb") as lines:
        for number in range(100_000):
            lines.write(orjson.dumps({"id": f"{number}", "contents": "", "vector": vector}) + b"\n")

    def searches(process: int) -> bool:
        """Return true once the many queries are read and the index is mapped into memory, for half a minute."""
        read = int(Path(f"/proc/{process}/io").read_text().split()[1])
        return read > queries.stat().st_size and "images index/" in Path(f"/proc/{process}/maps").read_text()

    status, err = interrupt(
        ["search", job.root / "images index", "--encoded", queries, "--output", tmp_path / "run.txt"], searches
    )
    assert (status, err) == (130, ["interrupted"])
    assert [path.name for path in tmp_path.iterdir()] == ["many.jsonl"]


def test_ctrl_c_during_the_demo_is_one_line_and_leaves_no_folder_of_it(tmp_path: Path) -> None:
    drawn = tmp_path / ".demo.partial" / "scenes"
    status, err = interrupt(
        ["demo", "--output", tmp_path / "demo"], lambda _: drawn.with_name(".scenes.partial").exists()
    )
    assert (status, err) == (130, ["interrupted"])
    assert [path.name for path in tmp_path.iterdir()] == [".demo.partial"] and not drawn.exists()


def evaluation(job: Job) -> list[str]:
    return [*COMMAND, "eval", str(job.root / "t2i" / "qrels.txt"), str(job.root / "run é.txt")]


def test_a_reader_that_has_had_enough_is_not_an_error(job: Job) -> None:
    read, write = os.pipe()
    os.close(read)
    ran = subprocess.run(evaluation(job), stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (ran.returncode, ran.stderr) == (1, b"")


def test_a_full_disk_behind_stdout_is_one_line(job: Job) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run([*evaluation(job), "--json"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr == "error: can't read or write a stream: No space left on device\n"


def test_on_a_terminal_long_work_shows_a_bar_on_stderr_and_stdout_stays_json(job: Job, tmp_path: Path) -> None:
    terminal, its_end = pty.openpty()
    asked = ["search", job.root / "images index", "--encoded", job.root / "queries.jsonl"]
    with subprocess.Popen(
        [*COMMAND, *map(str, asked), "--output", str(tmp_path / "run.txt"), "--json"],
        stdout=subprocess.PIPE,
        stderr=its_end,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(its_end)
        shown = b"".join(chunks(terminal)).decode()
        assert process.stdout is not None and orjson.loads(process.stdout.read())["topics"] == 24
    assert process.returncode == 0
    assert "searching" in shown and "━" in shown and "24/24" in shown and "/s" in shown


def chunks(terminal: int) -> Iterator[bytes]:
    """Yield the bytes written to a pseudo-terminal; the system raises an error once its other end is closed."""
    with suppress(OSError):
        while chunk := os.read(terminal, 65536):
            yield chunk
    os.close(terminal)


def test_a_path_that_may_not_be_read_is_one_line_and_status_1() -> None:
    script = """
import os
import sys
from lexlip_lucene.cli.main import main
sys.argv = ["lexlip", "eval", sys.argv[1] + "/qrels", sys.argv[1] + "/run"]
for mode in (0o644, 0):  # at first everything that is imported late is
    os.chmod(sys.argv[-1], mode)
    if not mode and os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    try:
        main()
    except SystemExit as end:
        status = end.code
sys.exit(status)
"""
    with unprivileged.open_folder() as root:
        (root / "qrels").write_text("q 0 a 1\n")
        (root / "run").write_text("q Q0 a 1 1 x\n")
        command = [sys.executable, "-c", script, str(root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and done.stdout.count("\n") == 1
        assert done.stderr == f"error: run: can't read {root}/run: Permission denied\n"
