"""`lexlip push`: a collection into an OpenSearch cluster, and later changes of the index there."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lexlip_lucene.cli.caption_options import CaptionFieldKeys, CaptionWeight, stated_captions
from lexlip_lucene.cli.place import CaFile, Insecure, Place, place_of
from lexlip_lucene.cli.verb import Debug, Json, answer, verb
from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.cluster_address import is_address

if TYPE_CHECKING:
    from lexlip_lucene.opensearch.push.report import PushReport
    from lexlip_lucene.opensearch.push.sink import OpenSearchSink


@verb
def push(
    collection: Annotated[
        str, typer.Argument(help="Collection folder that `lexlip encode` wrote; absent with --delete.")
    ],
    address: Annotated[
        str | None, typer.Argument(metavar="URL/ALIAS", help="http://host:9200/alias.", show_default=False)
    ] = None,
    shards: Annotated[int | None, typer.Option(help="Shards of the index; 1 unless given.", show_default=False)] = None,
    replicas: Annotated[
        int | None,
        typer.Option(
            help="Copies of each shard beside the first; 1 unless given, 0 in a cluster of one node.",
            show_default=False,
        ),
    ] = None,
    keyword: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Let searches filter by this key; may be repeated.")
    ] = None,
    store: Annotated[list[str] | None, typer.Option(metavar="KEY", help="Store this key; may be repeated.")] = None,
    captions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Captions file of the images: their captions are searched by BM25."),
    ] = None,
    caption_field: CaptionFieldKeys = None,
    caption_weight: CaptionWeight = None,
    rank_features: Annotated[
        bool,
        typer.Option("--rank-features", help="Let the cluster score without a script; impacts of at most 9 bits."),
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue what ended early.")] = False,
    append: Annotated[bool, typer.Option("--append", help="Add the collection to the index that serves.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="With --append: documents take the place of those with their ids.")
    ] = False,
    delete: Annotated[
        Path | None, typer.Option(metavar="IDS.TXT", help="Delete the documents of these ids, one a line.")
    ] = None,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Delete the index that served before, once the new one serves.")
    ] = False,
    verify: Annotated[
        bool, typer.Option(help="Compare the shards with the SHA-256 that their manifest says, if they have one.")
    ] = True,
    wait: Annotated[
        float, typer.Option(help="Seconds without any success, from a busy or broken cluster, after which to give up.")
    ] = 120.0,
    ca_file: CaFile = None,
    insecure: Insecure = False,
    json: Json = False,
    force: Annotated[
        bool, typer.Option("--force", help="Begin again, whatever an earlier push of the same has left or finished.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Load a collection into an OpenSearch cluster.

    A new index is filled, compared with the collection and copied to other nodes; then URL/ALIAS names it, in one step.
    Until then what served before serves, whatever fails. `lexlip search`, `explain` and `serve` take the address in the
    place of an index folder. User and password come from LEXLIP_OPENSEARCH_USER and LEXLIP_OPENSEARCH_PASSWORD. An
    index that serves is changed with --append, and by `lexlip push --delete ids.txt URL/ALIAS`.

    \b
    Example: lexlip push photos-collection http://localhost:9200/photos
    """
    new = {
        "--shards": shards,
        "--replicas": replicas,
        "--keyword": keyword,
        "--store": store,
        "--caption-field": caption_field,
        "--caption-weight": caption_weight,
        "--rank-features": rank_features,
        "--drop-old": drop_old,
    }
    if delete is not None:
        also = {"--append": append, "--replace": replace, "--captions": captions, "a collection": address}
        _refuse("--delete", new | also | {"--no-verify": not verify})
        with _sink(place_of(collection, ca_file, insecure), wait) as sink:
            report = _delete(sink, delete, resume=resume, force=force)
            return _answer(report, sink, json=json)
    if address is None:
        raise typer.BadParameter("Missing argument 'URL/ALIAS'.")
    if replace and not append:
        raise InputError("--replace goes with --append: leave it out, or add the collection to the index that serves")
    if is_address(collection):
        raise InputError(f"a collection is a folder, got the address {collection}: lexlip push COLLECTION URL/ALIAS")
    with _sink(place_of(address, ca_file, insecure), wait) as sink:
        if append:
            _refuse("--append", new)
            report = sink.append(
                collection, replace=replace, captions=captions, resume=resume, force=force, verify=verify
            )
        else:
            report = sink.push(
                collection,
                shards=1 if shards is None else shards,
                replicas=replicas,
                keywords=keyword or (),
                store=store or (),
                captions=captions,
                caption_fields=stated_captions(caption_field, caption_weight),
                rank_features=rank_features,
                resume=resume,
                force=force,
                drop_old=drop_old,
                verify=verify,
            )
        _answer(report, sink, json=json)


def _sink(place: Place, wait: float) -> "OpenSearchSink":
    from lexlip_lucene.opensearch.push.sink import OpenSearchSink
    from lexlip_lucene.progress import for_terminal

    if isinstance(place, Path):
        raise InputError(f"a collection is pushed to an address, http://host:9200/alias, got {place}")
    if not wait >= 0:
        raise InputError(f"--wait must be a number of seconds, 0 or more, got {wait}")
    return OpenSearchSink(place.address, place.security, patience=wait, progress=for_terminal())


def _delete(sink: "OpenSearchSink", ids: Path, *, resume: bool, force: bool) -> "PushReport":
    from lexlip_lucene.files.lines import read_lines

    return sink.delete([line for _, line in read_lines(ids, "ids")], resume=resume, force=force)


def _refuse(what: str, given: Mapping[str, object]) -> None:
    for name, value in given.items():
        if value is not None and value is not False and value != []:
            raise InputError(f"{name} does not go with {what}: leave one of them out")


def _answer(report: "PushReport", sink: "OpenSearchSink", *, json: bool) -> None:
    copies = (
        f"{report.shards} shard{'s' * (report.shards > 1)}, {report.replicas} replica{'s' * (report.replicas != 1)}"
    )
    changed = {"added": report.added, "replaced": report.replaced, "deleted": report.deleted}
    said = ", ".join(f"{number} {name}" for name, number in changed.items() if number) or "nothing changed"
    text = (
        f"{sink.address} names {report.index}: {report.documents} documents ({report.empty} empty), {report.postings} "
        f"postings, {report.bytes} bytes, {copies}; {said} in {report.seconds:.1f} s"
    )
    if report.captioned:
        text += f"; {report.captioned} with captions"
    if report.unused_captions:
        text += f"; images of the captions file that are not in the collection: {report.unused_captions}"
    if report.hidden:
        text += f"; passed over: {report.hidden} hidden files or folders"
    if report.previous:
        text += f"; {report.previous}, which served before, is kept: delete it, or push with --drop-old next time"
    answer(dataclasses.asdict(report), text, as_json=json)
