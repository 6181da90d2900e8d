"""A scene drawn as a small picture: a background, objects with their texture and shadow, light and a little noise.

The same scene always gives the same pixels. Colours waver from object to object and the light from picture to
picture, so that no colour is one number.
"""

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from PIL import Image, ImageDraw

from lexlip_lucene.demo.backgrounds import Canvas, background
from lexlip_lucene.demo.outlines import fitted, outline
from lexlip_lucene.demo.scene import SIDE, Scene, SceneObject

RGB = {
    "red": (216, 28, 36),
    "orange": (248, 132, 20),
    "yellow": (252, 222, 44),
    "green": (32, 146, 60),
    "turquoise": (48, 206, 194),
    "blue": (36, 76, 212),
    "purple": (134, 48, 170),
    "pink": (248, 142, 190),
    "brown": (112, 66, 34),
    "white": (250, 250, 250),
    "black": (24, 24, 28),
}

FINE = 4
"""An object is drawn this much larger and then shrunk, for smooth edges."""

TURN = 12.0
"""Degrees an object is turned at most: a square stays a square, a diamond a diamond."""

COLOUR_JITTER = 8.0
NOISE = 5.0
"""Standard deviations in steps of brightness (0 to 255), per object and channel and per pixel and channel."""

SHADOW = 0.3
"""Share of the light that a shadow takes; it falls one pixel to the right and down."""

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in brightness (ITU-R BT.601)."""

BRIGHT = 130
"""Brightness between that of red, green, blue, purple and brown and that of orange, turquoise and the lighter ones."""

Colour = npt.NDArray[np.float64]
"""Red, green and blue, (3,), 0 to 255."""

Share = npt.NDArray[np.float64]
"""The share of each pixel that something covers, (height, width), 0 to 1."""


def draw(scene: Scene) -> Image.Image:
    """Draw a scene: an RGB image of SIDE × SIDE pixels."""
    rng = np.random.default_rng(scene.seed)
    noise = rng.normal(0, NOISE, (SIDE, SIDE, 3))
    light = _light(rng)
    canvas = background(scene.background, rng)
    for thing in scene.objects:
        _paint(canvas, thing, rng)
    lit = canvas * light[:, :, None] + noise
    return Image.fromarray(np.clip(np.rint(lit), 0, 255).astype(np.uint8))


def _light(rng: Generator) -> Share:
    """Return brightness that falls off evenly in some direction, about 1."""
    across, down = rng.uniform(-0.1, 0.1, 2)
    ramp = np.linspace(-1, 1, SIDE)
    light: Share = rng.uniform(0.9, 1.05) + across * ramp[None, :] + down * ramp[:, None]
    return light


def _paint(canvas: Canvas, thing: SceneObject, rng: Generator) -> None:
    left, top, right, bottom = thing.box
    cover = _cover(thing, rng.uniform(-TURN, TURN))[:, :, None]
    colour = np.array(RGB[thing.colour]) + rng.normal(0, COLOUR_JITTER, 3)
    pattern = _pattern(thing.texture, right - left, rng)[:, :, None]
    paint = colour + pattern * (_ink(colour) - colour)
    canvas[top + 1 : bottom + 1, left + 1 : right + 1] *= 1 - SHADOW * cover
    behind = canvas[top:bottom, left:right]
    behind += cover * (paint - behind)


def _cover(thing: SceneObject, turn: float) -> Share:
    side = (thing.box.right - thing.box.left) * FINE
    mask = Image.new("L", (side, side))
    pen = ImageDraw.Draw(mask)
    polygons = fitted(outline(thing.shape), turn=turn, side=side - 1)
    for polygon, fill in zip(polygons, (255, 0), strict=False):
        pen.polygon([(x, y) for x, y in polygon.tolist()], fill=fill)
    return np.asarray(mask.reduce(FINE), dtype=float) / 255


def _pattern(texture: str, side: int, rng: Generator) -> Share:
    """Return the places where the second colour of a texture shows, (side, side)."""
    if texture == "plain":
        return np.zeros((side, side))
    wave = 2 * np.pi / max(4.0, side / 4.5)
    angle = rng.uniform(-0.3, 0.3)
    middle = np.arange(side) - (side - 1) / 2
    x, y = middle[None, :], middle[:, None]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    if texture == "striped":
        ridges = np.sin(wave * across)
    elif texture == "spotted":
        ridges = np.cos(wave * along) + np.cos(wave * across) - 0.9
    else:
        ridges = 2 * np.sin(wave / 1.6 * along) * np.sin(wave / 1.6 * across)
    shows: Share = np.clip(ridges * 3 + 0.5, 0, 1)
    return shows


def _ink(colour: Colour) -> Colour:
    """Return the second colour of a textured object: a pale one on a dark colour, a dark one on a light colour."""
    towards, share = (255, 0.8) if np.dot(colour, LUMA) < BRIGHT else (0, 0.6)
    return colour + share * (towards - colour)
