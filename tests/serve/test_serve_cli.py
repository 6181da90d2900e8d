"""`lexlip serve` as a process: its address, its output and its end."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from support import served
from support.cli_run import lexlip
from support.served import Place

from lexlip_lucene.cli.serve import HOST
from lexlip_lucene.serve.http.limits import DOCID_CHARACTERS, LONGEST_LINK, QUERY_CHARACTERS, WEIGHTS_CHARACTERS

INTERRUPTIBLE = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # pytest may run with it ignored
    "from lexlip_lucene.cli.main import main; main()",
]
PATIENCE = 300.0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return served.make(tmp_path_factory.mktemp("served"))


@contextmanager
def started(place: Place, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run the command on a free port; yield the process and the one object that it prints once it answers."""
    command = [*INTERRUPTIBLE, "serve", *place.arguments, "--port", "0", "--json", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, orjson.loads(process.stdout.readline())
        finally:
            process.kill()


def test_it_says_where_it_answers_and_listens_only_on_this_machine(place: Place) -> None:
    with started(place) as (process, record):
        assert record["url"].startswith(f"http://{HOST}:") and HOST == "127.0.0.1"
        assert (record["documents"], record["images"], record["bm25"]) == (28, 28, True)
        listening = {
            bytes.fromhex(line.split()[1].split(":")[0])
            for table in ("tcp", "tcp6")
            for line in Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]
            if line.split()[3] == "0A"
            and int(line.split()[1].split(":")[1], 16) == int(record["url"][:-1].split(":")[-1])
        }
        assert listening == {bytes([127, 0, 0, 1])[::-1]}
        page = httpx2.get(record["url"], params={"query": "red circle"})
        assert page.status_code == 200 and 'id="query" name="query"' in page.text and "val/red-circle-0" in page.text
        longest = {
            "query": "𝄞" * QUERY_CHARACTERS,
            "like": "𝄞" * DOCID_CHARACTERS,
            "weights": "𝄞" * 100 + ":1 " + "a:1 " * ((WEIGHTS_CHARACTERS - 300) // 4) + "b:1",
        }
        answer = httpx2.get(f"{record['url']}api/search", params=longest, timeout=60)
        assert answer.status_code == 200 and len(str(answer.request.url)) < LONGEST_LINK


@pytest.mark.parametrize(("sent", "status", "said"), [(signal.SIGINT, 130, "interrupted\n"), (signal.SIGTERM, -15, "")])
def test_a_signal_ends_it_after_what_is_under_way(sent: signal.Signals, status: int, said: str, place: Place) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'
    body = part + (place.images / "0.png").read_bytes() + b"\r\n--b--\r\n"
    head = f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n"
    with started(place) as (process, record):
        at = ("127.0.0.1", int(record["url"][:-1].split(":")[-1]))
        first = {"image": (place.images / "0.png").read_bytes()}
        deadline = time.monotonic() + PATIENCE
        while httpx2.post(f"{record['url']}api/encode", files=first, timeout=PATIENCE).status_code != 200:
            assert time.monotonic() < deadline  # the first picture loads torch, which a busy machine may not do in time
        with socket.create_connection(at, timeout=PATIENCE) as client:
            client.sendall(f"POST /api/encode HTTP/1.1\r\nHost: {at[0]}\r\n{head}\r\n".encode())
            assert client.recv(1000).startswith(b"HTTP/1.1 100 ")  # the request is under way
            process.send_signal(sent)
            deadline = time.monotonic() + PATIENCE
            while answers(at):
                assert time.monotonic() < deadline
            client.sendall(body)
            assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
        _, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, err) == (status, said)


def test_the_options_for_a_proxy_reach_the_server(place: Place) -> None:
    options = ["--allow-host", "photos.example", "--root-path", "/photos/", "--proxy", "127.0.0.0/8"]
    with started(place, *options, "--allow-cross-site") as (_, record):
        search = f"{record['url']}photos/api/search?query=red&k=1"
        for headers, status in (
            ({"Host": "photos.example"}, 200),
            ({"Host": "other.example"}, 421),
            ({"X-Forwarded-Host": "other.example"}, 421),
            ({"Sec-Fetch-Site": "cross-site"}, 200),
        ):
            assert httpx2.get(search, headers=headers).status_code == status
        (hit,) = httpx2.get(search).json()["hits"]
        assert hit["image"] == "/photos/images/val%2Fred-circle-0"


def answers(at: tuple[str, int]) -> bool:
    try:
        socket.create_connection(at, timeout=PATIENCE).close()
    except ConnectionError:
        return False
    return True


def test_without_pictures_and_captions_only_the_words_are_served(place: Place) -> None:
    arguments = ["serve", str(place.index), "--model", str(place.model), "--port", "0", "--json"]
    with subprocess.Popen([*INTERRUPTIBLE, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = orjson.loads(process.stdout.readline())["url"]
        (hit,) = httpx2.get(f"{url}api/search", params={"query": "red", "k": 1}).json()["hits"]
        assert (hit["docid"], hit["image"], hit["caption"]) == ("val/red-circle-0", None, None)
        assert httpx2.get(f"{url}api/search", params={"query": "red", "system": "bm25"}).status_code == 404
        page = httpx2.get(url, params={"query": "red", "hit": "val/red-circle-0"}).text
        assert "No picture of this document is at hand." in page and 'aria-label="Search with"' not in page
        process.kill()


def test_what_is_missing_or_wrong_is_one_line_before_anything_listens(place: Place, tmp_path: Path) -> None:
    index, model = str(place.index), str(place.model)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for arguments, said in (
            ([str(tmp_path / "no"), "--model", model], "no such folder"),
            ([index, "--model", str(tmp_path / "no")], "no"),
            ([index, "--model", model, "--images", str(tmp_path / "no")], "no such folder"),
            ([index, "--model", model, "--captions", str(tmp_path / "no")], "no such file or folder"),
            ([str(place.bm25), "--model", model], "an index of kind impact is needed here, got bm25"),
            ([index, "--model", model, "--bm25", index], "an index of kind bm25 is needed here, got impact"),
            ([index, "--model", model, "--port", "65536"], "--port must be in 0..65535, got 65536"),
            (
                [index, "--model", model, "--port", port],
                f"can't listen on port {port} of '127.0.0.1': Address already in use",
            ),
            ([index, "--model", model, "--host", "192.0.2.1", "--port", "0"], "can't listen on port 0 of '192.0.2.1'"),
        ):
            assert said in lexlip("serve", *arguments).error, arguments


def test_a_model_of_another_vocabulary_is_refused(place: Place, tmp_path: Path) -> None:
    from lexlip_lucene.lucene.index.commit import commit_facts, write_facts
    from lexlip_lucene.lucene.index.impact_index import ImpactIndex

    ImpactIndex.build(place.root / "collection", tmp_path / "index")
    write_facts(tmp_path / "index", {**commit_facts(tmp_path / "index"), "vocabulary_sha256": "0" * 64})
    error = lexlip("serve", tmp_path / "index", "--model", place.model).error
    assert "was made with vocabulary 000000000000" in error
