"""Texts to encode, with their ids, from whatever holds texts.

topics.tsv                 its topics
a captions file            all captions, ids `<image id>#<number>`: .jsonl, Karpathy's .json, or LexLIP's .tsv,
                           which its header tells from topics
a folder                   a caption collection: its documents
"""

from pathlib import Path

from lexlip_lucene.data.caption_collection import read_caption_collection
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.data.lexlip_tsv import is_lexlip_tsv
from lexlip_lucene.data.topics import caption_id, read_topics
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.compressed import without_gz
from lexlip_lucene.records import Topic


def read_texts(source: Path, *, split: str | None = None) -> list[Topic]:
    """Read the texts of `source`, in its order, as they are written there.

    Args:
        source: topics (`.tsv`), a captions file (`.jsonl`, `.json`, LexLIP's `.tsv`) or a caption collection folder.
        split: of a captions file: only the captions of this split; None takes all.

    Raises:
        InputError: what the reader of each raises, a source of another kind, a split for a source that has none,
            or captions files whose images have no captions.
    """
    if not source.is_dir() and (_kind(source) in (".jsonl", ".json") or is_lexlip_tsv(source)):
        images = read_captions(source, split=split)
        texts = [Topic(caption_id(image, n), text) for image in images for n, text in enumerate(image.captions)]
        if not texts:
            raise InputError(f"texts: no image in {source} has a caption")
        return texts
    if split is not None:
        raise InputError(f"texts: a split can be chosen only of a captions file (.jsonl, .json), but got {source}")
    if source.is_dir():
        return [Topic(document.id, document.contents) for document in read_caption_collection(source)]
    if _kind(source) != ".tsv" and source.exists():
        raise InputError(f"texts: topics (.tsv), captions (.jsonl, .json) or a folder are needed, but got {source}")
    return read_topics(source)


def _kind(source: Path) -> str:
    return without_gz(source).suffix.lower()
