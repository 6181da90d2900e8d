"""A load test of `lexlip serve`: `python -m lexlip_lucene.experiments.server FOLDER --model MODEL`.

FOLDER gets synthetic vectors (`engine/synthetic.py`), some of their tokens under names of the model's lexicon, and
their index; both are kept for the next run. The server runs as a separate process, on loopback. Clients, one
connection each, send one request after the other: texts, weighted tokens, the page's results, explanations and a
document's own vector. `--silent` adds clients that send half a request and wait, and come again when they are closed.
The result is one JSON object: errors, latency as the clients see it, and the server's resident memory (Linux only).
`lexlip` has no verb for it.
"""

import argparse
import asyncio
import itertools
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import numpy as np
import orjson

from lexlip_lucene.experiments.engine.machine import machine
from lexlip_lucene.experiments.engine.synthetic import made_up
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.progress import Progress, for_terminal
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.vectors.collection import write_shards

DOCUMENTS, CLIENTS, SECONDS = 100_000, 32, 60.0
MOST_REQUESTS = 200_000
WARM_UP = 5.0
"""Seconds before the measurement, in which the JVM compiles and postings are decoded."""

QUERY_TERMS, WORDS = 8, 3
SEED = 11

_DOCUMENTS, _QUERIES = 1, 2


class Taken(NamedTuple):
    """One request: its begin in seconds of the run, its duration, and its status (0 for a broken connection)."""

    begun: float
    seconds: float
    status: int


def made_index(folder: Path, documents: int, lexicon: tuple[str, ...], progress: Progress) -> Path:
    """Return the index of `documents` vectors below `folder`, built if it is missing."""
    index = folder / f"index-{documents}"
    if not index.exists():
        collection = folder / f"collection-{documents}"
        collection.mkdir(parents=True)
        vectors = progress.track(made_up(documents, _DOCUMENTS, "doc"), "synthetic vectors", documents)
        write_shards(collection, (Document(d.id, "", renamed(d.vector, lexicon)) for d in vectors))
        ImpactIndex.build(collection, index, progress=progress)
    return index


def renamed(vector: Impacts, lexicon: tuple[str, ...]) -> Impacts:
    """Return a synthetic vector with `tok7` as the lexicon's token 7, so that texts find something."""
    names = {int(token.partition("tok")[2]): token for token in vector}
    return {(lexicon[row] if row < len(lexicon) else token): vector[token] for row, token in names.items()}


def requests(documents: int, lexicon: tuple[str, ...], seed: int) -> Iterator[str]:
    """Yield addresses without end: of ten requests four texts, three weighted, and one of each other kind."""
    chance = random.Random(seed)
    words = [token for token in lexicon if token.isalpha()]
    vectors = [renamed(d.vector, lexicon) for d in made_up(500, _QUERIES, "query")]
    heaviest = [sorted(vector, key=lambda token: -vector[token])[:QUERY_TERMS] for vector in vectors]
    for number in itertools.count():
        text = " ".join(chance.choices(words, k=WORDS))
        docid = f"doc{chance.randrange(documents):07d}"
        weights = " ".join(f"{token}:{chance.randrange(1, 256)}" for token in chance.choice(heaviest))
        kind = number % 10
        if kind < 4:
            yield "/api/search?" + urlencode({"query": text})
        elif kind < 7:
            yield "/api/search?" + urlencode({"weights": weights})
        elif kind == 7:
            yield "/results?" + urlencode({"query": text})
        elif kind == 8:
            yield "/api/explain?" + urlencode({"weights": weights, "docid": docid})
        else:
            yield "/api/search?" + urlencode({"like": docid})


async def ask(
    host: str, port: int, addresses: Iterator[str], *, begun: float, until: float, taken: list[Taken]
) -> None:
    """Send one request after the other over one connection until the time is up."""
    reader, writer = await asyncio.open_connection(host, port)
    while (now := time.perf_counter()) < until and len(taken) < MOST_REQUESTS:
        try:
            writer.write(f"GET {next(addresses)} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
            status = int(head.split(b" ", 2)[1])
        except (OSError, ValueError, asyncio.IncompleteReadError):
            status = 0
        taken.append(Taken(now - begun, time.perf_counter() - now, status))
        if status == 0:
            writer.close()
            reader, writer = await asyncio.open_connection(host, port)
    writer.close()


async def load(url: str, *, clients: int, seconds: float, documents: int, lexicon: tuple[str, ...]) -> list[Taken]:
    """Let all clients send requests for `seconds`; return every request."""
    address = urlsplit(url)
    assert address.hostname and address.port
    taken: list[Taken] = []
    begun = time.perf_counter()
    streams = [requests(documents, lexicon, SEED + n) for n in range(clients)]
    until = begun + seconds
    asking = [ask(address.hostname, address.port, stream, begun=begun, until=until, taken=taken) for stream in streams]
    await asyncio.gather(*asking)
    return taken


async def be_silent(url: str, until: float) -> None:
    """Keep a connection open that sends half a request, and then nothing."""
    address = urlsplit(url)
    while time.perf_counter() < until:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(b"GET /api/health HTTP/1.1\r\n")
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), until - time.perf_counter())
            writer.close()


def resident_bytes(process: int) -> int:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


async def watched(process: int, every: float, memory: list[int]) -> None:
    """Append the resident memory of a process to `memory`, again and again."""
    while True:
        memory.append(resident_bytes(process))
        await asyncio.sleep(every)


def report(taken: list[Taken], seconds: float, memory: list[int]) -> dict[str, Any]:
    """Return the figures; milliseconds and bytes."""
    statuses = Counter(str(each.status) for each in taken)
    took = 1000 * np.array([each.seconds for each in taken])
    part = max(1, len(memory) // 6)
    return {
        "requests": len(taken),
        "errors": len(taken) - statuses["200"],
        "statuses": dict(statuses),
        "requests_per_second": len(taken) / seconds,
        **{f"p{share}": float(np.percentile(took, share)) for share in (50, 95, 99)},
        "longest": float(took.max()),
        "memory_first_sixth": int(np.mean(memory[:part])),
        "memory_last_sixth": int(np.mean(memory[-part:])),
        "memory_highest": max(memory),
        "memory_each_sixth": [int(np.mean(each)) for each in np.array_split(memory, min(6, len(memory)))],
    }


async def measured(
    process: "subprocess.Popen[bytes]", url: str, settings: dict[str, Any], seconds: float, silent: int
) -> dict[str, Any]:
    """Warm the server up, then measure it."""
    await load(url, seconds=WARM_UP, **settings)
    until = time.perf_counter() + seconds
    beside = asyncio.gather(*(be_silent(url, until) for _ in range(silent)))
    memory: list[int] = []
    watching = asyncio.create_task(watched(process.pid, 0.5, memory))
    taken = await load(url, seconds=seconds, **settings)
    watching.cancel()
    await beside
    return report(taken, seconds, memory)


def main() -> None:
    """Measure and print one JSON object."""
    program = "python -m lexlip_lucene.experiments.server"
    parser = argparse.ArgumentParser(
        prog=program, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="for vectors and index; kept between runs")
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--silent", type=int, default=0, help="clients that only take up room")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    arguments = parser.parse_args()
    from lexlip_lucene.encoders.model.model_config import read_config

    lexicon = read_config(arguments.model).tokens
    index = made_index(arguments.folder, arguments.documents, lexicon, for_terminal())
    settings = {"clients": arguments.clients, "documents": arguments.documents, "lexicon": lexicon}
    command = [
        sys.executable,
        "-m",
        "lexlip_lucene",
        "serve",
        index,
        "--model",
        arguments.model,
        "--port",
        "0",
        "--json",
    ]
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            url = orjson.loads(process.stdout.readline())["url"]
            figures = asyncio.run(measured(process, url, settings, arguments.seconds, arguments.silent))
        finally:
            process.terminate()
    settings_of_run = {
        "documents": arguments.documents,
        "clients": arguments.clients,
        "silent": arguments.silent,
        "seconds": arguments.seconds,
    }
    print(orjson.dumps({**settings_of_run, **figures, "machine": machine()}).decode())


if __name__ == "__main__":
    main()
