"""`lexlip duplicates`: near-duplicates of an index, by the looks of its pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lexlip_lucene.cli.duplicate_files import Files, files_of_members, same_bytes, shown_groups, size_of
from lexlip_lucene.cli.open_index import open_impacts
from lexlip_lucene.cli.pictures import Outside
from lexlip_lucene.cli.query import require_kind
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError
from lexlip_lucene.words.visual_words import NEAR

if TYPE_CHECKING:
    from lexlip_lucene.search.duplicate_groups import Group
    from lexlip_lucene.search.near_duplicates import NearDuplicates

LISTED, LISTED_MEMBERS = 20, 10
"""Groups that are listed, and members of each; --output has all."""


@verb
def duplicates(
    index: Annotated[Path, typer.Argument(help="Impact index folder, of pictures encoded with --visual.")],
    above: Annotated[
        float, typer.Option(metavar="S", help="Least similarity of a pair, above 0 and at most 1.")
    ] = NEAR,
    output: Annotated[Path | None, typer.Option(help="JSON file to write: all groups and pairs.")] = None,
    page: Annotated[Path | None, typer.Option(help="HTML file to write, with small pictures; with --images.")] = None,
    images: Annotated[
        Path | None, typer.Option(help="Folder of images, or captions file, that was encoded: also say file sizes.")
    ] = None,
    threads: Annotated[int, typer.Option(help="Java threads that share the searches out.")] = 1,
    outside: Outside = False,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """List pictures that are nearly the same: copies, crops.

    Two pictures are as similar as the cosine of their visual words says; all that is needed is in the index. A group is
    what such pairs connect, around its most typical picture, which comes first. With --images each picture has the size
    of its file, so that one sees which copy is larger. Nothing is deleted.

    \b
    Example: lexlip duplicates photos-index --page duplicates.html --images photos/
    """
    from lexlip_lucene.data.captions import read_captions
    from lexlip_lucene.files.written import require_writable, written_file
    from lexlip_lucene.progress import for_terminal
    from lexlip_lucene.search.near_duplicates import near_duplicates, require_similarity

    require_similarity(above)
    if page is not None and images is None:
        raise InputError("--page shows pictures: name the folder or captions file that was encoded with --images")
    if threads < 1:
        raise InputError(f"--threads must be at least 1, got {threads}")
    for file in (output, page):
        if file is not None:
            require_writable(file, force=force)
    require_kind(index, "impact", "a text has no looks")
    paths = {} if images is None else {each.id: each.path for each in read_captions(images, outside=outside)}
    with open_impacts(index) as searcher:
        found = near_duplicates(searcher, above, threads=threads, progress=for_terminal())
    files = files_of_members(found.groups, paths) if images is not None else {}
    record = _record(index, found, files)
    if output is not None:
        import orjson

        with written_file(output, force=force) as written:
            written.write(orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    if page is not None:
        from lexlip_lucene.pictures.duplicates_page import duplicates_page

        shown, left_out = shown_groups(found.groups, files)
        with written_file(page, force=force) as written:
            written.write(duplicates_page(shown, _facts(found), left_out=left_out).encode())
    answer(record, _as_text(found, files), as_json=json)


def _record(index: Path, found: "NearDuplicates", files: Files) -> dict[str, Any]:
    return {
        "index": str(index.absolute()),
        "above": found.above,
        "documents": found.documents,
        "without_looks": found.without_looks,
        "grouped": found.grouped,
        "groups": [_group_record(group, files) for group in found.groups],
    }


def _group_record(group: "Group", files: Files) -> dict[str, Any]:
    same = same_bytes([member.docid for member in group.members], files)
    return {
        "members": [
            {"docid": member.docid, "similarity": member.similarity, **_file_record(files, member.docid, same)}
            for member in group.members
        ],
        "pairs": [pair._asdict() for pair in group.pairs],
    }


def _file_record(files: Files, docid: str, same: Mapping[str, str]) -> dict[str, Any]:
    if docid not in files:
        return {}
    file = files[docid]
    if isinstance(file, str):
        return {"reason": file}
    record = {**file._asdict(), "path": str(file.path)}
    return record | ({"same_bytes_as": same[docid]} if docid in same else {})


def _facts(found: "NearDuplicates") -> dict[str, str]:
    return {
        "Pictures": f"{found.documents:,}",
        "In groups": f"{found.grouped:,} in {len(found.groups):,} groups",
        "Similarity of a pair": f"at least {found.above:g}",
        "Left out, without visual words": f"{found.without_looks:,}",
    }


def _as_text(found: "NearDuplicates", files: Files) -> str:
    left_out = f"; {found.without_looks} without visual words are left out" if found.without_looks else ""
    lines = [
        f"{len(found.groups)} groups with {found.grouped} of {found.documents} pictures, pairs at least "
        f"{found.above:g} alike{left_out}"
    ]
    for group in found.groups[:LISTED]:
        lines.append(f"{len(group.members)} pictures:")
        for member in group.members[:LISTED_MEMBERS]:
            lines.append(f"  {member.similarity:.3f}  {member.docid}{size_of(files, member.docid)}")
        if len(group.members) > LISTED_MEMBERS:
            lines.append(f"  and {len(group.members) - LISTED_MEMBERS} more")
    if len(found.groups) > LISTED:
        lines.append(f"and {len(found.groups) - LISTED} more groups: --output FILE.json writes all")
    return "\n".join(lines)
