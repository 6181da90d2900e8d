"""The topics' vectors, and how long encoding one at a time takes (torch)."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lexlip_lucene.encode.embedding import embed_texts
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.query.late_texts import late_texts
from lexlip_lucene.experiments.ladder.documents.queries import EncodingTimes, Queries
from lexlip_lucene.late.late_score import TextTokens
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Topic


def encode_topics(model: LexLip, topics: Sequence[Topic], progress: Progress) -> Queries:
    """Encode every topic, in 8 bits and with as many tokens as the model's own setting says."""
    texts = [topic.text for topic in topics]
    dense = embed_texts(model, topics, progress=progress).vectors if model.dense is not None else None
    late = None if model.late is None else _late_tokens(model, texts)
    return Queries([topic.qid for topic in topics], texts, model.encode_texts(texts, bits=8), dense, late)


@torch.inference_mode()
def _late_tokens(model: LexLip, texts: Sequence[str]) -> list[TextTokens]:
    found = []
    for text in texts:
        vectors, weights = late_texts(model, [text])
        heard = weights[0] > 0
        found.append(TextTokens(vectors[0, heard].cpu().numpy(), weights[0, heard].cpu().numpy()))
    return found


def time_encoding(model: LexLip, texts: Sequence[str], repeats: int) -> EncodingTimes:
    """Encode each text by itself, sparse and dense in turn in every repeat; once before, untimed.

    The lexicon vector is made as `lexlip search` makes it, the twin's as training does: nothing quicker was written.
    """
    encoders: dict[str, Callable[[str], object]] = {"lexicon": lambda text: model.encode_texts([text], bits=8)}
    if model.dense is not None:
        encoders["dense"] = lambda text: model.text_embeddings([text])
    times = timed_encoders(encoders, texts, repeats)
    return EncodingTimes(times["lexicon"], times.get("dense"))


def timed_encoders(
    encoders: Mapping[str, Callable[[str], object]], texts: Sequence[str], repeats: int
) -> dict[str, NDArray[np.float64]]:
    """Return name → seconds (repeats, texts) of each text by itself, in one thread; once before, untimed."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            times = {name: np.zeros((repeats + 1, len(texts))) for name in encoders}
            for repeat in range(repeats + 1):
                for name, encode in encoders.items():
                    _time_all(encode, texts, times[name][repeat])
    finally:
        torch.set_num_threads(threads)
    return {name: found[1:] for name, found in times.items()}


def _time_all(encode: Callable[[str], object], texts: Sequence[str], seconds: NDArray[np.float64]) -> None:
    for place, text in enumerate(texts):
        begun = time.perf_counter()
        encode(text)
        seconds[place] = time.perf_counter() - begun
