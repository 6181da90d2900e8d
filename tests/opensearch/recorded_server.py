"""A server that answers what a test laid down, and keeps what it was sent."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

from lexlip_lucene.opensearch.cluster_address import ClusterAddress


class Recorded(BaseHTTPRequestHandler):
    """Answers with what the test laid down, and keeps what was sent."""

    answer: tuple[int, Any] = (200, {})
    seen: ClassVar[list[tuple[str, str, str | None, str]]] = []

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.seen.append((self.command, self.path, self.headers.get("Authorization"), body))
        status, said = self.answer
        text = json.dumps(said).encode() if not isinstance(said, bytes) else said
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def recorded() -> Iterator[ClusterAddress]:
    """Run the server; yield the address of an index below a proxy's path."""
    Recorded.answer, Recorded.seen = (200, {}), []
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorded) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield ClusterAddress.of(f"http://127.0.0.1:{server.server_port}/proxy/photos")
        server.shutdown()
