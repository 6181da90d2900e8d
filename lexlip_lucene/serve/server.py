"""Running the application: a socket, uvicorn, and an end that lets what is under way finish."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import uvicorn
from fastapi import FastAPI

from lexlip_lucene.errors import InputError
from lexlip_lucene.serve.http.connection import Connection
from lexlip_lucene.serve.http.crowd import Crowd
from lexlip_lucene.serve.http.limits import LONGEST_LINK

GRACE_SECONDS = 5.0
"""The time that requests under way may take when the server is to end."""

LAST_WORD_SECONDS = 1.0
"""The time for which open connections may still ask, and are answered that the server ends."""

QUEUE = 4096
"""Connections that the system keeps until they are accepted."""

SEND_BUFFER = 1 << 17
"""Bytes of answers that the system takes for a connection: more would hide for long that a client takes nothing."""

SPARE_DESCRIPTORS = 64
"""For pictures that are read, and for a newer commit of the index."""


class Config(uvicorn.Config):
    """The configuration of uvicorn: at most `connections` at a time, whose clients have `patience` seconds."""

    def __init__(self, app: FastAPI, *, connections: int, patience: float = 10.0) -> None:
        self.crowd = Crowd(connections)
        protocol = partial(Connection, crowd=self.crowd, patience=patience)
        super().__init__(
            app,
            http=cast(Any, protocol),  # it is called, as a class would be
            ws="none",
            h11_max_incomplete_event_size=LONGEST_LINK,
            # So many are accepted in one go: fewer than may be open, so that each is read before it could be closed.
            backlog=max(1, connections // 2),
            access_log=False,  # queries are nobody's business
            log_level="error",  # a warning for each request that is not HTTP would let clients fill the log
            server_header=False,
            proxy_headers=False,  # see forwarded.py
            timeout_graceful_shutdown=1,  # after the grace
        )


class Announcing(uvicorn.Server):
    """Calls `ready` when it answers; ends with grace."""

    config: Config

    def __init__(self, config: Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    def ready(self) -> None:
        """Say that requests are answered."""
        self._ready()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets)
        if self.started:
            for bound in sockets or []:
                bound.listen(QUEUE)  # uvicorn's number is that of the connections accepted in one go, too
            self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End: no new connection; 503 for a new request; GRACE_SECONDS for those under way, then 503 for them, too."""
        crowd = self.config.crowd
        crowd.ending = True
        for server in self.servers:
            server.close()
        for bound in sockets or []:
            bound.close()
        now = asyncio.get_running_loop().time
        begun = now()
        while not self.force_exit and now() < begun + GRACE_SECONDS:
            asking = len(crowd) and now() < begun + LAST_WORD_SECONDS
            if not (asking or self.server_state.tasks):
                break
            await asyncio.sleep(0.05)
        for task in self.server_state.tasks:
            task.cancel()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to `host` and `port`, 0 for any that is free.

    Raises:
        InputError: the port is out of range or taken, or the host is not this machine's.
    """
    if not 0 <= port <= 65535:
        raise InputError(f"--port must be in 0..65535, got {port}")
    bound = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # its connections inherit it
        bound.bind((host, port))
    except OSError as error:
        if bound is not None:
            bound.close()
        raise InputError(
            f"can't listen on port {port} of {host!r}: {error.strerror or error}: choose another --port or --host"
        ) from None
    return bound


def run(app: FastAPI, bound: socket.socket, *, connections: int, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM ends the process, which then ends it as it would any other.

    Args:
        app: the application.
        bound: what `listen` returned.
        connections: open at a time; fewer where the process may not open as many files.
        ready: called once when requests are answered.

    Raises:
        InputError: the process may open hardly any file more.
    """
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # a warning for each broken upload, as above
    Announcing(Config(app, connections=affordable(connections)), ready).run(sockets=[bound])


def affordable(connections: int) -> int:
    """Return how many connections, at most `connections`, may be open beside what else the process opens.

    Raises:
        InputError: not even one.
    """
    if sys.platform == "win32":
        return connections
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return connections
    free = most - len(os.listdir("/dev/fd")) - SPARE_DESCRIPTORS
    room = free // 3  # see Crowd for the second part; the third has been accepted just now, or is about to close
    if room < 1:
        raise InputError(
            f"a server needs files that it may open beside the {most - free} in use or kept aside, but the limit is "
            f"{most}: raise it with `ulimit -n`"
        )
    return min(connections, room)
