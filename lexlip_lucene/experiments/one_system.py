"""One system on one set of topics, end to end, into one folder; `bench` and `demo` are made of such runs.

    folder/topics/            topics.tsv, qrels.txt (and captions/)
    folder/collection/        the documents, with their manifest beside it
    folder/queries.jsonl      the encoded queries (LexLIP only)
    folder/queries/           the queries' vectors (dense only)
    folder/index/             the Lucene index, or the documents' vectors (dense)
    folder/run.txt            the hits

torch and Java are loaded in the functions that need them; the stages meet in these files.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.data.topics import Direction, TopicSet, caption_id, make_topics, read_topics, write_topic_set
from lexlip_lucene.evaluate.dense_search import dense_run, read_embeddings, write_embeddings
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.evaluate.run import write_run
from lexlip_lucene.files.written import bytes_below
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Run, Topic
from lexlip_lucene.vectors.collection import read_queries


class Experiment(NamedTuple):
    """The results of one system. `figures` are fractions; `seconds_search` is only the search, over all topics."""

    folder: Path
    topics: TopicSet
    run: Run
    figures: dict[str, float]
    documents: int
    index_bytes: int
    seconds_search: float


def run_lexlip(
    model_folder: Path,
    images: Sequence[CaptionedImage],
    folder: Path,
    *,
    direction: Direction,
    held_out: int,
    bits: int | None = None,
    top_k: int | None = None,
    k: int,
    states: Path | None = None,
    progress: Progress,
) -> Experiment:
    """Encode, index, search and evaluate with a model; t2i: images are documents, i2t: captions are.

    `states` is a folder that keeps the backbone's states for other models over it.
    """
    from lexlip_lucene.encode.encode import encode_images, encode_texts
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.lucene.index.impact_index import ImpactIndex

    topics = _topics(images, folder, direction, held_out)
    model = LexLip.from_pretrained(model_folder)
    texts = topics.topics if direction == "t2i" else _all_captions(images)
    image_output, text_output = folder / "collection", folder / "queries.jsonl"
    if direction == "i2t":
        image_output, text_output = text_output, image_output
    encode_images(model, images, image_output, bits=bits, top_k=top_k, force=True, states=states, progress=progress)
    encode_texts(model, texts, text_output, bits=bits, top_k=top_k, force=True, progress=progress)
    report = ImpactIndex.build(folder / "collection", folder / "index", force=True, progress=progress)
    searched = search_impacts(folder, k, progress)
    return _experiment(folder, topics, searched, documents=report.documents, index_bytes=report.index_bytes)


def run_dense(
    model_folder: Path,
    images: Sequence[CaptionedImage],
    folder: Path,
    *,
    direction: Direction,
    held_out: int,
    k: int,
    states: Path | None = None,
    progress: Progress,
) -> Experiment:
    """Embed, search exactly and evaluate with a model's dense twin, no Lucene anywhere; directions as `run_lexlip`'s.

    Raises:
        ModelError: the model has no dense twin.
    """
    from lexlip_lucene.encode.embedding import embed_images, embed_texts
    from lexlip_lucene.encoders.model.lexlip import LexLip

    topics = _topics(images, folder, direction, held_out)
    model = LexLip.from_pretrained(model_folder)
    pictures = embed_images(model, images, documents=direction == "t2i", states=states, progress=progress)
    captions = topics.topics if direction == "t2i" else _all_captions(images)
    texts = embed_texts(model, captions, documents=direction == "i2t", progress=progress)
    if direction == "t2i":
        documents, queries = pictures, texts
    else:
        documents, queries = texts, pictures._replace(ids=[f"{name}#img" for name in pictures.ids])
    write_embeddings(folder / "queries", queries, force=True)
    write_embeddings(folder / "index", documents, force=True)
    searched = search_vectors(folder, k, progress)
    return _experiment(
        folder, topics, searched, documents=len(documents.ids), index_bytes=bytes_below(folder / "index")
    )


def run_bm25(
    images: Sequence[CaptionedImage], folder: Path, *, held_out: int, k: int, progress: Progress
) -> Experiment:
    """Index the first `held_out` captions of each image as its document, and search with the others."""
    from lexlip_lucene.lucene.index.bm25_index import build_bm25

    topics = _topics(images, folder, "t2i", held_out)
    report = build_bm25(folder / "topics" / "captions", folder / "index", force=True, progress=progress)
    searched = search_texts(folder, k, progress)
    return _experiment(folder, topics, searched, documents=report.documents, index_bytes=report.index_bytes)


def _experiment(
    folder: Path, topics: TopicSet, searched: tuple[Run, float], *, documents: int, index_bytes: int
) -> Experiment:
    run, seconds = searched
    return Experiment(
        folder=folder,
        topics=topics,
        run=run,
        figures=evaluate(topics.qrels, run),
        documents=documents,
        index_bytes=index_bytes,
        seconds_search=seconds,
    )


def search_impacts(folder: Path, k: int, progress: Progress) -> tuple[Run, float]:
    """Search the experiment's index with its encoded queries and write its run; return it and the search's seconds."""
    from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher

    queries = {query.id: query.vector for query in read_queries(folder / "queries.jsonl")}
    with ImpactSearcher(folder / "index") as searcher:
        begun = time.perf_counter()
        run = searcher.search_batch(queries, k, progress=progress)
        seconds = time.perf_counter() - begun
    write_run(folder / "run.txt", run, force=True)
    return run, seconds


def search_vectors(folder: Path, k: int, progress: Progress) -> tuple[Run, float]:
    """Search the experiment's vectors with those of its queries and write its run; return it and the seconds."""
    documents, queries = read_embeddings(folder / "index"), read_embeddings(folder / "queries")
    progress.note(f"searching {len(documents.ids)} vectors with {len(queries.ids)}")
    begun = time.perf_counter()
    run = dense_run(dict(zip(queries.ids, queries.vectors, strict=True)), documents, k)
    seconds = time.perf_counter() - begun
    write_run(folder / "run.txt", run, force=True)
    return run, seconds


def search_texts(folder: Path, k: int, progress: Progress) -> tuple[Run, float]:
    """Search the experiment's text index with its topics and write its run; return it and the search's seconds."""
    from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher

    texts = {topic.qid: topic.text for topic in read_topics(folder / "topics" / "topics.tsv")}
    with Bm25Searcher(folder / "index") as searcher:
        begun = time.perf_counter()
        run = searcher.search_batch(texts, k, progress=progress)
        seconds = time.perf_counter() - begun
    write_run(folder / "run.txt", run, force=True)
    return run, seconds


def _topics(images: Sequence[CaptionedImage], folder: Path, direction: Direction, held_out: int) -> TopicSet:
    topics = make_topics(images, held_out=held_out, direction=direction)
    write_topic_set(folder / "topics", topics, force=True)
    return topics


def _all_captions(images: Sequence[CaptionedImage]) -> list[Topic]:
    return [Topic(caption_id(image, number), text) for image in images for number, text in enumerate(image.captions)]
