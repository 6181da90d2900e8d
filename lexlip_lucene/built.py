"""Is what a recipe built still what it would build? A folder keeps the fingerprint of what it was made from.

    built.json    {"fingerprint": sha256 of the parts: settings, and sha256 of files}

It is written last and removed first, so that a build that stops half-way is not taken for the earlier one.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import orjson

from lexlip_lucene.files import written_file


def is_built(folder: Path, parts: Sequence[str], last: str) -> bool:
    """Whether `last`, what a build makes last, is there and was made from `parts`."""
    stamp = folder / "built.json"
    return (folder / last).exists() and stamp.is_file() and stamp.read_bytes() == _stamp(parts)


def unmark(folder: Path) -> None:
    """Forget what was built before."""
    (folder / "built.json").unlink(missing_ok=True)


def mark_built(folder: Path, parts: Sequence[str]) -> None:
    """Say that what is in the folder was made from `parts`."""
    with written_file(folder / "built.json", force=True) as file:
        file.write(_stamp(parts))


def _stamp(parts: Sequence[str]) -> bytes:
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return orjson.dumps({"fingerprint": digest}, option=orjson.OPT_APPEND_NEWLINE)
