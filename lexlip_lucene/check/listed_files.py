"""Files compared with a list of names and SHA-256."""

from collections.abc import Mapping
from pathlib import Path

from lexlip_lucene.check.kind import DamageError
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import sha256_of


def require_listed(folder: Path, listed: Mapping[str, str], there: set[str], source: Path) -> tuple[int, int]:
    """Compare every file that `source` lists; return how many files and bytes were compared.

    Args:
        folder: where the files are.
        listed: name → SHA-256.
        there: names of the files that are in `folder`.
        source: the file that lists them, for messages.

    Raises:
        DamageError: a file is missing, is not listed, or has another SHA-256.
        InputError: a file can't be read.
    """
    total = 0
    for name, sha256 in sorted(listed.items()):
        path = folder / name
        if name not in there:
            raise DamageError(f"{path} is missing, but {source} lists it")
        try:
            found = sha256_of(path)
            total += path.stat().st_size
        except OSError as error:
            raise InputError(f"can't read {path}: {error.strerror}") from error
        if found != sha256:
            raise DamageError(f"{path} is damaged or was changed: {source} says SHA-256 {sha256}, but it has {found}")
    for name in sorted(there - listed.keys()):
        raise DamageError(f"{folder / name} is there, but {source} does not list it")
    return len(listed), total
