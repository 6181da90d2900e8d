"""The open connections: bounded in number, and so that slow clients shut nobody out.

A connection is worked for, or it waits for its client: for a request, or to send the rest of one and take the answer.
When one more comes than may be open, one that waits is closed: of the more frequent of these two kinds of waiting, the
one that has waited longest. So a client that asks at once is answered, however many are silent, and one that sends a
picture meanwhile is not cut off. While all are worked for, as many again may come.
"""

from typing import Protocol


class Guest(Protocol):
    """A connection that can be closed from here."""

    def turn_away(self) -> None:
        """Close, because others need the room."""


class Crowd:
    """The connections of a server, `most` at a time and never more than twice as many.

    Attributes:
        ending: whether the server ends; a request that comes now is not begun.
    """

    def __init__(self, most: int) -> None:
        self.ending = False
        self._most = most
        self._open: set[Guest] = set()
        # Both in the order in which they began to wait.
        self._silent: dict[Guest, None] = {}
        self._slow: dict[Guest, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, guest: Guest) -> None:
        """Take in a connection, which waits for a request; close another if that is one too many."""
        if len(self._open) >= self._most and (self._slow or self._silent):
            longest = next(iter(self._slow if len(self._slow) > len(self._silent) else self._silent))
            self.leave(longest)
            longest.turn_away()
        if len(self._open) >= 2 * self._most:
            guest.turn_away()
            return
        self._open.add(guest)
        self._silent[guest] = None

    def wait(self, guest: Guest, *, asked: bool) -> None:
        """Note that a connection waits for its client from now on, which has `asked` something or is silent."""
        if guest in self._open:
            (self._silent if asked else self._slow).pop(guest, None)
            (self._slow if asked else self._silent).setdefault(guest)

    def work(self, guest: Guest) -> None:
        """Note that a connection is worked for."""
        self._silent.pop(guest, None)
        self._slow.pop(guest, None)

    def leave(self, guest: Guest) -> None:
        """Forget a connection that is closed."""
        self._open.discard(guest)
        self.work(guest)
