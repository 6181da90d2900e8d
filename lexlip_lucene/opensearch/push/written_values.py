"""The values of a line of JSON as they are written there: `1e3` stays `1e3`, as a Lucene index has it, too."""

import json
from typing import Any, NamedTuple

from lexlip_lucene.errors import InputError

_SPACE = " \t\n\r"


class Number(str):
    """A number as it is written."""


class Written(NamedTuple):
    """A value, and its JSON: a number is a `Number`."""

    value: Any
    json: str

    @property
    def text(self) -> str:
        """A text as it reads, any other value as its JSON."""
        return self.value if isinstance(self.value, str) else self.json


_DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number)


def written_values(line: bytes, where: str) -> dict[str, Written]:
    """Return the values of an object; of a key that is there twice, the last one.

    Args:
        line: a JSON object, as `json_vector.parse_line` has checked.
        where: begins an error message.

    Raises:
        InputError: a value has too many values inside each other.
    """
    text = line.decode()
    values: dict[str, Written] = {}
    at = _after(text, text.index("{") + 1)
    try:
        while text[at] != "}":
            key, at = _DECODER.raw_decode(text, at)
            begin = _after(text, _after(text, at) + 1)
            value, end = _DECODER.raw_decode(text, begin)
            values[key] = Written(value, text[begin:end])
            at = _after(text, end)
            if text[at] == ",":
                at = _after(text, at + 1)
    except RecursionError:
        raise InputError(f"{where}: a value has too many values inside each other to be kept: leave it out") from None
    return values


def _after(text: str, at: int) -> int:
    """Return the place after white space, if there is any."""
    while text[at] in _SPACE:
        at += 1
    return at
