"""The demo's `report.html`: the table, and for a dozen queries the images found with the words that matched.

One file with its pictures inside, so that it can be sent to somebody.
"""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import ChoiceLoader, Environment, PackageLoader, select_autoescape

from lexlip_lucene.files.written import written_file
from lexlip_lucene.pictures.score_bar import Contribution, bar_of
from lexlip_lucene.pictures.token_colour import token_colour

HITS_SHOWN = 5
QUERIES_SHOWN = 12


class ShownHit(NamedTuple):
    """An image found: `picture` is a data URI; `terms`, heaviest first, are none where the system gives no reasons."""

    rank: int
    docid: str
    score: str
    picture: str
    relevant: bool
    terms: Sequence[Contribution]


class ShownQuery(NamedTuple):
    """A query with what each system found; the ranks are of the image searched for, None where it is missing."""

    text: str
    weights: Mapping[str, int]
    rank: int | None
    bm25_rank: int | None
    lexlip: list[ShownHit]
    bm25: list[ShownHit]


def picture_uri(path: Path) -> str:
    """Return a PNG file as a data URI."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def write_report(
    path: Path,
    *,
    figures: Mapping[str, Mapping[str, float]],
    facts: Mapping[str, str],
    queries: Sequence[ShownQuery],
    force: bool = False,
) -> None:
    """Write the report.

    Args:
        path: the file.
        figures: system → measure → fraction.
        facts: what to say about the run, name → text.
        queries: the queries to show.
        force: overwrite.
    """
    loaders = [PackageLoader("lexlip_lucene.demo", "."), PackageLoader("lexlip_lucene.pictures", ".")]
    environment = Environment(
        loader=ChoiceLoader(loaders), autoescape=select_autoescape(default=True), trim_blocks=True
    )
    environment.globals.update(bar_of=bar_of, colour=token_colour)
    page = environment.get_template("report.html").render(figures=figures, facts=facts, queries=queries)
    with written_file(path, force=force) as file:
        file.write(page.encode())
