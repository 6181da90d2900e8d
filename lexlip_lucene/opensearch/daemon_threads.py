"""Requests in threads that the end of the process does not wait for, however long the cluster is silent."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from functools import partial
from threading import Thread
from typing import TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def begin(request: Callable[[], Answer]) -> Future[Answer]:
    """Begin a request in a thread, and return its answer to come."""
    answer: Future[Answer] = Future()
    _run(partial(_settle, answer, request))
    return answer


def answers(request: Callable[[Asked], Answer], asked: Sequence[Asked], threads: int) -> Generator[Answer, None, None]:
    """Yield the answer to each of `asked`, in their order, while so many threads make requests.

    Once the reader meets an error, or has had enough and closes this, no further request begins.
    """
    to_come: list[Future[Answer]] = [Future() for _ in asked]
    waiting = deque(zip(to_come, asked, strict=True))

    def work() -> None:
        while waiting:
            try:
                answer, one = waiting.popleft()
            except IndexError:  # another thread took the last
                return
            _settle(answer, partial(request, one))

    for _ in range(min(threads, len(asked))):
        _run(work)
    try:
        for answer in to_come:
            yield answer.result()
    finally:
        waiting.clear()


def _run(work: Callable[[], None]) -> None:
    Thread(target=work, name="lexlip-cluster", daemon=True).start()


def _settle(answer: Future[Answer], request: Callable[[], Answer]) -> None:
    try:
        answer.set_result(request())
    except BaseException as error:  # every kind goes to the thread that waits for the answer
        answer.set_exception(error)
