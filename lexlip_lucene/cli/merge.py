"""`lexlip merge`: an impact index in one segment."""

from pathlib import Path
from typing import Annotated

import typer

from lexlip_lucene.cli.index import answer_report
from lexlip_lucene.cli.verb import Debug, Json, verb


@verb
def merge(
    index: Annotated[Path, typer.Argument(help="Index folder.")],
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Merge an impact index to one segment.

    One segment searches fastest, and what was deleted leaves the disk. The index can be searched
    meanwhile, and stays as it was when this ends early.

    \b
    Example: lexlip merge photos-index
    """
    from lexlip_lucene.lucene.index.impact_index import ImpactIndex
    from lexlip_lucene.progress import for_terminal

    with ImpactIndex.open(index, progress=for_terminal()) as writing:
        writing.merge()
    answer_report(index, writing.report, {}, json=json)
