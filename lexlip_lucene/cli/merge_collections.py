"""`lexlip merge-collections`: the parts of a collection, encoded with `--shard`, as one."""

from typing import Annotated

import typer

from lexlip_lucene.cli.overwrite import require_replaceable
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.files.location import Location, path_or_url


@verb
def merge_collections(
    output: Annotated[Location, typer.Argument(parser=path_or_url, help="Collection to write: a folder or a URL.")],
    parts: Annotated[
        list[Location], typer.Argument(parser=path_or_url, help="All its parts, in any order: folders or URLs.")
    ],
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Merge the parts of a collection.

    The parts are those of lexlip encode images --shard 0/N to N-1/N. All N must be there once, of the same inputs,
    model and options; the result is what one run over all inputs would have written. A whole collection is copied.

    \b
    Example: lexlip merge-collections photos-collection part-0 part-1
    """
    from lexlip_lucene.progress import for_terminal
    from lexlip_lucene.vectors.merged import merge_collections as merge

    if output.path is not None:
        require_replaceable(output.path, sign="part-*.jsonl", what="a collection", force=force)
    manifest = merge(output, parts, force=force, progress=for_terminal())
    record = {
        "parts": len(parts),
        "inputs": manifest.inputs,
        "documents": manifest.documents,
        "rejected": len(manifest.rejected),
        "empty": manifest.empty,
        "postings": manifest.postings,
        "output": output.absolute(),
    }
    text = (
        f"{output}: {manifest.documents} documents ({manifest.empty} empty), {manifest.postings} postings, "
        f"{len(manifest.rejected)} rejected, from {len(parts)} part{'s' * (len(parts) > 1)}"
    )
    answer(record, text, as_json=json)
