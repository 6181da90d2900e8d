"""`lexlip index`: a Lucene index from a collection, and what is put into one or deleted from it later."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lexlip_lucene.cli.caption_options import CaptionFieldKeys, CaptionWeight, stated_captions
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError

if TYPE_CHECKING:
    from lexlip_lucene.lucene.index.options import IndexOptions
    from lexlip_lucene.lucene.index.report import IndexReport
    from lexlip_lucene.search.visual_postings import VisualPostings


@verb
def index(
    collection: Annotated[
        Path, typer.Argument(help="Collection folder that `lexlip encode` wrote; absent with --delete.")
    ],
    index: Annotated[Path | None, typer.Argument(help="Index folder to write.", show_default=False)] = None,
    append: Annotated[bool, typer.Option("--append", help="Add the collection to an index that is there.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="With --append: documents take the place of those with their ids.")
    ] = False,
    delete: Annotated[
        Path | None, typer.Option(metavar="IDS.TXT", help="Delete the documents of these ids, one a line.")
    ] = None,
    patches: Annotated[
        Path | None,
        typer.Option(
            metavar="STORE", help="With --delete or --append: change this patch store of the index's pictures, too."
        ),
    ] = None,
    with_patches: Annotated[
        Path | None, typer.Option(metavar="OTHER", help="With --append --patches: the collection's own patch store.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Indexing threads; all cores unless given.")] = None,
    memory: Annotated[int, typer.Option(help="MB for documents that wait to be written.")] = 1024,
    merge: Annotated[
        bool, typer.Option(help="Merge to one segment, which searches fastest, or leave all segments as they are.")
    ] = True,
    order: Annotated[
        bool, typer.Option("--order", help="Put similar documents side by side: a slightly smaller index.")
    ] = False,
    store: Annotated[list[str] | None, typer.Option(metavar="KEY", help="Store this key; may be repeated.")] = None,
    keyword: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Let searches filter by this key; may be repeated.")
    ] = None,
    verify: Annotated[
        bool, typer.Option(help="Compare the shards with the SHA-256 that their manifest says, if they have one.")
    ] = True,
    caption_field: CaptionFieldKeys = None,
    caption_weight: CaptionWeight = None,
    bm25: Annotated[bool, typer.Option("--bm25", help="Build a text index from a caption collection.")] = False,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Build a Lucene index from a collection, and check it.

    Builds an impact index from an encoded collection or, with --bm25, a text index from a caption collection (the
    folder captions/ that `lexlip topics` writes). Nothing may get lost: every count is compared. An impact index is
    changed later with --append, and by `lexlip index --delete ids.txt INDEX`. With --patches its patch store follows;
    after a kill the same command again ends the change. The words of a --caption-field are found by BM25, and count
    beside what is seen in the pictures.

    \b
    Example: lexlip index photos-collection photos-index
    """
    flags = {"--append": append, "--replace": replace, "--delete": delete is not None, "--bm25": bm25, "--force": force}
    flags |= {"--patches": patches is not None, "--with-patches": with_patches is not None}
    kept = {"--order": order, "--store": bool(store), "--keyword": bool(keyword), "--no-verify": not verify}
    options: IndexOptions = {"threads": threads, "memory": memory, "order": order}
    options |= {"store": store or (), "keywords": keyword or ()}
    captions = stated_captions(caption_field, caption_weight)
    kept["--caption-field"] = bool(captions)
    if delete is not None:
        _refuse("--delete", flags | kept | {"a collection": index is not None}, but=["--delete", "--patches"])
        _delete(collection, delete, patches, json=json)
    elif index is None:
        raise typer.BadParameter("Missing argument 'index'.")
    elif append:
        _refuse("--append", flags, but=["--append", "--replace", "--patches", "--with-patches"])
        options |= {"captions": captions}
        stores = _both(patches, with_patches)
        _append(collection, index, stores, replace=replace, verify=verify, merge=merge, json=json, options=options)
    elif bm25:
        _refuse("--bm25", flags | kept, but=["--bm25", "--force"])
        _build_bm25(collection, index, threads=threads, merge=merge, force=force, json=json)
    else:
        _refuse("a new index", flags, but=["--force"])
        options |= {"captions": captions}
        _build(collection, index, merge=merge, verify=verify, force=force, json=json, options=options)


def _refuse(what: str, given: dict[str, bool], *, but: list[str]) -> None:
    for name, there in given.items():
        if there and name not in but:
            raise InputError(f"{name} does not go with {what}: leave one of them out")


def _build(
    collection: Path, index: Path, *, merge: bool, verify: bool, force: bool, json: bool, options: "IndexOptions"
) -> None:
    """Build an impact index, and beside it what lets the first search start faster."""
    from lexlip_lucene.lucene.index.impact_index import ImpactIndex
    from lexlip_lucene.lucene.jvm.class_archive import archiving
    from lexlip_lucene.progress import for_terminal

    with archiving():
        report = ImpactIndex.build(
            collection, index, merge=merge, verify=verify, force=force, progress=for_terminal(), **options
        )
    answer_report(index, report, {}, json=json)


def _build_bm25(collection: Path, index: Path, *, threads: int | None, merge: bool, force: bool, json: bool) -> None:
    """Build a text index."""
    from lexlip_lucene.lucene.index.bm25_index import build_bm25
    from lexlip_lucene.progress import for_terminal

    report = build_bm25(collection, index, threads=threads, merge=merge, force=force, progress=for_terminal())
    answer_report(index, report, {}, json=json)


def _both(store: Path | None, other: Path | None) -> tuple[Path, Path] | None:
    if store is None and other is None:
        return None
    if store is None or other is None:
        raise InputError(
            "--append takes --patches STORE, the patch store of the index, and --with-patches OTHER, that of the "
            "collection: give both, or neither"
        )
    return store, other


def _append(
    collection: Path,
    index: Path,
    stores: tuple[Path, Path] | None,
    *,
    replace: bool,
    verify: bool,
    merge: bool,
    json: bool,
    options: "IndexOptions",
) -> None:
    """Add the documents of a collection to an impact index, and those of its patch store to that of the index."""
    from lexlip_lucene.cli.index_patches import open_patches, require_patches_of
    from lexlip_lucene.late.store_changes import joined
    from lexlip_lucene.lucene.index.impact_index import ImpactIndex
    from lexlip_lucene.progress import for_terminal

    opened = [open_patches(index, path) for path in stores or ()]
    if opened:
        require_patches_of(collection, opened[1])
    with ImpactIndex.open(index, merge_small=merge, progress=for_terminal(), **options) as writing:
        added = writing.add_collection(collection, replace=replace, verify=verify)
        if merge:
            writing.merge()
        if opened:
            joined(opened[0], opened[1:]).close()  # before the index's commit, which the end of the block makes
    changed = {"added": added.read.documents, "replaced": added.replaced}
    if opened:
        changed["patches_added"] = opened[1].documents
    answer_report(index, writing.report, changed, json=json)


def _delete(index: Path, ids: Path, patches: Path | None, *, json: bool) -> None:
    """Delete the documents of these ids from an impact index, and from the patch store of its pictures if one is given.

    The index comes first. After a kill before the store's turn, the same ids are deleted from the store only.
    """
    from lexlip_lucene.cli.index_patches import open_patches, still_there
    from lexlip_lucene.files.lines import read_lines
    from lexlip_lucene.late.store_changes import without
    from lexlip_lucene.lucene.index.impact_index import ImpactIndex
    from lexlip_lucene.progress import for_terminal

    names = list(dict.fromkeys(line for _, line in read_lines(ids, "ids")))
    store = None if patches is None else open_patches(index, patches)
    present = names if store is None else still_there(index, store, names)
    with ImpactIndex.open(index, progress=for_terminal()) as writing:
        changed = {"deleted": writing.delete(present)}
    if store is not None:
        without(store, names).close()
        changed["patches_deleted"] = len(names)
    answer_report(index, writing.report, changed, json=json)


def _visual(index: Path) -> "VisualPostings | None":
    """Return the postings of visual words in an index, if it has any."""
    from lexlip_lucene.cli.open_index import facts_of, open_impacts
    from lexlip_lucene.search.visual_postings import visual_postings
    from lexlip_lucene.words.visual_words import VISUAL_FACT

    if VISUAL_FACT not in facts_of(index):
        return None
    with open_impacts(index) as searcher:
        return visual_postings(searcher)


def answer_report(index: Path, report: "IndexReport", changed: dict[str, int], *, json: bool) -> None:
    """Print what an index holds, and how many documents were `changed` in which way."""
    text = (
        f"{index}: {report.documents} documents ({report.empty} empty), {report.postings} postings, "
        f"{report.index_bytes} bytes, in {report.seconds:.1f} s"
    )
    visual = _visual(index)
    if visual is not None:
        text += (
            f"; of the postings {visual.postings} are of {visual.words} visual words, each in "
            f"{visual.mean_share:.1%} of the documents on average"
        )
    said = "".join(f"; {number} {name.replace('_', ' ')}" for name, number in changed.items())
    passed_over = {"weights of 0": report.zeros, "hidden files or folders": report.hidden}
    said += "".join(f"; passed over: {number} {name}" for name, number in passed_over.items() if number)
    record = {**report._asdict(), **changed, **({} if visual is None else {"visual": visual._asdict()})}
    answer({**record, "index": index.absolute()}, text + said, as_json=json)
