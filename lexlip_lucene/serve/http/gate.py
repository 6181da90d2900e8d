"""A few threads that do the blocking work, and a bounded number of requests that wait for them.

The threads live as long as the server, since each that has called Java stays attached to the JVM. A thread can't be
stopped from outside: work of several steps calls `check_time` between them, and so ends soon after its request did. A
single step, such as one search or one picture, is bounded by what may be asked for, and keeps its place here until it
ends: what runs at once stays bounded whatever is asked.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event, Lock, local
from typing import Any, TypeVar

from lexlip_lucene.serve.http.problems import Busy, TooSlow

Result = TypeVar("Result")

CLOSING_SECONDS = 2.0
"""The time that work which nobody waits for any more may take to end when the server ends."""

_here = local()
"""Of the thread that works: `over`, the event that its request's time is up."""


def check_time() -> None:
    """End the work of this thread when nobody waits for it any more.

    Raises:
        TooSlow: the request was answered meanwhile. Outside of a `Gate` time is never up.
    """
    over: Event | None = getattr(_here, "over", None)
    if over is not None and over.is_set():
        raise TooSlow("the request was answered before its work was done")


class Gate:
    """Lets `workers` pieces of work run at a time and `waiting` more wait, each for `seconds` in all."""

    def __init__(self, name: str, *, workers: int, waiting: int, seconds: float) -> None:
        self._name = name
        self._room = workers + waiting
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._inside: set[Future[Any]] = set()
        self._lock = Lock()

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run `work` in a thread and return what it returns.

        Raises:
            Busy: no room; nothing was begun.
            TooSlow: the time is up; work that had begun ends at its next `check_time`.
        """
        over = Event()

        def timed() -> Result:
            _here.over = over
            try:
                return work()
            finally:
                _here.over = None

        with self._lock:
            if len(self._inside) >= self._room:
                raise Busy(f"{self._room} {self._name} are under way, more than can be answered: ask again in a second")
            future = self._threads.submit(timed)
            self._inside.add(future)
        future.add_done_callback(self._left)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._seconds)
        except TimeoutError:
            raise TooSlow(f"not done after {self._seconds:g} s: ask for less, or again when less is going on") from None
        finally:
            over.set()

    def close(self, *, seconds: float = CLOSING_SECONDS) -> bool:
        """Let go of the threads: drop what waits, and give what runs `seconds`; return whether it ended by then."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            inside = list(self._inside)
        return not wait(inside, timeout=seconds).not_done

    def _left(self, future: Future[Any]) -> None:
        with self._lock:
            self._inside.discard(future)
