"""Synthetic vectors with the shape of learned sparse ones: 62 postings a document, impacts 1–255 with mean 45.

A document draws 63 ± 14 tokens with a probability ∝ 1 / (60 + rank) and keeps the different ones; each gets an impact
from a log-normal distribution, rounded and clipped. Tokens are drawn independently of each other, so no
two documents are alike, as real ones are: ordering documents can gain nothing here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.experiments.engine.queries import write_heaviest
from lexlip_lucene.experiments.engine.shape import ShapeCounter
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.collection import write_shards

VOCABULARY = 30_522
"""Rows of BERT's vocabulary."""

SEED = 7

_RANK_OFFSET = 60.0
_DRAWS_MEAN, _DRAWS_DEVIATION, _DRAWS_LEAST, _DRAWS_MOST = 63, 14, 5, 160
_LOG_MEAN, _LOG_DEVIATION = 3.55, 0.75
_CHUNK = 1000
"""Documents drawn at a time: enough that Python's part is small, and a handful of queries costs little."""

_TOKENS, _DOCUMENTS, _QUERIES = 0, 1, 2
"""The purposes of generators, one each, so that queries do not change with the number of documents."""


@dataclass(frozen=True)
class SyntheticVectors:
    """`documents` made-up vectors, and `queries` of the heaviest terms of others like them."""

    documents: int
    queries: int

    def request(self) -> dict[str, Any]:
        """Return what the vectors depend on."""
        return {"source": "synthetic", "documents": self.documents, "queries": self.queries, "seed": SEED}

    def write(self, folder: Path, progress: Progress) -> dict[str, Any]:
        """Write collection and queries into `folder`; return facts about them."""
        counter = ShapeCounter()
        documents = progress.track(made_up(self.documents, _DOCUMENTS, "doc"), "synthetic vectors", self.documents)
        (folder / "collection").mkdir()
        write_shards(folder / "collection", counter.through(documents))
        like = list(made_up(self.queries, _QUERIES, "query"))
        return {
            "about": "synthetic vectors; the queries are the heaviest terms of further ones",
            "shape": counter.shape()._asdict(),
            "queries": {str(terms): {"vectors": count} for terms, count in write_heaviest(folder, like).items()},
        }


def made_up(count: int, stream: int, prefix: str) -> Iterator[Document]:
    """Yield `count` documents `<prefix>0000000` …; a longer stream begins as a shorter one."""
    order = np.random.default_rng([SEED, _TOKENS]).permutation(VOCABULARY)
    tokens = np.array([f"{'##' if row % 5 == 0 else ''}tok{row}" for row in range(VOCABULARY)], dtype=object)[order]
    for chunk, begin in enumerate(range(0, count, _CHUNK)):
        chance = np.random.default_rng([SEED, stream, chunk])
        ends, ranks, impacts = _drawn(chance)
        found, weights = tokens[ranks].tolist(), impacts.tolist()
        for number in range(min(_CHUNK, count - begin)):
            part = slice(int(ends[number]), int(ends[number + 1]))
            vector = dict(zip(found[part], weights[part], strict=True))
            yield Document(f"{prefix}{begin + number:07d}", "", vector)


def _drawn(chance: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Draw a chunk: where each document's postings begin (_CHUNK + 1,), and all their ranks and impacts."""
    draws = np.rint(chance.normal(_DRAWS_MEAN, _DRAWS_DEVIATION, _CHUNK)).astype(np.int64)
    draws = np.clip(draws, _DRAWS_LEAST, _DRAWS_MOST)
    # The inverse of the distribution function of 1 / (60 + x) on 0..VOCABULARY.
    ratio = (_RANK_OFFSET + VOCABULARY) / _RANK_OFFSET
    ranks = (_RANK_OFFSET * (ratio ** chance.random(draws.sum()) - 1)).astype(np.int64).clip(max=VOCABULARY - 1)
    owners = np.repeat(np.arange(_CHUNK), draws)
    owners, ranks = np.divmod(np.unique(owners * VOCABULARY + ranks), VOCABULARY)
    impacts = np.rint(chance.lognormal(_LOG_MEAN, _LOG_DEVIATION, len(ranks))).clip(1, 255).astype(np.int64)
    return np.searchsorted(owners, np.arange(_CHUNK + 1)), ranks, impacts
