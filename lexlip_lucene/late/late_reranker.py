"""The late re-ranker: the first hits of any searcher, in the order of their first score and late score together."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.integers import as_count
from lexlip_lucene.late.late_score import TextTokens, late_scores
from lexlip_lucene.records import Hit

DEFAULT_K = 100
DEFAULT_MIX = 0.45

_NO_SPREAD = 1e-6
_KEPT_TEXTS = 256


class PatchSource(Protocol):
    """A source of patch vectors: `PatchStore`, or what a test or a control puts in its place."""

    def vectors(self, docids: Sequence[str]) -> list[NDArray[np.float32]]:
        """Return (n, width) float32 of unit length for each docid; InputError for one that is missing."""
        ...


class LateReranker:
    """A second stage behind any searcher's hits.

    Among the first `k` hits of a text, score = mix · z(first score) + (1 − mix) · z(late score), where z takes away
    the mean of these hits and divides by their standard deviation; where all are equal, z is 0.

    Attributes:
        k: hits that are re-ranked.
        mix: the part of the first score.
    """

    def __init__(
        self,
        store: PatchSource,
        encode: Callable[[str], TextTokens],
        *,
        k: int = DEFAULT_K,
        mix: float = DEFAULT_MIX,
    ) -> None:
        """Re-rank by the patches of `store`.

        Args:
            store: the patches of every document that can be a hit.
            encode: text → the vectors and weights of its tokens, by the model that made the patches.
            k: hits that are re-ranked, at least 1; all if there are fewer.
            mix: the part of the first score, 0 to 1; the late score has the rest.

        Raises:
            InputError: `k` or `mix` is out of range.
        """
        if not 0 <= mix <= 1:
            raise InputError(f"the mix must be from 0 (late score only) to 1 (first score only), but it is {mix}")
        self._store = store
        # A caller also asks what it did with a text, and a sentence model takes 10 ms to encode it.
        self._encode = lru_cache(maxsize=_KEPT_TEXTS)(encode)
        self.k = as_count(k, "the number of hits to re-rank")
        self.mix = mix

    def hears(self, text: str) -> bool:
        """Return True if `text` has a token that weighs anything, so that it can re-rank."""
        return not self._encode(text).is_empty

    def said(self, text: str, hits: int) -> str:
        """Return in one line what `rerank` does with `hits` hits of the first stage."""
        among = min(hits, self.k)
        if not self.hears(text):
            return "not re-ranked: no word of the query has a vector"
        if among < 2:
            return f"not re-ranked: two hits at least can change places, got {among}"
        return f"re-ranked by patches: the first {among} hits; the first score counts {self.mix:g}"

    def rerank(self, text: str, hits: Sequence[Hit]) -> list[Hit]:
        """Return `hits`, which are in the order of the first stage, with the first `k` in their new order.

        The score of a re-ranked hit is the one above, about −3..3; of equal ones the first stage's order holds. Hits
        after the first `k` keep their order; each has the lowest new score, less what the first stage put between it
        and hit `k`, so scores do not rise from hit to hit.
        A picture without patches counts as much as the one whose late score is the lowest. If the text has no token
        that weighs anything, or there are not two hits to re-rank, `hits` are returned as they are.

        Raises:
            InputError: the store lacks a hit, which is named, or is of another width than the text's vectors.
        """
        return self.rerank_batch({"": text}, {"": hits})[""]

    def rerank_batch(self, texts: Mapping[str, str], hits: Mapping[str, Sequence[Hit]]) -> dict[str, list[Hit]]:
        """Return qid → hits as in `rerank`, in the order of `hits`; the store is read once for all.

        The patches of all first `k` hits are in memory at once, decoded: 4 × width bytes each.

        Args:
            texts: qid → text, for every qid of `hits`.
            hits: qid → the hits of the first stage.
        """
        late = self.late_scores(texts, hits)
        return {qid: self._reordered(found, late[qid]) if qid in late else list(found) for qid, found in hits.items()}

    def late_scores(
        self, texts: Mapping[str, str], hits: Mapping[str, Sequence[Hit]]
    ) -> dict[str, NDArray[np.float32]]:
        """Return qid → the late scores of its first `k` hits; arguments and errors are those of `rerank_batch`.

        Queries with fewer than two hits, and those whose text has no token that weighs anything, are left out. Patches
        that are no finite numbers are an error, too: their store is damaged.
        """
        missing = [qid for qid in hits if qid not in texts]
        if missing:
            raise InputError(f"query {missing[0]!r} has hits, but no text to re-rank them by: hand in its text")
        tokens = {qid: self._encode(texts[qid]) for qid, found in hits.items() if min(len(found), self.k) > 1}
        tokens = {qid: words for qid, words in tokens.items() if not words.is_empty}
        docids = list(dict.fromkeys(hit.docid for qid in tokens for hit in hits[qid][: self.k]))
        patches = dict(zip(docids, self._store.vectors(docids), strict=True))
        return {
            qid: _late_scores(words, [hit.docid for hit in hits[qid][: self.k]], patches)
            for qid, words in tokens.items()
        }

    def _reordered(self, hits: Sequence[Hit], late: NDArray[np.float32]) -> list[Hit]:
        head, tail = hits[: self.k], hits[self.k :]
        scores = mixed_scores(np.array([hit.score for hit in head], dtype=np.float64), late, self.mix)
        order = np.argsort(-scores, kind="stable").tolist()
        mixed = [Hit(head[place].docid, float(scores[place]), rank) for rank, place in enumerate(order, start=1)]
        lowest, last = mixed[-1].score, head[-1].score
        return mixed + [
            Hit(hit.docid, float(lowest - (last - hit.score)), rank)
            for rank, hit in enumerate(tail, start=len(mixed) + 1)
        ]


def _late_scores(
    words: TextTokens, docids: Sequence[str], patches: Mapping[str, NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Return the late scores of `docids`; InputError if one has patches, but a score that is no finite number."""
    scores = late_scores(words.vectors, words.weights, [patches[docid] for docid in docids])
    for docid, finite in zip(docids, np.isfinite(scores).tolist(), strict=True):
        if not finite and len(patches[docid]):
            raise InputError(
                f"the patches of {docid!r} are no finite numbers: the store is damaged; `lexlip check` names the file, "
                "write the store again"
            )
    return scores


def mixed_scores(first: NDArray[np.float64], late: NDArray[np.float32], mix: float) -> NDArray[np.float64]:
    """Return mix · z(first) + (1 − mix) · z(late) of the hits that are re-ranked, (hits,) both."""
    return mix * _standardised(first) + (1 - mix) * _standardised(_without_gaps(late))


def _without_gaps(late: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return late scores with the lowest finite one for pictures without patches; all 0 if there is none."""
    known = np.isfinite(late)
    return np.where(known, late, late[known].min() if known.any() else 0).astype(np.float64)


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return z: mean 0 and standard deviation 1, or zeros where all values are equal but for rounding."""
    spread = values.std()
    if spread <= _NO_SPREAD * np.abs(values).max():
        return np.zeros_like(values)
    return np.asarray((values - values.mean()) / spread)
