"""A kind of result that can be checked, and what a check finds."""

from pathlib import Path
from typing import NamedTuple, Protocol

from lexlip_lucene.errors import LexlipError


class DamageError(LexlipError):
    """A file is not what the checksums that were written with it say."""


class Checked(NamedTuple):
    """The result of a check that found no damage.

    `compared` is false where there was nothing to compare with; `note` says why, or is empty.
    """

    compared: bool
    files: int
    bytes: int
    note: str = ""


class Kind(Protocol):
    """A kind of result. A new one is a module with such an object, named in `check.py`."""

    name: str

    def recognises(self, path: Path) -> bool:
        """Say if `path`, which exists, is of this kind; a damaged one is, too."""

    def check(self, path: Path, *, full: bool) -> Checked:
        """Compare what is at `path` with the checksums that were written with it.

        Args:
            path: of this kind.
            full: look at more than checksums, where the kind has more.

        Raises:
            DamageError: the first file that differs, is missing, or is too many.
            LexlipError: the check itself can't be done: no permission, no Java.
        """
