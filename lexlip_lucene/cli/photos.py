"""`lexlip photos`: a folder of one's own photos, indexed, kept in step and searched."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lexlip_lucene.cli.pictures import Outside
from lexlip_lucene.cli.search_one import one_query
from lexlip_lucene.cli.serve import HOST, PORT, open_served, run_server
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb

if TYPE_CHECKING:
    from socket import socket

    from lexlip_lucene.photos.photo_index import PhotosReport

LISTED = 10
"""Rejected files that are listed; all are in the manifest."""


@verb
def photos(
    folder: Annotated[Path, typer.Argument(help="Folder of photos; nothing in it is changed.")],
    output: Annotated[
        Path | None,
        typer.Option(help="Folder of the index; FOLDER.lexlip, beside it, unless given.", show_default=False),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="Model folder, or the name of a shipped one; the index's own, or as --views says, unless given."
        ),
    ] = None,
    query: Annotated[str | None, typer.Option(help="Answer this query here, and open no page.")] = None,
    k: Annotated[int, typer.Option("-k", help="Hits of --query.")] = 10,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="KEY=VALUE",
            help="With --query: only photos of this folder, year, month, camera or place.",
        ),
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.")] = PORT,
    serve: Annotated[bool, typer.Option(help="Open the page, until Ctrl-C; --query opens none.")] = True,
    views: Annotated[
        Literal["fast", "all"] | None,
        typer.Option(help="Look at a photo once (model photos-fast), or several times (photos); fast without a GPU."),
    ] = None,
    top_k: Annotated[int | None, typer.Option("--top-k", help="Heaviest tokens kept a photo.")] = None,
    bits: Annotated[int | None, typer.Option(help="Impacts in 1..2^bits-1.")] = None,
    max_pixels: Annotated[
        int | None, typer.Option("--max-pixels", help="Largest width times height that is decoded.")
    ] = None,
    allow_truncated: Annotated[
        bool | None, typer.Option(help="Also read pictures that were cut; what is missing is blank.")
    ] = None,
    looks: Annotated[
        bool | None,
        typer.Option(help="Also what photos look like: visual words, learned from the photos when first asked for."),
    ] = None,
    relearn_looks: Annotated[
        bool, typer.Option("--relearn-looks", help="Learn the visual words again, from the photos as they are now.")
    ] = False,
    outside: Outside = False,
    device: Annotated[str, typer.Option(help="torch device: auto, cpu, cuda, …")] = "auto",
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Search your own photos: index what is new or changed.

    Encodes what is new or changed, drops what is gone, and opens the page. Photos that were encoded before are not
    encoded again, also if they were renamed or moved. A run that is cut short resumes the next time. Options that are
    not given stay as they were. With another model or other --views, --top-k, --bits, --max-pixels, --allow-truncated
    or --looks all photos are encoded again, as with --force. With --looks near-duplicates are found by `lexlip
    duplicates` and on the page.

    \b
    Example: lexlip photos ~/Pictures --query "two dogs in the snow"
    """
    from lexlip_lucene.photos.model_choice import Wanted
    from lexlip_lucene.photos.photo_index import default_home, update_photos
    from lexlip_lucene.progress import for_terminal

    with _page(port) if serve and query is None else nullcontext() as bound:
        report = update_photos(
            folder,
            output or default_home(folder),
            Wanted(model, views, bits, top_k, max_pixels, allow_truncated, looks, relearn_looks),
            outside=outside,
            device=device,
            force=force,
            progress=for_terminal(),
        )
        _list_rejected(report)
        if query is not None:
            _answer_query(report, query, k, filters or [], as_json=json)
        elif bound is None:
            answer(_record(report), _as_text(report), as_json=json)
        else:
            _open_page(folder, report, bound, as_json=json)


def _page(port: int) -> "socket":
    """Return the socket of the page: a port that is taken is said before the work."""
    from lexlip_lucene.serve.server import listen

    return listen(HOST, port)


def _answer_query(report: "PhotosReport", query: str, k: int, filters: list[str], *, as_json: bool) -> None:
    found = one_query(report.index, query, report.model, k=k, filters=filters)
    record = {**_record(report), **found.record, "unknown": found.record.get("unknown", [])}
    answer(record, f"{_as_text(report)}\n{found.text}", as_json=as_json)


def _open_page(folder: Path, report: "PhotosReport", bound: "socket", *, as_json: bool) -> None:
    served = open_served(report.index, report.model, folder, None, None)
    record, text = _record(report), _as_text(report)
    run_server(
        served,
        HOST,
        bound,
        lambda at: answer({**record, "url": at}, f"{text}\nsearch them at {at} (Ctrl-C ends it)", as_json=as_json),
    )


def _record(report: "PhotosReport") -> dict[str, Any]:
    return {
        "documents": report.documents,
        **report.counts._asdict(),
        "rejected": len(report.rejected),
        "encoded": report.encoded,
        "hidden": report.hidden,
        **({} if report.visual_words is None else {"visual_words": report.visual_words, "model": report.model}),
        "index": report.index.absolute(),
        "collection": report.collection.absolute(),
        "seconds": report.seconds,
    }


def _as_text(report: "PhotosReport") -> str:
    counts = [f"{number} {name}" for name, number in report.counts._asdict().items() if number]
    rejected = f"; {len(report.rejected)} files rejected" if report.rejected else ""
    here = Path.cwd()
    home = report.home.relative_to(here) if report.home.is_relative_to(here) else report.home
    return (
        f"{home}: {report.documents} photos ({', '.join(counts) or 'nothing has changed'}), "
        f"{report.encoded} encoded in {report.seconds:.1f} s{rejected}"
    )


def _list_rejected(report: "PhotosReport") -> None:
    """Say on stderr which files were rejected, and what reads those that only lack a package."""
    from lexlip_lucene.data.images import NEEDS_HEIC
    from lexlip_lucene.vectors.manifest import manifest_path

    for id, reason in list(report.rejected.items())[:LISTED]:
        print(f"rejected: {id}: {reason}", file=sys.stderr)
    if len(report.rejected) > LISTED:
        more = len(report.rejected) - LISTED
        print(f"rejected: {more} more, listed in {manifest_path(report.collection)}", file=sys.stderr)
    if heic := sum(NEEDS_HEIC in reason for reason in report.rejected.values()):
        print(f"{heic} HEIC files were passed over: {NEEDS_HEIC}", file=sys.stderr)
