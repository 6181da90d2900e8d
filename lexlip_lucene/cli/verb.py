"""The frame of every verb: its options, its one error line, its result as text or as one JSON object."""

import functools
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn, ParamSpec

import orjson
import typer

from lexlip_lucene.errors import InputError, LexlipError

Parameters = ParamSpec("Parameters")

Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object on stdout.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what the command would write.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a key of the recipe; a path is relative to the current folder. May be repeated.",
    ),
]

DEBUG_FLAG = "--debug"


def verb(function: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Turn a known error into one line on stderr and exit status 1, and Ctrl-C into one line and 130."""
    for annotation in inspect.get_annotations(function).values():
        for info in getattr(annotation, "__metadata__", ()):
            if hasattr(info, "readable"):
                info.readable = False  # Typer would end with 2 and a usage text; the verb names what may not be read

    @functools.wraps(function)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        try:
            _require_unicode(kwargs)
            _require_no_address(kwargs)
            function(*args, **kwargs)
        except BrokenPipeError:  # the reader of stdout has had enough (`| head`): no error, Typer ends quietly
            raise
        except (LexlipError, OSError, KeyboardInterrupt) as error:
            stop(error)

    return run


def stop(error: BaseException) -> NoReturn:
    """End the process for `error`: with 130 for Ctrl-C, else with 1 and one line (docs/guide.md)."""
    if DEBUG_FLAG in sys.argv:
        traceback.print_exception(error)
    if isinstance(error, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    print(f"error: {' '.join(_said(error).splitlines())}", file=sys.stderr)
    raise SystemExit(1) from None


def answer(record: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print the result: `record` as one JSON object, or `text` for a person."""
    # Flushed here, so that a full disk is met where it becomes an error line.
    if as_json:
        print(orjson.dumps(dict(record), default=_plain, option=orjson.OPT_SERIALIZE_NUMPY).decode(), flush=True)
    else:
        print(text, flush=True)


def percent(figures: Mapping[str, float]) -> str:
    """Return figures as people print them: `R@1 22.6  R@5 48.1`."""
    return "  ".join(f"{name} {100 * value:.2f}" for name, value in figures.items())


def _require_unicode(arguments: Mapping[str, object]) -> None:
    """Refuse bytes that are not text, which Python hides in a command line and no tokenizer takes."""
    for name, value in arguments.items():
        if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            raise InputError(f"{name} must be valid UTF-8, got {value!r}: type it again")


def _require_no_address(arguments: Mapping[str, object]) -> None:
    """Refuse an address where a path is needed, before a folder `http:` is made of it."""
    for name, value in arguments.items():
        for path in value if isinstance(value, list) else [value]:
            scheme, _, rest = str(path).partition(":/")
            if isinstance(path, Path) and scheme.lower() in ("http", "https"):
                raise InputError(
                    f"{name} must be a file or a folder, got the address {scheme}://{rest}: an index in a cluster is "
                    "for lexlip push, search, explain and serve"
                )


def _said(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"can't read or write {error.filename or 'a stream'}: {error.strerror}"
    return str(error)


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return os.fsencode(value).decode(errors="backslashreplace")  # a file name may be no text, JSON always is
    raise TypeError(f"{type(value).__name__} has no place in a result")
