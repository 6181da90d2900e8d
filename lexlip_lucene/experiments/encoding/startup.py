"""The cost of the first hit, from the shell: `python -m lexlip_lucene.experiments.encoding.startup INDEX --model M`.

Two commands take turns: `lexlip search INDEX --query …`, and `lexlip serve INDEX` with one request for the same query.
The result has the median and the range of each in seconds of wall time (of `serve` until the answer is there) and of
CPU, user and system, and the most memory in MB. `lexlip` has no verb for it.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson

QUERY = "two dogs run through the snow"


class Cost(NamedTuple):
    """The cost of one command: seconds of wall time and of CPU, and the most memory in MB (10^6 bytes)."""

    wall: float
    cpu: float
    memory: float


def search_cost(index: Path, model: Path, query: str) -> Cost:
    """Run `lexlip search` once; RuntimeError if it finds nothing."""
    begun = time.perf_counter()
    command = ["search", str(index), "--model", str(model), "--query", query, "--json"]
    process = subprocess.Popen(_lexlip(command), stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as out:
        said = out.read()
    cost = _ended(process, time.perf_counter() - begun)
    _require_hits(said)
    return cost


def serve_cost(index: Path, model: Path, query: str) -> Cost:
    """Run `lexlip serve` until it has answered one query; RuntimeError if it finds nothing."""
    begun = time.perf_counter()
    with _served(index, model) as (process, url):
        asked = f"{url.rstrip('/')}/api/search?{urllib.parse.urlencode({'query': query})}"
        with urllib.request.urlopen(asked) as answer:
            said = answer.read()
        wall = time.perf_counter() - begun
        process.send_signal(signal.SIGINT)
        cost = _ended(process, wall)
    _require_hits(said)
    return cost


def report(costs: Sequence[Cost]) -> dict[str, dict[str, float]]:
    """Return the median, the least and the most of each part of `costs`."""
    parts = zip(Cost._fields, zip(*costs, strict=True), strict=True)
    return {name: {"median": statistics.median(each), "least": min(each), "most": max(each)} for name, each in parts}


@contextmanager
def _served(index: Path, model: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    command = ["serve", str(index), "--model", str(model), "--port", "0", "--json"]
    process = subprocess.Popen(_lexlip(command), stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield process, orjson.loads(process.stdout.readline())["url"]
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _lexlip(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "lexlip_lucene", *command]


def _require_hits(said: bytes) -> None:
    if not said or not orjson.loads(said)["hits"]:
        raise RuntimeError("the query finds nothing: take an index of photos")


def _ended(process: subprocess.Popen[bytes], wall: float) -> Cost:
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def main() -> None:
    """Measure and print one JSON object."""
    program = "python -m lexlip_lucene.experiments.encoding.startup"
    parser = argparse.ArgumentParser(
        prog=program, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("index", type=Path, help="index folder")
    parser.add_argument("--model", type=Path, required=True, help="model folder, or the name of a shipped one")
    parser.add_argument("--query", default=QUERY)
    parser.add_argument("--times", type=int, default=7, help="runs of each command")
    arguments = parser.parse_args()
    costs: dict[str, list[Cost]] = {"search": [], "serve": []}
    for _ in range(arguments.times):
        costs["search"].append(search_cost(arguments.index, arguments.model, arguments.query))
        costs["serve"].append(serve_cost(arguments.index, arguments.model, arguments.query))
    print(orjson.dumps({name: report(each) for name, each in costs.items()}).decode())


if __name__ == "__main__":
    main()
