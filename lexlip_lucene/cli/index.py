"""`lexlip index`: a Lucene index from a collection."""

from pathlib import Path
from typing import Annotated

import typer

from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb


@verb
def index(
    collection: Annotated[Path, typer.Argument(help="Collection folder that `lexlip encode` wrote.")],
    index: Annotated[Path, typer.Argument(help="Index folder to write.")],
    threads: Annotated[int, typer.Option(help="Indexing threads; each takes whole shards.")] = 2,
    merge: Annotated[bool, typer.Option(help="Merge to one segment, which searches fastest.")] = True,
    bm25: Annotated[bool, typer.Option("--bm25", help="Build a text index from a caption collection.")] = False,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Build a Lucene index from a collection, and check it.

    Builds an impact index from an encoded collection or, with --bm25, a text index from a caption collection (the
    folder captions/ that `lexlip topics` writes). Nothing may get lost: every count is compared.

    \b
    Example: lexlip index photos-collection photos-index
    """
    from lexlip_lucene.lucene.index import ImpactIndex, build_bm25
    from lexlip_lucene.progress import for_terminal

    build = build_bm25 if bm25 else ImpactIndex.build
    report = build(collection, index, threads=threads, merge=merge, force=force, progress=for_terminal())
    text = (
        f"{index}: {report.documents} documents ({report.empty} empty), {report.postings} postings, "
        f"{report.index_bytes} bytes, in {report.seconds:.1f} s"
    )
    answer({**report._asdict(), "index": index.absolute()}, text, as_json=json)
