"""Zero-shot labels by late interaction (FILIP, arXiv 2111.07783): a prompt's tokens look for their best patches.

    score(image, label) = 1/P · Σ over prompts p of s_T(p, image)
    s_T(p, image) = Σ over tokens w_t · (max over patches token · patch) / Σ over tokens w_t    (`late/late_score.py`)

An ensemble of prompts averages scores, as FILIP does: a mean of vectors would mix tokens that belong to other places.
Only prompts with a token that weighs anything count. A label none of whose own words has such a token has no score:
its prompts would say nothing but their template. Among equal scores the earlier label comes first.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.data.labels import Label
from lexlip_lucene.data.prompts import DEFAULT_PROMPTS, prompts_of, require_templates
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.classify import ScoredLabel, require_alike
from lexlip_lucene.integers import as_count
from lexlip_lucene.late.late_score import TextTokens
from lexlip_lucene.progress import SILENT, Progress

TOKENS_AT_ONCE = 1024
"""Tokens that are compared with all patches of a batch of images: some megabytes of similarities."""


class LateLabels(NamedTuple):
    """The tokens of all labels' prompts.

    Attributes:
        names: of the labels, in their order.
        prompts: prompts a label, from 1.
        vectors: (tokens, width) float32 of unit length.
        shares: (labels, tokens) scipy CSR array of float64: how much a token's best patch counts in a label's score.
            A row adds up to 1, or has no entry.
    """

    names: Sequence[str]
    prompts: int
    vectors: NDArray[np.float32]
    shares: Any

    @property
    def empty(self) -> list[str]:
        """The labels without a score, which no image can have."""
        return [name for name, count in zip(self.names, np.diff(self.shares.indptr).tolist(), strict=True) if not count]

    def best(self, patches: Sequence[NDArray[np.float32]], k: int) -> list[list[ScoredLabel]]:
        """Return for each image the `k` best labels, best first; equal ones in their order.

        Args:
            patches: for each image (n, width) float32 of unit length, the same n for all, at least 1.
            k: labels an image, at least 1; all that have a score if there are fewer.

        Raises:
            InputError: `k` is below 1.
        """
        k = as_count(k, "the number of labels")
        if not patches:
            return []
        scores = (self.shares @ self._bests(np.stack(patches))).T
        scores[:, np.diff(self.shares.indptr) == 0] = -np.inf
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return [
            [ScoredLabel(self.names[place], float(row[place])) for place in best if np.isfinite(row[place])]
            for row, best in zip(scores, order.tolist(), strict=True)
        ]

    def _bests(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (tokens, images) float32: how like a token is to that patch of an image that is most like it."""
        images, count, width = patches.shape
        every = patches.reshape(-1, width).T
        bests = np.empty((len(self.vectors), images), np.float32)
        for begin in range(0, len(bests), TOKENS_AT_ONCE):
            some = self.vectors[begin : begin + TOKENS_AT_ONCE] @ every
            bests[begin : begin + TOKENS_AT_ONCE] = some.reshape(-1, images, count).max(axis=2)
        return bests


def encode_late_labels(
    encode: Callable[[str], TextTokens],
    labels: Sequence[Label],
    *,
    templates: Sequence[str] = DEFAULT_PROMPTS,
    progress: Progress = SILENT,
) -> LateLabels:
    """Encode the prompts of each label for late interaction. The tokens of all prompts are in memory at once.

    Args:
        encode: text → the vectors and weights of its tokens, by the model that images will be encoded with:
            `LateQuery(model)`.
        labels: at least one, with names of their own.
        templates: prompts with `{}` once each, where a label's words go; at least one.
        progress: receives the labels that no image can have.

    Raises:
        InputError: no label, no template, a name that occurs twice, a template without its `{}`, or no label with a
            word that has a vector.
    """
    require_templates(templates)
    require_alike([label.name for label in labels], [len(templates)] * len(labels))
    of_label = [prompts_of(label, templates) for label in labels]
    texts = [*(label.words for label in labels), *(text for prompts in of_label for text in prompts)]
    found = _labels(labels, of_label, {text: encode(text) for text in dict.fromkeys(texts)})
    say_empty(found.empty, len(labels), "has a vector for no word of", progress)
    return found


def say_empty(empty: Sequence[str], labels: int, lacks: str, progress: Progress) -> None:
    """Tell `progress` which labels no image can have; InputError if that is all of them.

    Args:
        empty: their names.
        labels: of which they are some.
        lacks: of the model, as in "knows no word of".
        progress: receives a note for each.
    """
    if len(empty) == labels:
        raise InputError(f"the model {lacks} any of the {labels} labels: choose others")
    for name in empty:
        progress.note(f"the model {lacks} label {name!r}, so no image can have it")


def _labels(labels: Sequence[Label], of_label: Sequence[Sequence[str]], tokens: Mapping[str, TextTokens]) -> LateLabels:
    from scipy.sparse import csr_array

    texts = list(dict.fromkeys(text for prompts in of_label for text in prompts))
    ends = np.cumsum([len(tokens[text].weights) for text in texts]).tolist()
    first = dict(zip(texts, [0, *ends[:-1]], strict=True))
    entries: list[tuple[int, int, float]] = []
    for number, (label, prompts) in enumerate(zip(labels, of_label, strict=True)):
        heard = [] if tokens[label.words].is_empty else [text for text in prompts if not tokens[text].is_empty]
        for text in heard:
            weights = tokens[text].weights.astype(np.float64)
            shares = (weights / weights.sum() / len(heard)).tolist()
            entries += [(number, column, share) for column, share in enumerate(shares, start=first[text])]
    rows, columns, values = np.array(entries, dtype=np.float64).reshape(-1, 3).T
    shape = (len(labels), ends[-1])
    matrix = csr_array((values, (rows.astype(np.intp), columns.astype(np.intp))), shape=shape)
    vectors = np.concatenate([tokens[text].vectors for text in texts])
    return LateLabels([label.name for label in labels], len(of_label[0]), vectors, matrix)
