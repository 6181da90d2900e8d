"""Running the application: a socket, uvicorn, and an end that lets what is under way finish."""

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from lexlip_lucene.errors import InputError
from lexlip_lucene.serve.limits import LONGEST_LINK

GRACE_SECONDS = 5
"""How long requests under way may take to end when the server is told to."""


class Announcing(uvicorn.Server):
    """Calls `ready` when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._told = ready

    def ready(self) -> None:
        """Say that requests are answered."""
        self._told()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets)
        if self.started:
            self.ready()


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
        bound.bind((host, port))
    except OSError as error:
        if bound is not None:
            bound.close()
        raise InputError(
            f"can't listen on port {port} of {host!r}: {error.strerror or error}: choose another --port or --host"
        ) from None
    return bound


def run(app: FastAPI, bound: socket.socket, *, connections: int, ready: Callable[[], None]) -> None:
    """Serve until the process is told to end by SIGINT or SIGTERM, which then ends it as it would any other.

    Args:
        app: the application.
        bound: what `listen` returned.
        connections: open at a time.
        ready: called once when requests are answered.
    """
    Announcing(config_of(app, connections), ready).run(sockets=[bound])


def config_of(app: FastAPI, connections: int) -> uvicorn.Config:
    """Return how uvicorn serves the application."""
    return uvicorn.Config(
        app,
        access_log=False,  # queries are nobody's business
        log_level="warning",
        server_header=False,
        limit_concurrency=connections,
        http="h11",
        h11_max_incomplete_event_size=LONGEST_LINK,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
