"""The topics' vectors, and how long encoding one at a time takes (torch)."""

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.encoders.embedding import embed_texts
from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.ladder_documents.queries import EncodingTimes, Queries
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Topic


def encode_topics(model: LexLip, topics: Sequence[Topic], progress: Progress) -> Queries:
    """Encode every topic, in 8 bits and with as many tokens as the model's own setting says."""
    texts = [topic.text for topic in topics]
    dense = embed_texts(model, topics, progress=progress).vectors if model.dense is not None else None
    return Queries([topic.qid for topic in topics], texts, model.encode_texts(texts, bits=8), dense)


def time_encoding(model: LexLip, texts: Sequence[str], repeats: int) -> EncodingTimes:
    """Encode each text by itself; once before, untimed."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        lexicon = _times(lambda text: model.encode_texts([text], bits=8), texts, repeats)
        with torch.inference_mode():
            dense = None if model.dense is None else _times(lambda text: model.text_embeddings([text]), texts, repeats)
    finally:
        torch.set_num_threads(threads)
    return EncodingTimes(lexicon, dense)


def _times(encode: Callable[[str], object], texts: Sequence[str], repeats: int) -> NDArray[np.float64]:
    times = np.zeros((repeats + 1, len(texts)))
    for row in times:
        for place, text in enumerate(texts):
            begun = time.perf_counter()
            encode(text)
            row[place] = time.perf_counter() - begun
    return times[1:]
