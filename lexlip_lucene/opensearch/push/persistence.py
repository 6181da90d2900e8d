"""Requests that are made again while a cluster is too busy for them, or a node of it is away."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from lexlip_lucene.errors import ClusterError

Answer = TypeVar("Answer")

BUSY = (429, 502, 503, 504)
"""HTTP statuses of a request, or of one document in it, that may do better later."""

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 15.0


class Persistence:
    """The rule by which requests are made again: waits that double, until nothing has succeeded for `patience` seconds.

    Args:
        patience: seconds after which the last error is raised; 0 for no second try.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self._stop = threading.Event()

    def stop(self) -> None:
        """Give up whatever waits now, in any thread, at its next error."""
        self._stop.set()

    def ask(self, request: Callable[[], Answer]) -> Answer:
        """Return the answer of `request`, which is made again while the cluster can't take it.

        Raises:
            ClusterError: it was refused, or patience is at its end.
        """
        waits = self.waits()
        while True:
            try:
                return request()
            except ClusterError as error:
                if not is_passing(error) or not waits.wait():
                    raise

    def waits(self) -> "Waits":
        """Begin to count the time without success."""
        return Waits(self.patience, self._stop)


class Waits:
    """The waits since something last succeeded."""

    def __init__(self, patience: float, stop: threading.Event) -> None:
        self._patience, self._stop = patience, stop
        self.succeeded()

    def succeeded(self) -> None:
        """Begin again with the shortest wait."""
        self._begun, self._next = time.monotonic(), _FIRST_WAIT

    def wait(self) -> bool:
        """Wait, twice as long as the last time; return False without waiting once patience is at its end."""
        left = self._begun + self._patience - time.monotonic()
        if left <= 0 or self._stop.wait(min(self._next, left)):
            return False
        self._next = min(2 * self._next, _LONGEST_WAIT)
        return True


def is_passing(error: ClusterError) -> bool:
    """Say if the request may be taken later: the cluster was busy, or could not be reached."""
    return error.status is None or error.status in BUSY
