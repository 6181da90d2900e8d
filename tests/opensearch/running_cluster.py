"""A real OpenSearch on this machine: stock jars from Maven Central, one JVM a node, so that a kill is a kill.

Environment: LEXLIP_OPENSEARCH_JARS is the folder of the jars, one in ~/.cache/lexlip-tests unless set. It is filled
once.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
_POM = (HERE / "pom.xml").read_bytes()
VERSION = re.findall("<opensearch>(.+)</opensearch>", _POM.decode())[0]
JARS = f"opensearch-{VERSION}-{hashlib.sha256(_POM).hexdigest()[:8]}"
"""Name of the folder with the jars that the pom names."""

PATIENCE = 120.0
"""Seconds after which a node will not start any more."""

HEAP = "-Xmx512m"


def _missing(said: str) -> None:
    """Skip the test, or fail it in CI."""
    pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)


def jars() -> Path:
    """Return the folder with the jars of a node, filled by Maven if it is not there."""
    home = Path.home() / ".cache" / "lexlip-tests"
    folder = Path(os.environ.get("LEXLIP_OPENSEARCH_JARS", home / JARS))
    if folder.is_dir():
        return folder
    if shutil.which("mvn") is None:
        _missing("no Maven on this machine: `apt-get install maven` lets the tests of a cluster fetch OpenSearch")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        command = ["mvn", "-q", "-B", "-f", HERE / "pom.xml", "dependency:copy-dependencies"]
        done = subprocess.run(
            [*map(str, command), "-DincludeScope=runtime", f"-DoutputDirectory={work}/jars"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            _missing(f"Maven can't fetch OpenSearch {VERSION}: {(done.stdout + done.stderr)[-500:]}")
        try:
            (Path(work) / "jars").rename(folder)
        except OSError:  # another process was first
            if not folder.is_dir():
                raise
    return folder


def compiled(folder: Path) -> Path:
    """Compile the launcher into `folder`, and return it."""
    if shutil.which("javac") is None:
        _missing("no javac on this machine: `apt-get install openjdk-17-jdk-headless` lets the tests of a cluster run")
    source = HERE / "java" / "OpenSearchNode.java"
    subprocess.run(["javac", "-cp", f"{jars()}/*", "-d", str(folder), str(source)], check=True, capture_output=True)
    return folder


def free_ports(number: int) -> list[int]:
    """Return ports that are free now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class RunningNode:
    """One node, alone in its JVM.

    Args:
        name: the node's name in its cluster.
        folder: its home; its data stays there from one start to the next.
        classes: folder of the compiled launcher.
        port: of HTTP.
        settings: further settings, `name=value`.
    """

    def __init__(self, name: str, folder: Path, classes: Path, port: int, settings: Sequence[str]) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self._log = folder / f"{name}.log"
        home = folder / name
        (home / "config").mkdir(parents=True, exist_ok=True)
        self._command = [
            *("java", HEAP, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.disable.jmx=true"),
            *("-cp", f"{classes}:{jars()}/*", "OpenSearchNode", str(home)),
            *("network.host=127.0.0.1", f"http.port={port}", f"node.name={name}"),
            *("cluster.name=lexlip-test", "cluster.routing.allocation.disk.threshold_enabled=false", *settings),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the JVM; `wait` says when the node answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)

    @property
    def pid(self) -> int:
        """Id of the JVM's process."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End the JVM at once, as `kill -9` does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._end()

    def stop(self) -> None:
        """Let the node end, or end it if it does not."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._end()

    def _end(self) -> None:
        assert self._process is not None
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None

    def wait(self, nodes: int) -> None:
        """Wait until the node answers and sees a cluster of `nodes` nodes."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                health = self.ask("GET", "/_cluster/health")
                if health["number_of_nodes"] >= nodes and health["discovered_cluster_manager"]:
                    return
            except (urllib.error.URLError, ConnectionError, KeyError, TimeoutError):
                pass
            assert self._process is not None and self._process.poll() is None, self._log.read_text()[-2000:]
            assert time.monotonic() < deadline, self._log.read_text()[-2000:]
            time.sleep(0.1)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer of a request by hand, without any client of ours."""
        return self.send(method, path, None if body is None else json.dumps(body).encode())

    def send(self, method: str, path: str, body: bytes | None) -> Any:
        """Return the answer of a request with these bytes."""
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)


class RunningCluster:
    """Nodes of one cluster, each killed and restarted by its name: `a`, `b`, `c`."""

    def __init__(self, folder: Path, names: Sequence[str] = ("a", "b", "c")) -> None:
        classes = folder / "classes"
        classes.mkdir()
        compiled(classes)
        ports = free_ports(2 * len(names))
        transports = ports[len(names) :]
        seeds = ",".join(f"127.0.0.1:{port}" for port in transports)
        together = [f"discovery.seed_hosts={seeds}", f"cluster.initial_cluster_manager_nodes={','.join(names)}"]
        if len(names) == 1:
            together = ["discovery.type=single-node"]
        self.nodes = {
            name: RunningNode(name, folder, classes, port, [f"transport.port={transport}", *together])
            for name, port, transport in zip(names, ports[: len(names)], transports, strict=True)
        }
        for node in self.nodes.values():
            node.start()
        self.wait()

    @property
    def url(self) -> str:
        """Address of all nodes, as a user types it."""
        return "http://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes.values())

    def kill(self, name: str) -> None:
        """Kill a node."""
        self.nodes[name].kill()

    def restart(self, name: str) -> None:
        """Start a node again, with the data that it had, and wait until it is back."""
        self.nodes[name].start()
        self.wait()

    def wait(self) -> None:
        """Wait until all nodes are in one cluster."""
        for node in self.nodes.values():
            node.wait(len(self.nodes))

    def close(self) -> None:
        """End all nodes."""
        for node in self.nodes.values():
            node.stop()
