"""The open connections: bounded in number, and so that slow clients shut nobody out.

A connection is worked for, or it waits for its client: for a first request, for another one, or to send the rest of one
and take the answer. When one more comes than may be open, one that waits is closed: of the most frequent of these kinds
of waiting, the one that has waited longest. So a client that asks at once is answered, however many are silent, and one
that sends a picture meanwhile, or comes back, is not cut off. Work is bounded by `Gate`, to fewer requests than may be
open. While all are worked for, as many again may come.
"""

from enum import Enum, auto
from typing import Protocol


class Waits(Enum):
    """The cause of a wait: the first request of a connection, a further one, or the rest of one and its answer."""

    FIRST = auto()
    NEXT = auto()
    REST = auto()


class Guest(Protocol):
    """A connection that can be closed from here."""

    def turn_away(self) -> None:
        """Close, because others need the room."""


class Crowd:
    """The connections of a server, `most` at a time and never more than twice as many.

    Attributes:
        ending: True once the server ends; a request that comes then is not begun.
    """

    def __init__(self, most: int) -> None:
        self.ending = False
        self._most = most
        self._open: set[Guest] = set()
        self._waiting: dict[Waits, dict[Guest, None]] = {kind: {} for kind in Waits}  # each with the longest first

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, guest: Guest) -> None:
        """Take in a connection, which waits for a request; close another if that is one too many."""
        if len(self._open) >= self._most and (frequent := max(self._waiting.values(), key=len)):
            longest = next(iter(frequent))
            self.leave(longest)
            longest.turn_away()
        if len(self._open) >= 2 * self._most:
            guest.turn_away()
            return
        self._open.add(guest)
        self.wait(guest, Waits.FIRST)

    def wait(self, guest: Guest, kind: Waits) -> None:
        """Note that a connection waits for its client from now on, or still does."""
        if guest in self._open and guest not in self._waiting[kind]:
            self.work(guest)
            self._waiting[kind][guest] = None

    def work(self, guest: Guest) -> None:
        """Note that a connection is worked for."""
        for waiting in self._waiting.values():
            waiting.pop(guest, None)

    def leave(self, guest: Guest) -> None:
        """Forget a connection that is closed."""
        self._open.discard(guest)
        self.work(guest)
