"""Options of the verbs that read pictures: which of them are read."""

from typing import Annotated

import typer

from lexlip_lucene.data.image_limits import MAX_PIXELS

MaxPixels = Annotated[int, typer.Option("--max-pixels", help="Largest width times height that is decoded.")]
AllowTruncated = Annotated[
    bool, typer.Option("--allow-truncated", help="Also read pictures that were cut; what is missing is blank.")
]
Outside = Annotated[
    bool,
    typer.Option(
        "--outside", help="Also read files that links, '..' or absolute paths name outside of the folder that is read."
    ),
]

__all__ = ["MAX_PIXELS", "AllowTruncated", "MaxPixels", "Outside"]
