"""`lexlip topics`: topics, qrels and a caption collection from a captions file."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lexlip_lucene.cli.overwrite import require_replaceable
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError


@verb
def topics(
    captions: Annotated[Path, typer.Argument(help="Captions file: .jsonl, Karpathy's .json or LexLIP's .tsv.")],
    out: Annotated[Path, typer.Argument(help="Folder to write: topics.tsv, qrels.txt and, where needed, captions/.")],
    split: Annotated[str | None, typer.Option(help="Take only the images of this split.")] = None,
    held_out: Annotated[int, typer.Option(help="Keep the first N captions of each image for BM25.")] = 0,
    direction: Annotated[Literal["t2i", "i2t"], typer.Option(help="Text to image, or image to text.")] = "t2i",
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Make topics and qrels from a captions file.

    Topics are the queries, qrels say which document each of them looks for.

    \b
    Example: lexlip topics captions.jsonl topics-val --split val --held-out 1
    """
    from lexlip_lucene.data.captions import read_captions
    from lexlip_lucene.data.topics import make_topics, write_topic_set

    require_replaceable(out, sign="topics.tsv", what="a folder of topics", force=force)
    images = read_captions(captions, split=split)
    if captions.is_dir():
        raise InputError(
            f"{captions} is a folder of images, which has no captions to make topics of: name a captions file, one "
            'image a line: {"id": …, "file": …, "split": …, "captions": ["A dog …"]}; `lexlip photos` searches a '
            "folder without captions"
        )
    topic_set = make_topics(images, held_out=held_out, direction=direction)
    write_topic_set(out, topic_set, force=force)
    documents = len(images) if topic_set.captions is None else len(topic_set.captions)
    record = {
        "topics": len(topic_set.topics),
        "documents": documents,
        "qrels": len(topic_set.qrels),
        "folder": out.absolute(),
    }
    answer(
        record,
        f"{record['topics']} topics and {record['qrels']} qrels for {documents} documents in {out}",
        as_json=json,
    )
