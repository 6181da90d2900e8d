"""Text files line by line, in UTF-8, with the place (`file:line`) that an error message names.

A line ends at a line feed (a carriage return before it is dropped) and nowhere else: a caption may hold
U+2028 or a form feed. A byte-order mark at the start of a file is dropped, empty lines are passed over. A file that is
gzip is decompressed, whatever its name.

JSON lines are read by orjson. The library jsonlines would not do: it gives no number of a valid line,
which the error of what is in it must name.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import orjson

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.compressed import opened


def text_lines(path: Path, what: str) -> Generator[str, None, None]:
    """Yield every line with its line end.

    Args:
        path: the file.
        what: what the file is, for messages ("topics", "run").

    Raises:
        InputError: no such file, no permission, a line that is not UTF-8, damaged gzip, or another compression.
    """
    with opened(path, what) as file:
        for number, raw in enumerate(file, start=1):
            try:
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise InputError(f"{path}:{number}: {what} must be UTF-8, but here is {error.reason}") from error


def read_lines(path: Path, what: str) -> Iterator[tuple[str, str]]:
    """Yield (`file:line`, line without its end) for every line that is not empty; errors as in `text_lines`."""
    for number, line in enumerate(text_lines(path, what), start=1):
        if line := line.rstrip("\r\n"):
            yield f"{path}:{number}", line


def read_full_lines(path: Path, what: str) -> Iterator[tuple[str, str]]:
    """Yield (`file:line`, line without its end) for every line of a list in which a blank line is a slip.

    Raises:
        InputError: as in `text_lines`, a blank line, or no line at all.
    """
    number = 0
    for number, line in enumerate(text_lines(path, what), start=1):
        if not line.strip():
            raise InputError(f"{path}:{number}: {what} may have no empty line, but this one is: take it out")
        yield f"{path}:{number}", line.rstrip("\r\n")
    if not number:
        raise InputError(f"{what}: at least one line is needed, but {path} is empty")


def read_json_lines(path: Path, what: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (`file:line`, object) for every line that is not empty.

    Raises:
        InputError: as in `text_lines`, or a line is not one JSON object.
    """
    for where, line in read_lines(path, what):
        yield where, json_object(line, where, what)


def json_object(line: str | bytes, where: str, what: str) -> dict[str, Any]:
    """Return the object that a line is; InputError that names `where` when it is none."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{where}: a line of a {what} must be one JSON object: {error}") from error
    if not isinstance(record, dict):
        raise InputError(f"{where}: a line of a {what} must be one JSON object, but it is {_shown(record)}")
    return record


def text_at(record: dict[str, Any], key: str, where: str) -> str:
    """Return the text under `key`; InputError that names `where` if it is missing or not a text."""
    value = _value_at(record, key, where)
    if not isinstance(value, str):
        raise InputError(f'{where}: "{key}" must be a text, but it is {_shown(value)}')
    return value


def list_at(record: dict[str, Any], key: str, where: str, *, of: type[str] | type[dict[str, Any]]) -> list[Any]:
    """Return the list under `key`, of only texts or only objects; InputError that names `where` otherwise."""
    kind = "a text" if of is str else "an object"
    value = _value_at(record, key, where)
    if not isinstance(value, list):
        raise InputError(f'{where}: "{key}" must be a list, but it is {_shown(value)}')
    for number, item in enumerate(value):
        if not isinstance(item, of):
            raise InputError(f'{where}: "{key}"[{number}] must be {kind}, but it is {_shown(item)}')
    return value


def _value_at(record: dict[str, Any], key: str, where: str) -> Any:
    if key not in record:
        raise InputError(f'{where}: the key "{key}" is missing; there are: {_shown(list(record))}')
    return record[key]


def _shown(value: Any) -> str:
    """Return a value as JSON, cut to what fits a message."""
    text = orjson.dumps(value).decode()
    return text if len(text) <= 60 else f"{text[:60]}…"
