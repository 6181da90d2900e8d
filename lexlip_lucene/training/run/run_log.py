"""The log of a training run, `log.csv` and TensorBoard's event files in one folder, and its curves as a picture.

    step,name,value
    0,loss/contrast,5.545177459716797
    0,active/images,212.5

One figure a line, so that steps may have different figures. It is the log of only numbers: messages for people
go to `progress`.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.written import require_file, written_file

FILE = "log.csv"

HEADER = "step,name,value\n"

FLUSH_SECONDS = 10
"""Delay of TensorBoard's files; the CSV has none."""

WINDOWS = 50
"""A drawn curve is the mean over a fiftieth of its points, with the points themselves pale behind it."""

COLUMNS = 3
"""Panels beside each other in the picture."""

_STYLE: Any = {
    "font.family": "DejaVu Sans",  # matplotlib brings it along
    "font.size": 10,
    "svg.hashsalt": "lexlip",  # ids in the SVG are the same for the same data
    "axes.edgecolor": "#888888",
    "text.color": "#222222",
    "axes.labelcolor": "#222222",
}
_PALE, _LINE = "#9ecae1", "#17456e"


class Figure(NamedTuple):
    """One line of the log; `value` may be infinite or no number, as a loss that blew up is."""

    step: int
    name: str
    value: float


class RunLog:
    """The writer of a run's figures; a context manager.

    Args:
        folder: of the log; made if it does not exist.
        resumed_at: the first step that will be written. What an earlier run wrote of this step and later ones is
            cut, so that the log of a resumed run equals that of an unbroken one; 0 starts a new log.

    Raises:
        InputError: the log of the earlier run is not such a log.
        OutputError: it can't be written.
    """

    def __init__(self, folder: Path, *, resumed_at: int = 0) -> None:
        self._path = folder / FILE
        earlier = read_log(self._path) if resumed_at and self._path.exists() else []
        kept = [figure for figure in earlier if figure.step < resumed_at]
        with written_file(self._path, force=True) as file:
            file.write(HEADER.encode())
            file.writelines(_line(figure).encode() for figure in kept)
        self._file: IO[str] = self._path.open("a", encoding="utf-8", newline="")
        self._events = SummaryWriter(str(folder), purge_step=resumed_at, flush_secs=FLUSH_SECONDS)

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._events.close()

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """Add the figures of one step; they are in the file when this returns, even if the run is killed then.

        Raises:
            OutputError: the disk is full.
        """
        try:
            for name, value in figures.items():
                self._file.write(_line(Figure(step, name, float(value))))
                self._events.add_scalar(name, float(value), step)
            self._file.flush()
        except OSError as error:
            raise OutputError(f"could not write {self._path}: {error.strerror or error}") from error


def read_log(path: Path) -> list[Figure]:
    """Read a `log.csv`, whose last line may be cut short by a kill.

    Raises:
        InputError: no such file, another header, or (file:line) not a step, a name and a number.
    """
    whole = require_file(path, "log").read_text(encoding="utf-8")
    lines = whole[: whole.rfind("\n") + 1].splitlines(keepends=True)
    if not lines or lines[0] != HEADER:
        raise InputError(f"{path}: a log begins with the line {HEADER.strip()!r}; this file is something else")
    return [_parsed(line, f"{path}:{number}") for number, line in enumerate(lines[1:], start=2)]


def draw_curves(csv: Path, svg: Path, names: Sequence[str]) -> None:
    """Draw figures of a log over the steps, a panel each, as an SVG picture.

    Args:
        csv: the `log.csv` of a run.
        svg: the picture; an existing one is replaced.
        names: the figures to draw, in this order.

    Raises:
        InputError: `csv` is not a log, no name is given, or the log has no figure of a name.
        OutputError: the picture can't be written.
    """
    import matplotlib
    from matplotlib.figure import Figure as Picture

    points: dict[str, list[tuple[int, float]]] = {}
    for figure in read_log(csv):
        points.setdefault(figure.name, []).append((figure.step, figure.value))
    if not names or (unknown := [name for name in names if name not in points]):
        asked = unknown[0] if names else "no name"
        raise InputError(f"{csv}: figures of the log are needed, got {asked!r}; it has {', '.join(sorted(points))}")
    columns = min(COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    with matplotlib.rc_context(_STYLE), written_file(svg, force=True) as file:
        picture = Picture(figsize=(3.6 * columns, 2.6 * rows), layout="constrained", facecolor="white")
        for place, name in enumerate(names, start=1):
            _panel(picture.add_subplot(rows, columns, place), name, np.array(points[name]))
        picture.savefig(file, format="svg", metadata={"Date": None})


def _panel(axes: Any, name: str, points: NDArray[np.float64]) -> None:
    steps, values = points.T
    width = max(1, len(values) // WINDOWS)
    if width > 1:
        axes.plot(steps, values, color=_PALE, linewidth=0.6)
    mean = np.convolve(values, np.full(width, 1 / width), mode="valid")
    axes.plot(steps[width - 1 :], mean, color=_LINE, linewidth=1.4)
    axes.set_title(name, fontsize=10)
    axes.set_xlabel("step")
    axes.grid(color="#e6e6e6")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _line(figure: Figure) -> str:
    if any(mark in figure.name for mark in ",\n\r"):
        raise InputError(f"the name of a figure must have no comma and no line break, got {figure.name!r}")
    return f"{figure.step},{figure.name},{figure.value!r}\n"


def _parsed(line: str, where: str) -> Figure:
    try:
        step, name, value = line.rstrip("\n").split(",")
        return Figure(int(step), name, float(value))
    except ValueError:
        raise InputError(f"{where}: a line of a log is step,name,value, got {line.strip()!r}") from None
