"""Building a BM25 text index from a caption collection, with Anserini's own indexer and its default analyser.

Anserini loses documents without a word, so they are counted here first and in the index afterwards.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lexlip_lucene.data.caption_collection import CaptionDocument, read_caption_collection, write_caption_collection
from lexlip_lucene.data.shards import find_shards
from lexlip_lucene.files.written import bytes_below, written_folder
from lexlip_lucene.integers import as_count
from lexlip_lucene.lucene.index.commit import CONTENTS, SCHEMA, open_reader, write_facts
from lexlip_lucene.lucene.index.counts import require_same
from lexlip_lucene.lucene.index.report import IndexReport, require_index_place, require_outside
from lexlip_lucene.lucene.jvm.anserini import index_collection
from lexlip_lucene.lucene.jvm.jvm import ONE_AT_A_TIME, start_jvm
from lexlip_lucene.lucene.jvm.unreadable import reading
from lexlip_lucene.progress import SILENT, Progress

_OPTIONS = ("-collection", "JsonCollection")

_JAVA_TRIM = "".join(map(chr, range(0x21)))  # what String.trim() cuts, by which Anserini finds a text empty


def build_bm25(
    collection: Path | str,
    index: Path | str,
    *,
    threads: int | None = None,
    merge: bool = True,
    force: bool = False,
    progress: Progress = SILENT,
) -> IndexReport:
    """Build a text index from a caption collection (lines `{"id", "contents"}`), whole or not at all.

    A document is empty when its text is blank, and is not in the index then; one of nothing but stop words is in it,
    though no query finds it.

    Args:
        collection: folder of shards (`data/shards.py`).
        index: folder to be created.
        threads: at least 1; all cores unless given. Every thread takes whole files.
        merge: merge to one segment, which searches fastest.
        force: replace an existing index.
        progress: what shows how far it is.

    Raises:
        InputError: `collection` or a line of it is not what is needed, or `threads` < 1.
        OutputError: `index` exists already, or can't be written.
        IndexingError: Anserini failed, or the counts differ.
        JavaError: no Java 21 or no Anserini jar.
    """
    begun = time.monotonic()
    collection, index = Path(collection), Path(index)
    threads = (os.cpu_count() or 1) if threads is None else as_count(threads, "threads")
    require_index_place(index, force=force)
    require_outside(index, collection)
    start_jvm()
    with reading():
        hidden = find_shards(collection, "caption collection").hidden
        texts = read_caption_collection(collection)
    empty = sum(not text.contents.strip(_JAVA_TRIM) for text in texts)
    with written_folder(index, force=force) as partial, _plain(collection, texts) as plain:
        progress.note(f"indexing {len(texts)} documents of {collection} with Anserini")
        index_collection(plain, partial, options=_OPTIONS, threads=threads, merge=merge, progress=progress)
        with ONE_AT_A_TIME:
            reader = open_reader(partial)
            documents, postings, segments = reader.maxDoc(), reader.getSumDocFreq(CONTENTS), reader.leaves().size()
            reader.close()
        require_same((len(texts) - empty,), (documents,), str(collection), "documents")
        facts = {"kind": "bm25", "schema_version": SCHEMA, "documents": str(len(texts))}
        write_facts(partial, facts | {"empty": str(empty), "postings": str(postings)})
        size = bytes_below(partial)
    return IndexReport(
        documents=len(texts),
        empty=empty,
        postings=postings,
        index_bytes=size,
        seconds=time.monotonic() - begun,
        segments=segments,
        hidden=hidden,
    )


@contextmanager
def _plain(collection: Path, texts: Sequence[CaptionDocument]) -> Iterator[Path]:
    """Give a folder of nothing but `*.jsonl` with these texts: the collection itself, if it is one.

    Anserini would try to read hidden files, and not everything else that is read here.
    """
    if all(entry.suffix == ".jsonl" and entry.is_file() and entry.name[0] != "." for entry in collection.iterdir()):
        yield collection
        return
    with tempfile.TemporaryDirectory(prefix="lexlip-captions-") as folder:
        write_caption_collection(Path(folder) / "captions", texts)
        yield Path(folder) / "captions"
