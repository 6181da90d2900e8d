"""`lexlip check`: is what is on disk what was written?"""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from lexlip_lucene.cli.verb import Debug, Json, answer, verb
from lexlip_lucene.errors import LexlipError


@verb
def check(
    path: Annotated[
        Path,
        typer.Argument(help="An index, a collection, encoded queries, a model, or a patch store.", show_default=False),
    ],
    full: Annotated[
        bool, typer.Option("--full", help="Of an index: also run Lucene's CheckIndex, which reads every posting.")
    ] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare files with their checksums.

    Ends with 1 and the first file that differs, or with 0. What carries no checksums (a collection of other tools, a
    model from before them) can't be compared, which is said and no error.

    \b
    Example: lexlip check photos-index
    """
    from lexlip_lucene.check.check import kind_of
    from lexlip_lucene.check.kind import DamageError

    kind = kind_of(path)
    begun = time.monotonic()
    record: dict[str, Any] = {"ok": None, "kind": kind.name, "path": path.absolute(), "files": 0, "bytes": 0}
    try:
        checked = kind.check(path, full=full)
    except LexlipError as error:
        if json:
            found = False if isinstance(error, DamageError) else None
            record |= {"ok": found, "seconds": time.monotonic() - begun, "error": str(error)}
            answer(record, "", as_json=True)
        raise
    seconds = time.monotonic() - begun
    record |= {"ok": True if checked.compared else None, "files": checked.files, "bytes": checked.bytes}
    record |= {"seconds": seconds, "note": checked.note}
    size = f"{checked.files} files, {checked.bytes} bytes, in {seconds:.1f} s"
    said = f"{kind.name}, as it was written" if checked.compared else f"{kind.name}, not compared: {checked.note}"
    answer(record, f"{path}: {said} ({size})", as_json=json)
