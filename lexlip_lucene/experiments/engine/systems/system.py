"""The interface of a system in the bench: what it builds, whether it is installed, and how it is opened.

A new system is one file with a subclass of `System`, and a line in `registry.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeAlias

from lexlip_lucene.experiments.engine.systems.engine import Engine
from lexlip_lucene.progress import Progress


class Job(NamedTuple):
    """A build: the folder of shards to read, the threads it may take, and where it says how far it is."""

    collection: Path
    threads: int
    progress: Progress


Maker: TypeAlias = Callable[[Job, Path], Path]
"""Builds at a path, where a file or folder may be already, and returns what `System.open` takes."""


def no_points(terms: int) -> dict[str, Engine]:
    """Return the operating points of a system that has none."""
    return {}


class Opened(NamedTuple):
    """An open index.

    Attributes:
        close: closes it.
        ordinary: an engine, whose memory is measured.
        exact: name → an engine that claims to be exact. Each is timed in every cell, and compared with ours.
        approximate: the name of its approximate search; None if it has none.
        points: number of query terms → operating points of that search to try, by name.
    """

    close: Callable[[], None]
    ordinary: Engine
    exact: Mapping[str, Engine]
    approximate: str | None = None
    points: Callable[[int], Mapping[str, Engine]] = no_points


class System(ABC):
    """A system of the bench.

    Attributes:
        name: as it is asked for.
        module: the module whose presence says that it is installed; None: it always is.
        package: the distribution that brings it, whose version the report shows.
    """

    name: ClassVar[str]
    module: ClassVar[str | None] = None
    package: ClassVar[str | None] = None

    @property
    def installed(self) -> bool:
        """True if its package is installed."""
        return self.module is None or find_spec(self.module) is not None

    @abstractmethod
    def build(self, job: Job, target: Path) -> Path:
        """Build the index of `job` at `target` in place of what is there; return what `open` takes."""

    def makers(self) -> dict[str, Maker]:
        """Return all that is built: its index, and variants whose names begin with its name and a comma."""
        return {self.name: self.build}

    def made_from(self) -> dict[str, Any]:
        """Return what an index depends on beside the documents, as JSON values."""
        return {}

    def load(self) -> None:
        """Load the libraries, so that only the index is measured as its memory."""
        if self.module is not None:
            import_module(self.module)

    @abstractmethod
    def open(self, path: Path) -> Opened:
        """Open the index that `build` left."""
