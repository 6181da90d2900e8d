"""The progress of long work. The library stays silent unless its caller hands it a `Progress`.

`for item in progress.track(items, "encoding", total)` reports each item; `progress.note(text)` says one line.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """The listener that a long function tells how far it is."""

    def track(self, items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
        """Yield `items` and report how many of `total` are done, at which rate, and the time left."""
        ...

    def note(self, text: str) -> None:
        """Say one line."""
        ...


class Silent:
    """Reports nothing: the library's default."""

    def track(self, items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
        """Yield `items` as they are."""
        yield from items

    def note(self, text: str) -> None:
        """Say nothing."""


class Lines:
    """Plain lines on stderr, at most one every `seconds_between` seconds: for logs and pipes."""

    def __init__(self, seconds_between: float = 10.0) -> None:
        self.seconds_between = seconds_between

    def track(self, items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
        """Yield `items`; print count, rate and time left now and then, and once at the end."""
        begun = said = time.monotonic()
        done = 0
        for item in items:
            yield item
            done += 1
            now = time.monotonic()
            if now - said >= self.seconds_between:
                said = now
                self.note(_line(label, done, total, now - begun))
        self.note(_line(label, done, total, time.monotonic() - begun))

    def note(self, text: str) -> None:
        """Print `text` on stderr."""
        print(text, file=sys.stderr, flush=True)


class Bars:
    """A progress bar with rate and time left on a terminal (rich, on stderr)."""

    def track(self, items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
        """Yield `items` under a bar."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        rate = TextColumn("{task.fields[rate]}")
        with Bar(*columns, rate, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
            task = bar.add_task(label, total=total, rate="")
            begun = time.monotonic()
            for done, item in enumerate(items, start=1):
                yield item
                bar.update(task, advance=1, rate=f"{done / max(time.monotonic() - begun, 1e-9):.1f}/s")

    def note(self, text: str) -> None:
        """Print `text` on stderr."""
        print(text, file=sys.stderr, flush=True)


SILENT = Silent()


def for_terminal() -> Progress:
    """Return bars when stderr is a terminal, plain lines otherwise."""
    return Bars() if sys.stderr.isatty() else Lines()


def _line(label: str, done: int, total: int | None, seconds: float) -> str:
    rate = done / max(seconds, 1e-9)
    if total is None or done >= total:
        return f"{label}: {done} in {seconds:.1f} s ({rate:.1f}/s)"
    return f"{label}: {done}/{total} ({rate:.1f}/s, {(total - done) / max(rate, 1e-9):.0f} s left)"
