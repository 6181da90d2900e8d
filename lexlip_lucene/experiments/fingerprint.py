"""Fingerprints of built files: they tell if a build is unchanged, and if its recipe would still build the same.

    built.json    {"fingerprint": sha256 of the parts: settings, sha256 of files, versions,
                   "outputs": {"index/segments_1": {"size": bytes, "sha256": of its bytes}, …}}

Names are relative to the folder of built.json; an output that is a folder is listed with every file below it. A build
is made again if one of its files is gone or has another content; later files do not matter.

It is written last and removed first, so that a build that stops half-way is not taken for an earlier one.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from lexlip_lucene.files.written import sha256_of, written_file


class _Stamp(NamedTuple):
    fingerprint: str
    outputs: dict[Path, tuple[int, str]]


def is_built(folder: Path, parts: Sequence[str]) -> bool:
    """Return whether the outputs of `mark_built` were made from `parts` and are unchanged."""
    stamp = _stamp_in(folder)
    return stamp is not None and stamp.fingerprint == _fingerprint(parts) and _unchanged(stamp.outputs)


def unmark(folder: Path) -> None:
    """Remove the mark of an earlier build."""
    (folder / "built.json").unlink(missing_ok=True)


def mark_built(folder: Path, parts: Sequence[str], outputs: Iterable[Path]) -> None:
    """Record that `outputs`, files and folders in `folder` or near it, were made from `parts`, with their hashes."""
    files = {}
    for output in outputs:
        below = _files_of(output)
        assert below, f"{output} was built, so it must have files"
        for file in below:
            name = Path(os.path.relpath(file, folder)).as_posix()
            files[name] = {"size": file.stat().st_size, "sha256": sha256_of(file)}
    stamp = {"fingerprint": _fingerprint(parts), "outputs": files}
    with written_file(folder / "built.json", force=True) as target:
        target.write(orjson.dumps(stamp, option=orjson.OPT_APPEND_NEWLINE))


def _stamp_in(folder: Path) -> _Stamp | None:
    """Read built.json; return None if it is missing, or names no outputs, as earlier versions wrote it."""
    try:
        stamp = orjson.loads((folder / "built.json").read_bytes())
        outputs = {folder / name: (file["size"], file["sha256"]) for name, file in stamp["outputs"].items()}
        return _Stamp(stamp["fingerprint"], outputs)
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _unchanged(outputs: dict[Path, tuple[int, str]]) -> bool:
    # Sizes come first: they cost nothing, and most changes show there.
    if not outputs or not all(file.is_file() and file.stat().st_size == size for file, (size, _) in outputs.items()):
        return False
    return all(sha256_of(file) == sha256 for file, (_, sha256) in outputs.items())


def _files_of(output: Path) -> list[Path]:
    return sorted(path for path in output.rglob("*") if path.is_file()) if output.is_dir() else [output]


def _fingerprint(parts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
