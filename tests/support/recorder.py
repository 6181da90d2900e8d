"""A progress that records its calls."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class Recorder:
    """`notes`: the lines said; `tracked`: label, items that passed, and the total announced, when a track ended."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.tracked: list[tuple[str, int, int | None]] = []

    def track(self, items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
        count = 0
        for item in items:
            yield item
            count += 1
        self.tracked.append((label, count, total))

    def note(self, text: str) -> None:
        self.notes.append(text)
