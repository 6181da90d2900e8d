"""A few threads that do the blocking work, and a bounded number of requests that wait for them.

The threads live as long as the server, since each that has called Java stays attached to the JVM. A request whose
time is up is answered, but its work can't be stopped and keeps its place here until it ends: what runs at once stays
bounded whatever is asked.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

from lexlip_lucene.serve.problems import Busy, TooSlow

Result = TypeVar("Result")


class Gate:
    """Lets `workers` pieces of work run at a time and `waiting` more wait, each for `seconds` in all."""

    def __init__(self, name: str, *, workers: int, waiting: int, seconds: float) -> None:
        self._name = name
        self._room = workers + waiting
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._inside = 0
        self._count = Lock()

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do `work` in a thread and return what it returns.

        Raises:
            Busy: no room; nothing was begun.
            TooSlow: the time is up; work that had begun goes on.
        """
        with self._count:
            if self._inside >= self._room:
                raise Busy(f"{self._room} {self._name} are under way, more than can be answered: ask again in a second")
            self._inside += 1
        future = self._threads.submit(work)
        future.add_done_callback(self._left)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._seconds)
        except TimeoutError:
            raise TooSlow(f"not done after {self._seconds:g} s: ask for less, or again when less is going on") from None

    def close(self) -> None:
        """Let go of the threads; what waits is dropped, what runs is waited for."""
        self._threads.shutdown(cancel_futures=True)

    def _left(self, _: Future[Any]) -> None:
        with self._count:
            self._inside -= 1
