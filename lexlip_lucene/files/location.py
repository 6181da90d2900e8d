"""The location of a file or a folder: a path on this machine, or a URL that fsspec reads and writes.

    photos/00000.tar    file:///data/00000.tar      on this machine
    s3://bucket/00000.tar    https://host/00000.tar  elsewhere

fsspec is loaded with the first URL, and each kind of URL may need a package of its own, such as s3fs, whose own
settings and environment say who the user is.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, unquote

from lexlip_lucene.errors import InputError, LexlipError, OutputError
from lexlip_lucene.files.written import require_file, written_file

NEEDS_REMOTE = "pip install 'lexlip-lucene[remote]' reads and writes URLs"
"""The end of the error without fsspec."""

_HERE = "file://"


def is_url(text: str) -> bool:
    """Return True if `text` is a URL, and no path: it has a scheme before `://`."""
    return re.match(r"[A-Za-z][\w+.:-]*://", text) is not None


def path_or_url(text: str) -> "Location":
    """Return the location that an argument of the command names."""
    return Location(text)


class Location:
    """A file or a folder, which may be missing. As text it has neither password nor signature.

    Args:
        address: a path or a URL; `file://` is a path.
    """

    def __init__(self, address: str | Path) -> None:
        self.address = os.fspath(address)
        self.path = None if is_url(self.address) and not self.address.startswith(_HERE) else self._here()

    def _here(self) -> Path:
        return Path(self.address.removeprefix(_HERE))

    def __str__(self) -> str:
        if self.path is not None:
            return os.fsencode(self.path).decode(errors="backslashreplace")
        text = re.sub(r"//[^/@]*@", "//", self.address)
        return re.sub(r"\?.*", "?…", text) if self._is_web else text

    @property
    def _is_web(self) -> bool:
        return re.match(r"(\w+::)*https?://", self.address) is not None

    @property
    def name(self) -> str:
        """The last part of the path, without what follows a `?` in the address of a web page."""
        if self.path is not None:
            return self.path.name
        address = self.address.partition("?")[0] if self._is_web else self.address
        return address.rstrip("/").rpartition("/")[2]

    def absolute(self) -> str | Path:
        """Return the absolute path, or the URL as text."""
        return str(self) if self.path is None else self.path.absolute()

    @property
    def parent(self) -> "Location":
        """The folder that it is in."""
        return Location(self.path.parent if self.path is not None else self.address.rstrip("/").rpartition("/")[0])

    def child(self, name: str) -> "Location":
        """Return the location of `name` in this folder."""
        if self.path is not None:
            return Location(self.path / name)
        return Location(f"{self.address.rstrip('/')}/{quote(name) if self._is_web else name}")

    def beside(self, ending: str) -> "Location":
        """Return the location of the name with `ending` behind it."""
        if self.path is not None:
            return Location(self.path.with_name(self.path.name + ending))
        return Location(self.address.rstrip("/") + ending)

    def is_within(self, folder: "Location") -> bool:
        """Say if it is `folder`, or below it, however both are spelled."""
        return f"{self._resolved}/".startswith(f"{folder._resolved}/")

    @property
    def _resolved(self) -> str:
        if self.path is not None:
            return str(self.path.resolve())
        return f"{self._system.protocol}:{self._inner.rstrip('/')}"

    @contextmanager
    def opened(self, *, in_order: bool = False) -> Iterator[IO[bytes]]:
        """Open the file for reading bytes; one of a URL may be readable only from its beginning to its end.

        Args:
            in_order: it is read from its beginning to its end, which every web server can give.

        Raises:
            InputError: missing, not a file, or, also while it is read, not to be had.
        """
        with self._read_errors_named():
            if self.path is not None:
                with require_file(self.path, "input").open("rb") as file:
                    yield file
            else:
                streamed = {"block_size": 0} if in_order and self._is_web else {}
                with self._system.open(self._inner, "rb", **streamed) as file:
                    yield file

    def read(self) -> bytes:
        """Return the bytes of the file; errors as in `opened`."""
        with self.opened() as file:
            return file.read()

    def size(self) -> int | None:
        """Return the size of the file in bytes, None where its server does not say; errors as in `opened`."""
        with self._read_errors_named():
            if self.path is not None:
                return require_file(self.path, "input").stat().st_size
            size = self._system.info(self._inner)["size"]
            return None if size is None else int(size)

    def exists(self) -> bool:
        """Say if there is a file or a folder; errors as in `opened`."""
        with self._read_errors_named():
            return self.path.exists() if self.path is not None else bool(self._system.exists(self._inner))

    def is_folder(self) -> bool:
        """Say if there is a folder, or files under this name followed by a slash; errors as in `opened`."""
        with self._read_errors_named():
            return self.path.is_dir() if self.path is not None else bool(self._system.isdir(self._inner))

    def files(self) -> list[str]:
        """Return the names of all files below this folder of a URL, relative to it, in order; errors as in `opened`."""
        with self._read_errors_named():
            top = self._inner.rstrip("/") + "/"
            names = [found.removeprefix(top) for found in self._system.find(self._inner)]
            if self._is_web:  # a page that lists files may have links that sort it
                names = [unquote(name) for name in names if "?" not in name]
            # An object whose name ends in a slash, or is the folder's own, stands for a folder that somebody made.
            return sorted(name for name in names if name and not name.endswith("/"))

    def write(self, content: bytes) -> None:
        """Write the file, in the place of any other.

        Raises:
            OutputError: it can't be written.
        """
        if self.path is not None:
            with written_file(self.path, force=True) as file:
                file.write(content)
            return
        with self._write_errors_named():
            if self._inner.startswith("/"):  # elsewhere folders are but names, and what would be created is a bucket
                self._system.makedirs(self._system._parent(self._inner), exist_ok=True)
            self._system.pipe_file(self._inner, content)

    def remove(self) -> None:
        """Remove the file or folder of a URL, if it exists; errors as in `write`."""
        with self._write_errors_named():
            if self._system.exists(self._inner):
                self._system.rm(self._inner, recursive=True)

    @cached_property
    def _opened_system(self) -> tuple[Any, str]:
        """The file system, and the path in it."""
        try:
            from fsspec.core import url_to_fs
        except ImportError as error:
            raise InputError(f"{self}: {NEEDS_REMOTE}") from error
        try:
            system, inner = url_to_fs(self.address, **self._patience())
        except (ImportError, ValueError) as error:  # a package is missing, or no such scheme
            raise InputError(f"{self}: {self.reason(error)}") from error
        return system, str(inner)

    def _patience(self) -> dict[str, Any]:
        """Return the options by which a large file may take long, if only some bytes come each minute."""
        if not self.address.startswith(("http://", "https://")):
            return {}
        from aiohttp import ClientTimeout

        return {"client_kwargs": {"timeout": ClientTimeout(total=None, sock_connect=60, sock_read=60)}}

    @property
    def _system(self) -> Any:
        return self._opened_system[0]

    @property
    def _inner(self) -> str:
        return self._opened_system[1]

    @contextmanager
    def _read_errors_named(self) -> Iterator[None]:
        try:
            yield
        except (LexlipError, MemoryError):
            raise
        except FileNotFoundError as error:
            cause = error.__cause__
            if self._is_web and cause is not None and getattr(cause, "status", None) not in (404, 410):
                raise InputError(f"can't read {self}: {self.reason(cause)}") from cause  # fsspec says so of any answer
            raise InputError(f"no such file: {self}") from error
        except Exception as error:  # those of each store, of which some are no OSError
            raise InputError(f"can't read {self}: {self.reason(error)}") from error

    @contextmanager
    def _write_errors_named(self) -> Iterator[None]:
        try:
            yield
        except (LexlipError, MemoryError):
            raise
        except Exception as error:  # those of each store
            raise OutputError(f"could not write {self}: {self.reason(error)}") from error

    def reason(self, error: BaseException) -> str:
        """Return what an error says in one line, without the secrets of the address."""
        said = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        said = str(said).replace(self.address, str(self))
        return re.sub(r"(https?://)(?:[^/@\s]*@)?([^\s?'\"]*)\?[^\s'\"]*", r"\1\2?…", said)
