"""`lexlip serve`: the search page and its API."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lexlip_lucene.cli.late import late_of, reranker
from lexlip_lucene.cli.open_index import open_impacts, open_texts
from lexlip_lucene.cli.place import CaFile, Insecure, Place, captions_of, places_of
from lexlip_lucene.cli.query import made_with, require_kind, require_same_vocabulary
from lexlip_lucene.cli.verb import Debug, Json, answer, verb
from lexlip_lucene.errors import InputError

if TYPE_CHECKING:
    from socket import socket

    from lexlip_lucene.serve.http.limits import Limits
    from lexlip_lucene.serve.http.reach import Reach
    from lexlip_lucene.serve.served import Served

HOST, PORT = "127.0.0.1", 8080


@verb
def serve(
    index: Annotated[str, typer.Argument(help="Impact index folder, or URL/ALIAS in a cluster.")],
    model: Annotated[
        Path | None,
        typer.Option(
            help="Model that encodes queries; needed unless a shipped one made the index.", show_default=False
        ),
    ] = None,
    images: Annotated[Path | None, typer.Option(help="Folder of the pictures; none is shown without.")] = None,
    captions: Annotated[Path | None, typer.Option(help="Captions file that names each id's picture.")] = None,
    bm25: Annotated[
        str | None,
        typer.Option(metavar="INDEX", help="BM25 index of captions, or URL/ALIAS, to compare and fuse with."),
    ] = None,
    late: Annotated[
        Path | None,
        typer.Option("--late", metavar="STORE", help="Patch store, to re-rank with where the page or a client asks."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; other machines reach 0.0.0.0.")] = HOST,
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = PORT,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Host name that requests may be for; repeat for more.")
    ] = None,
    root_path: Annotated[
        str, typer.Option(metavar="PATH", help="Path that a proxy has it below, such as /photos.")
    ] = "",
    proxy: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Address or network whose X-Forwarded-* are believed; repeat for more."),
    ] = None,
    allow_cross_site: Annotated[
        bool, typer.Option("--allow-cross-site", help="Let pages of other sites ask, and show the pictures.")
    ] = False,
    upload_megabytes: Annotated[int, typer.Option(min=1, max=1000, help="Largest picture file that may be sent.")] = 40,
    upload_pixels: Annotated[
        int, typer.Option(min=1, help="Most pixels of a picture that is sent; a JPEG may have five times as many.")
    ] = 25_000_000,
    ca_file: CaFile = None,
    insecure: Insecure = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Serve a search page and a JSON API.

    The page shows why each picture was found. Without --captions the picture of an id is the file below --images whose
    relative path it is, with or without its ending. What is committed to the index later is seen within seconds. On a
    loopback address requests are answered that name this machine, or a host of --allow-host; on another address any
    host's, unless some are allowed. Ends with Ctrl-C.

    \b
    Example: lexlip serve photos-index --model model --images photos --captions captions.jsonl
    """
    from lexlip_lucene.serve.http.limits import Limits
    from lexlip_lucene.serve.http.reach import Reach, checked_root_path
    from lexlip_lucene.serve.server import listen

    reach = Reach.of(host, allow_host or (), proxy or (), cross_site=allow_cross_site)
    below = checked_root_path(root_path)
    place, *others = places_of([index, *([] if bm25 is None else [bm25])], ca_file, insecure)
    texts = captions_of(others[0]) if others else None
    limits = Limits(upload_bytes=upload_megabytes << 20, upload_pixels=upload_pixels)
    with listen(host, port) as bound:
        model = model or _made_with(place)
        served = open_served(place, model, images, captions, texts, limits, late=late, root_path=below)
        documents = served.welcome.documents
        images_there = len(served.files.paths)
        facts = {"documents": documents, "images": images_there, "bm25": bm25 is not None, "late": late is not None}
        run_server(
            served,
            host,
            bound,
            lambda at: answer(
                {"url": at, **facts}, f"{at} searches {documents:,} documents; Ctrl-C ends it", as_json=json
            ),
            reach,
        )


def _made_with(index: Place) -> Path:
    model = made_with(index)
    if model is None:
        raise InputError(f"--model is needed: {index} says of no model that comes with the package that it made it")
    return model


def open_served(
    index: Place,
    model: Path,
    images: Path | None,
    captions: Path | None,
    bm25: Place | None,
    limits: "Limits | None" = None,
    *,
    late: Path | None = None,
    root_path: str = "",
) -> "Served":
    """Open all that is to be served; errors name what is missing."""
    from lexlip_lucene.serve.image_files import find_image_files

    find_files = partial(find_image_files, images, captions)
    find_files()  # said before the model is loaded
    require_kind(index, "impact", "name an impact index first, and this one with --bm25")
    if bm25 is not None:
        require_kind(bm25, "bm25", "--bm25 takes an index that lexlip index --bm25 built")
    from lexlip_lucene.check.index import check_index
    from lexlip_lucene.serve.http.limits import Limits
    from lexlip_lucene.serve.query_model import QueryModel
    from lexlip_lucene.serve.searching import Searching
    from lexlip_lucene.serve.served import Served

    encoder = QueryModel(model)
    require_same_vocabulary(index, encoder.lexicon.sha256, str(model))
    limits = limits or Limits()
    wanted = late_of(late, None, None)
    second = None if wanted is None else reranker(index, model, wanted)
    texts = None if bm25 is None else open_texts(bm25)
    searching = Searching(open_impacts(index), encoder, texts, late=second, vectors=limits.vectors)
    check = partial(check_index, index) if isinstance(index, Path) else None  # a cluster checks its own files
    return Served(searching, find_files, limits, root_path=root_path, check=check)


def run_server(
    served: "Served", host: str, bound: "socket", say: Callable[[str], None], reach: "Reach | None" = None
) -> None:
    """Serve until Ctrl-C, by this machine's names unless `reach` says more; `say` gets the address once it answers."""
    from lexlip_lucene.serve.app import create_app
    from lexlip_lucene.serve.http.reach import LOCAL
    from lexlip_lucene.serve.server import run

    app = create_app(served, reach=reach or LOCAL)
    address = f"http://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}/"
    run(app, bound, connections=served.limits.connections, ready=lambda: say(address))
