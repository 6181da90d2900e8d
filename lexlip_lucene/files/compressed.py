"""Files that may be compressed, known by their first bytes and not by their names: gzip is read, others are refused."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import require_file

_GZIP = b"\x1f\x8b"

_OTHERS = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip",
}

DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)
"""Exceptions of reading a gzip file that was cut or changed."""


@contextmanager
def opened(path: Path, what: str) -> Iterator[IO[bytes]]:
    """Open a file for reading bytes, decompressed where it is gzip.

    Args:
        path: the file.
        what: what the file is, for messages ("topics", "run").

    Raises:
        InputError: no such file, no permission, compressed by something else, or, while it is read, damaged gzip.
    """
    try:
        with require_file(path, what).open("rb") as file:
            first = file.peek(8)[:8]
            for magic, name in _OTHERS.items():
                if first.startswith(magic):
                    raise InputError(
                        f"{what}: {path} is compressed by {name}, and only gzip is read: decompress it first"
                    )
            if first.startswith(_GZIP):
                with gzip.GzipFile(fileobj=file) as plain:
                    yield cast(IO[bytes], plain)
            elif first and path.suffix.lower() == ".gz":
                raise InputError(f"{what}: can't read {path}: its name ends in .gz, but it is not gzip")
            else:
                yield file
    except DAMAGED as error:
        raise InputError(f"{what}: can't read {path}: it is gzip, and damaged ({error})") from error
    except OSError as error:
        raise InputError(f"{what}: can't read {path}: {error.strerror or error}") from error


def without_gz(path: Path) -> Path:
    """Return the path of a compressed file without its ending: `a.jsonl` for `a.jsonl.gz`."""
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path
