"""Requests in daemon threads: their order, how many at a time, and Ctrl-C beside a cluster that never answers."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Barrier, Event, Thread, current_thread
from typing import Any, ClassVar

import pytest

from lexlip_lucene.opensearch.daemon_threads import answers, begin
from lexlip_lucene.opensearch.mapping import FORMAT

COMMAND = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # pytest may run with it ignored
    "from lexlip_lucene.cli.main import main; main()",
]


def test_answers_come_in_the_order_of_what_is_asked_from_several_threads() -> None:
    meeting = Barrier(3, timeout=60)

    def doubled(number: int) -> int:
        meeting.wait()  # three at a time, or never
        assert current_thread().daemon
        return 2 * number

    assert list(answers(doubled, range(12), 3)) == list(range(0, 24, 2))
    assert list(answers(doubled, [], 3)) == []


def test_after_an_error_no_further_request_begins() -> None:
    begun: list[int] = []
    failed = Event()

    def failing(number: int) -> None:
        begun.append(number)
        if number == 2:
            raise ValueError("two")
        if number > 2:
            assert failed.wait(60)

    found = answers(failing, range(100), 2)
    assert [next(found), next(found)] == [None, None]
    with pytest.raises(ValueError, match="two"):
        next(found)
    failed.set()
    time.sleep(0.05)
    assert len(begun) <= 5


def test_an_error_comes_with_the_answer() -> None:
    def failing() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        begin(failing).result()


class Silent(BaseHTTPRequestHandler):
    """Answers requests that end as a path of `spoken` does, and never any other."""

    spoken: ClassVar[dict[str, Any]] = {}
    waiting: ClassVar[Event]
    over: ClassVar[Event]

    def do_GET(self) -> None:
        found = next((said for end, said in self.spoken.items() if self.path.split("?")[0].endswith(end)), None)
        if found is None:
            self.waiting.set()
            self.over.wait(60)
            return
        text = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def silent(**spoken: Any) -> Iterator[str]:
    """Run the server; yield the address of an index there."""
    Silent.spoken, Silent.waiting, Silent.over = spoken, Event(), Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/photos"
        finally:
            Silent.over.set()
            server.shutdown()


MAPPING = {"photos-1": {"mappings": {"_meta": {"format": FORMAT, "kind": "impact"}}}}


@pytest.mark.parametrize(
    "spoken", [{}, {"_mapping": MAPPING, "refresh": {"indices": {}}}], ids=["at the beginning", "from a search on"]
)
def test_ctrl_c_ends_a_search_of_many_in_a_cluster_that_never_answers(spoken: dict[str, Any], tmp_path: Path) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_text("".join(f'{{"id": "{number}", "vector": {{"red": 1}}}}\n' for number in range(200)))
    with silent(**spoken) as address:
        asked = ["search", address, "--encoded", queries, "--output", tmp_path / "run.txt", "--threads", "3"]
        with subprocess.Popen([*COMMAND, *map(str, asked)], stderr=subprocess.PIPE, text=True) as process:
            assert Silent.waiting.wait(60)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)  # half of what an answer may take
    assert (process.returncode, said) == (130, "interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["queries.jsonl"]
