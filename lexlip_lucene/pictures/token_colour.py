"""The colour of a token: a pure function of the token, so that it is the same in every cloud, bar, chip and map.

The hue comes from the token's SHA-256, the brightness is the same for all, so that each can be read as text: against
white its contrast is 5.25, against black 9 (WCAG 2.2 asks for 4.5). A token that names a colour has that hue: "red" in
blue would be a riddle.
"""

import colorsys
import hashlib
from functools import lru_cache

from PIL.ImageColor import colormap, getrgb

ON_LIGHT, ON_DARK = 0.15, 0.4
"""Relative luminance (WCAG 2.2) of colours for a white and for a dark page."""

_SATURATIONS = (0.5, 0.7, 0.95)
_CHROMA = 0.1
_KEPT = 1 << 14
"""Colours that are kept: a page shows the same hundreds again and again, and one takes 0.1 ms or two."""

_STEPS = 24
"""Halvings until lightness is as exact as 8 bits a channel need."""


@lru_cache(_KEPT)
def token_colour(token: str) -> str:
    """Return the colour of `token` on a white page: "#rrggbb"; contrast with white at least 5."""
    return _hex(*_hue_and_saturation(token), ON_LIGHT)


@lru_cache(_KEPT)
def token_colour_on_dark(token: str) -> str:
    """Return the same hue for a dark page (#333333 or darker): "#rrggbb"; contrast with #333333 at least 5."""
    return _hex(*_hue_and_saturation(token), ON_DARK)


def luminance(colour: str) -> float:
    """Return the relative luminance of "#rrggbb", 0 (black) to 1 (white), as WCAG 2.2 defines it."""
    return _luminance(*(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)))


def _hue_and_saturation(token: str) -> tuple[float, float]:
    if token in colormap:
        red, green, blue = (channel / 255 for channel in getrgb(token)[:3])
        hue, _, saturation = colorsys.rgb_to_hls(red, green, blue)
        greyish = max(red, green, blue) - min(red, green, blue) < _CHROMA  # "snow" is #fffafa, which is not red
        return hue, 0.0 if greyish else saturation
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") / 2**32, _SATURATIONS[digest[4] % len(_SATURATIONS)]


def _hex(hue: float, saturation: float, wanted: float) -> str:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _luminance(*colorsys.hls_to_rgb(hue, middle, saturation)) < wanted:
            low = middle
        else:
            high = middle
    red, green, blue = (round(255 * channel) for channel in colorsys.hls_to_rgb(hue, low, saturation))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _luminance(red: float, green: float, blue: float) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
