"""A scene: what is in one small picture and what people wrote about it. Values only; nothing is drawn here.

Pixels count from the top left corner: the box (10, 4, 24, 18) is 14 pixels wide and high, 10 from the left edge.
"""

from dataclasses import dataclass
from typing import NamedTuple

SIDE = 64
"""Width and height of every picture, in pixels: strides of 8, 16 and 32 divide it."""

PIXELS = {"small": (12, 14), "medium": (17, 20), "large": (25, 29)}
"""Size → smallest and largest side of an object's box, in pixels. The gaps keep the three apart at a glance."""


class Box(NamedTuple):
    """The square that an object fills, in pixels; `right` and `bottom` lie just outside it."""

    left: int
    top: int
    right: int
    bottom: int


class Look(NamedTuple):
    """The look of an object. Objects of one look form a group: "three small blue triangles"."""

    shape: str
    colour: str
    size: str
    texture: str


@dataclass(frozen=True, slots=True)
class SceneObject:
    """One object and its place. The words that each field takes are the keys of the tables in `words`."""

    shape: str
    colour: str
    size: str
    texture: str
    box: Box

    @property
    def look(self) -> Look:
        """The object without its place."""
        return Look(self.shape, self.colour, self.size, self.texture)


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture to draw, with its captions. `seed` decides all that chance decides while drawing."""

    id: str
    split: str
    objects: tuple[SceneObject, ...]
    background: str
    captions: tuple[str, ...]
    seed: int
