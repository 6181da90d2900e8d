"""The same documents in two indexes, with words and looks and with words only: a text finds the same in both."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import SearchError
from lexlip_lucene.experiments.visual.dense_pictures import DensePictures
from lexlip_lucene.experiments.visual.joint_shards import read_shards, read_tokens
from lexlip_lucene.experiments.visual.vector_mixes import with_mixes
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Impacts

DEEP = 100
"""Hits of a text that are compared."""


def indexed(shards: Path, documents: int, folder: Path, progress: Progress) -> tuple[DensePictures, dict[str, int]]:
    """Index the documents of shards with words and looks, and with words only; return the pictures and the sizes.

    If more are asked for than the shards have, mixes of their vectors follow.
    """
    tokens, words = read_tokens(shards)
    ids: list[str] = []
    codes: list[NDArray[np.uint8]] = []
    with (
        ImpactIndex.create(folder / "joint", force=True, threads=1, progress=progress) as joint,
        ImpactIndex.create(folder / "words", force=True, threads=1, progress=progress) as plain,
    ):
        for shard in with_mixes(list(read_shards(shards)), words, documents):
            joint.add(shard.ids, shard.matrix, tokens)
            plain.add(shard.ids, shard.words_only(words), tokens[:words])
            ids += shard.ids
            codes.append(shard.vectors)
        joint.merge()
        plain.merge()
    sizes = {"joint_bytes": joint.report.index_bytes, "words_bytes": plain.report.index_bytes}
    return DensePictures(ids, np.concatenate(codes)), sizes


def require_same_hits(joint: ImpactSearcher, words: ImpactSearcher, texts: Sequence[Impacts]) -> int:
    """Search texts in both indexes; return how many hits were compared.

    Raises:
        SearchError: a hit or a score differs.
    """
    queries = {str(number): text for number, text in enumerate(texts)}
    with_looks, without = joint.search_batch(queries, DEEP), words.search_batch(queries, DEEP)
    for qid in queries:
        if list(with_looks[qid]) != list(without[qid]):
            raise SearchError(f"text {qid} has other hits or scores in {joint.path} than in {words.path}")
    return sum(len(hits) for hits in without.values())
