"""A real OpenSearch or Elasticsearch on this machine: stock jars from Maven Central, one JVM a node.

So a kill is a kill. Environment: LEXLIP_JARS is the folder of the jars' folders, ~/.cache/lexlip-tests unless set. Each
of these is filled once.
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
from typing import Any, NamedTuple

import pytest

HERE = Path(__file__).parent
PATIENCE = 120.0
"""Seconds after which a node will not start any more."""

HEAP = "-Xmx512m"


def _missing(said: str) -> None:
    """Skip the test, or fail it in CI."""
    pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)


class Software(NamedTuple):
    """The software of a node: jars that a pom names, and a launcher of ours.

    Attributes:
        pom: of Maven, with the version as a property.
        launcher: its source, in one class.
    """

    pom: Path
    launcher: Path

    @property
    def name(self) -> str:
        """Name and version."""
        return " ".join(re.findall("<(opensearch|elasticsearch)>(.+)</", self.pom.read_text())[0])

    def jars(self) -> Path:
        """Return the folder with the jars of a node, filled by Maven if it is not there."""
        home = Path(os.environ.get("LEXLIP_JARS", Path.home() / ".cache" / "lexlip-tests"))
        digest = hashlib.sha256(self.pom.read_bytes()).hexdigest()
        folder = home / f"{self.name.replace(' ', '-')}-{digest[:8]}"
        if folder.is_dir():
            return folder
        if shutil.which("mvn") is None:
            _missing(f"no Maven on this machine: `apt-get install maven` lets the tests fetch {self.name}")
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home) as work:
            command = ["mvn", "-q", "-B", "-f", str(self.pom), "dependency:copy-dependencies"]
            done = subprocess.run(
                [*command, "-DincludeScope=runtime", f"-DoutputDirectory={work}/jars"],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                _missing(f"Maven can't fetch {self.name}: {(done.stdout + done.stderr)[-500:]}")
            try:
                (Path(work) / "jars").rename(folder)
            except OSError:  # another process was first
                if not folder.is_dir():
                    raise
        return folder

    def compiled(self, folder: Path) -> list[str]:
        """Compile the launcher into `folder`, and return the command that starts a node, without its arguments."""
        if shutil.which("javac") is None:
            _missing("no javac on this machine: `apt-get install openjdk-17-jdk-headless` lets the tests start a node")
        folder.mkdir()
        jars = f"{self.jars()}/*"
        command = ["javac", "-cp", jars, "-d", str(folder), str(self.launcher)]
        subprocess.run(command, check=True, capture_output=True)
        options = [HEAP, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.disable.jmx=true"]
        return ["java", *options, "-cp", f"{folder}:{jars}", self.launcher.stem]


OPENSEARCH = Software(HERE / "opensearch.pom.xml", HERE / "java" / "OpenSearchNode.java")
ELASTICSEARCH = Software(HERE / "elasticsearch.pom.xml", HERE / "java" / "ElasticsearchNode.java")


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
        command: that starts a node.
        port: of HTTP.
        settings: further settings, `name=value`.
    """

    def __init__(self, name: str, folder: Path, command: Sequence[str], port: int, settings: Sequence[str]) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self._log = folder / f"{name}.log"
        home = folder / name
        (home / "config").mkdir(parents=True, exist_ok=True)
        self._command = [
            *(*command, str(home)),
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
                if health["number_of_nodes"] >= nodes and health.get("discovered_cluster_manager", True):
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
    """Nodes of one cluster, each killed and restarted by its name: `a`, `b`, `c`.

    Args:
        folder: of their homes.
        names: of the nodes.
        software: that they run.
        settings: further settings, `name=value`.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str] = ("a", "b", "c"),
        *,
        software: Software = OPENSEARCH,
        settings: Sequence[str] = (),
    ) -> None:
        command = software.compiled(folder / "classes")
        ports = free_ports(2 * len(names))
        transports = ports[len(names) :]
        seeds = ",".join(f"127.0.0.1:{port}" for port in transports)
        together = [f"discovery.seed_hosts={seeds}", f"cluster.initial_cluster_manager_nodes={','.join(names)}"]
        if len(names) == 1:
            together = ["discovery.type=single-node"]
        self.nodes = {
            name: RunningNode(name, folder, command, port, [f"transport.port={transport}", *together, *settings])
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
