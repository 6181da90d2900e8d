"""The outlines of the shapes, as corners of polygons around the origin; size and turn come in when drawing."""

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""Corners (corner, 2) in drawing order: x to the right, y down."""

SMOOTH = 48
"""Corners of a round outline."""


def outline(shape: str) -> tuple[Points, ...]:
    """Return the polygon of a shape, followed by that of its hole, if any."""
    if shape == "ring":
        return _arc(1.0, 0, 360), _arc(0.52, 0, 360)
    return (_OUTLINES[shape],)


def fitted(polygons: tuple[Points, ...], *, turn: float, side: float) -> list[Points]:
    """Turn polygons by `turn` degrees and stretch them evenly so that the first just fits a square of `side`."""
    angle = np.radians(turn)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = [points @ rotation for points in polygons]
    low, high = turned[0].min(axis=0), turned[0].max(axis=0)
    scale = side / (high - low).max()
    return [(points - (low + high) / 2) * scale + side / 2 for points in turned]


def _arc(radius: float, start: float, end: float) -> Points:
    """Return points on a circle around the origin from `start` to `end`, in degrees clockwise from the right."""
    angles = np.radians(np.linspace(start, end, SMOOTH))
    return np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)


def _star() -> Points:
    angles = np.radians(np.arange(10) * 36 - 90)
    radii = np.where(np.arange(10) % 2 == 0, 1.0, 0.42)
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)


def _heart() -> Points:
    """Return the curve x = 16 sin³ t, y = 13 cos t − 5 cos 2t − 2 cos 3t − cos 4t."""
    t = np.linspace(0, 2 * np.pi, SMOOTH)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([16 * np.sin(t) ** 3, -y], axis=1)


def _crescent() -> Points:
    """Return a circle less another: the two arcs meet at 50° and 310° on the first."""
    return np.concatenate([_arc(1.0, 50, 310), _arc(0.82, 291, 69) + (0.35, 0.0)])


def _corners(*points: tuple[float, float]) -> Points:
    return np.array(points, dtype=float)


_THIRD = 0.36

_OUTLINES = {
    "circle": _arc(1.0, 0, 360),
    "square": _corners((-1, -1), (1, -1), (1, 1), (-1, 1)),
    "triangle": _corners((0, -0.9), (1, 0.85), (-1, 0.85)),
    "star": _star(),
    "heart": _heart(),
    "cross": _corners(
        *((-_THIRD, -1), (_THIRD, -1), (_THIRD, -_THIRD), (1, -_THIRD), (1, _THIRD), (_THIRD, _THIRD)),
        *((_THIRD, 1), (-_THIRD, 1), (-_THIRD, _THIRD), (-1, _THIRD), (-1, -_THIRD), (-_THIRD, -_THIRD)),
    ),
    "diamond": _corners((0, -1), (0.72, 0), (0, 1), (-0.72, 0)),
    "crescent": _crescent(),
    "arrow": _corners((0, -1), (0.85, 0), (0.32, 0), (0.32, 1), (-0.32, 1), (-0.32, 0), (-0.85, 0)),
}
