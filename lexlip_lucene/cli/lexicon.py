"""`lexlip lexicon`: the tokens of an image, a text or a document by weight, as a table and as a word cloud."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from lexlip_lucene.cli.maps import draw_maps, opened, require_png
from lexlip_lucene.cli.open_index import open_impacts
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Impacts

MAPS = 11
"""Tokens whose maps are drawn: three rows of four with the picture."""


@verb
def lexicon(
    source: Annotated[
        Path | None, typer.Argument(help="With --docid: index folder, collection folder, or encoded queries.")
    ] = None,
    docid: Annotated[str | None, typer.Option(help="A document of SOURCE, or a query of it.")] = None,
    image: Annotated[Path | None, typer.Option(help="An image file, with --model.")] = None,
    text: Annotated[str | None, typer.Option(help="A text, as a query, with --model.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="Model folder, or the name of a shipped model, that encodes the image or text.")
    ] = None,
    top: Annotated[int, typer.Option(help="Tokens to list; --json and --cloud have all.")] = 20,
    cloud: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a word cloud, .png or .svg.")] = None,
    maps: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="With --image: draw where its heaviest tokens were seen.")
    ] = None,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Show the tokens of an image, text or document.

    Takes one of three: --image FILE --model MODEL, --text TEXT --model MODEL, or SOURCE --docid ID.

    \b
    Example: lexlip lexicon --image photo.jpg --model model --cloud photo.svg --maps photo-maps.png
    """
    if sum(given is not None for given in (docid, image, text)) != 1:
        raise InputError("lexicon needs exactly one of --docid, --image and --text")
    if top < 1:
        raise InputError(f"--top must be at least 1, got {top}")
    if maps is not None and image is None:
        raise InputError("--maps draws over the picture of --image; for a document's: lexlip explain … --maps")
    if maps is not None:
        require_png(maps, force=force)
    if cloud is not None:
        _require_cloud(cloud, force=force)
    name, weights = _of_document(source, docid, model) if docid is not None else _encoded(source, image, text, model)
    record: dict[str, Any] = {**name, "weights": weights}
    lines = _table(next(iter(name.values())), weights, top)
    if cloud is not None:
        _write_cloud(cloud, weights, force=force)
        record["cloud"] = cloud.absolute()
        lines.append(f"{cloud}: the word cloud")
    if maps is not None and image is not None and model is not None:
        from lexlip_lucene.encoders.model.lexlip import LexLip

        record["maps"] = draw_maps(maps, image, LexLip.from_pretrained(model), list(weights)[:MAPS], force=force)
        lines.append(f"{maps}: where the heaviest tokens were seen")
    answer(record, "\n".join(lines), as_json=json)


def _encoded(
    source: Path | None, image: Path | None, text: str | None, model: Path | None
) -> tuple[dict[str, str], Impacts]:
    """Return what was encoded, as one pair for the record, and its vector."""
    if source is not None:
        raise InputError(f"{source} goes with --docid: leave it out with --image and --text")
    if model is None:
        raise InputError("--image and --text are encoded: give --model MODEL")
    if image is not None:
        from lexlip_lucene.encoders.model.lexlip import LexLip

        return {"image": str(image)}, LexLip.from_pretrained(model).encode_images([opened(image)])[0]
    from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder

    assert text is not None, "the caller has counted"
    return {"text": text}, LexLipQueryEncoder(model).encode(text)


def _of_document(source: Path | None, docid: str, model: Path | None) -> tuple[dict[str, str], Impacts]:
    if source is None:
        raise InputError("--docid is a document of an index or a collection: name that first, lexlip lexicon SOURCE …")
    if model is not None:
        raise InputError(f"a document of {source} is encoded already: leave --model out")
    return {"docid": docid}, _collected(source, docid) if _is_collection(source) else _indexed(source, docid)


def _is_collection(source: Path) -> bool:
    return source.is_file() or (source.is_dir() and any(source.glob("*.jsonl")))


def _collected(source: Path, docid: str) -> Impacts:
    from lexlip_lucene.vectors.collection import read_collection, read_queries

    for document in read_queries(source) if source.is_file() else read_collection(source):
        if document.id == docid:
            return document.vector
    raise InputError(f"{source} has no document {docid!r}")


def _indexed(source: Path, docid: str) -> Impacts:
    from lexlip_lucene.cli.query import require_kind

    require_kind(source, "impact", "a text index has words, and no weights")
    with open_impacts(source) as searcher:
        return searcher.vector(docid)


def _table(name: str, weights: Mapping[str, int], top: int) -> list[str]:
    lines = [f"{name}: {len(weights)} tokens" if weights else f"{name}: no token"]
    shown = list(weights.items())[:top]
    lines += [f"{place:>5}  {weight:>5}  {token}" for place, (token, weight) in enumerate(shown, start=1)]
    return lines if len(shown) == len(weights) else [*lines, f"{len(weights) - len(shown)} more"]


def _require_cloud(path: Path, *, force: bool) -> None:
    from lexlip_lucene.files.written import require_absent

    if path.suffix.lower() not in (".png", ".svg"):
        raise InputError(f"--cloud writes a file whose name ends in .png or .svg, got {path}")
    require_absent(path, force=force)


def _write_cloud(path: Path, weights: Mapping[str, int], *, force: bool) -> None:
    from lexlip_lucene.files.written import written_file
    from lexlip_lucene.pictures.cloud import cloud_png, cloud_svg

    drawn = cloud_png(weights) if path.suffix.lower() == ".png" else cloud_svg(weights).encode()
    with written_file(path, force=force) as file:
        file.write(drawn)
