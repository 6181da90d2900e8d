"""Zero-shot classification by sparse scores: vectors of labels and images in, the best labels of each image out.

    score(image, label) = 1/P · Σ over prompts p of (Σ over shared tokens of weight of p × impact of the image)

LexLIP (ICCV 2023) classifies images that it was not trained for with the scores that it searches with; that a label
is scored by the mean over several prompts is CLIP's ensemble (arXiv 2103.00020, §3.1.4), here over scores. With the
prompts {"cat": 3, "photo": 1} and {"cat": 5}, an image {"cat": 10, "dog": 2} scores (30 + 50) / 2 = 40.

Among equal scores the earlier label comes first. An image has no label with a score of 0.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.integers import as_int
from lexlip_lucene.records import Impacts


class LabelVectors(NamedTuple):
    """The labels as one matrix.

    Attributes:
        names: of the labels, in their order.
        prompts: prompts a label, from 1.
        columns: token → row of `sums`; no other token can match.
        sums: (tokens, labels) scipy CSR array of int64: the vectors of a label's prompts added up.
    """

    names: Sequence[str]
    prompts: int
    columns: Mapping[str, int]
    sums: Any

    @property
    def empty(self) -> list[str]:
        """The labels without any token, which no image can have."""
        tokens = np.bincount(self.sums.indices, minlength=len(self.names)).tolist()
        return [name for name, count in zip(self.names, tokens, strict=True) if not count]


class ScoredLabel(NamedTuple):
    """A label and its mean score over the prompts: above 0 by words, −1 to 1 by late interaction."""

    label: str
    score: float


def label_vectors(names: Sequence[str], vectors: Iterable[Sequence[Impacts]]) -> LabelVectors:
    """Add up the prompts of each label.

    Args:
        names: of the labels.
        vectors: for each label the quantised vectors of its prompts, as many for each; read once.

    Raises:
        InputError: no label, a repeated name, or not the same number of prompts for each, at least one.
    """
    from scipy.sparse import csr_array

    columns: dict[str, int] = {}
    prompts: list[int] = []
    entries: list[tuple[int, int, int]] = []
    for number, of_label in enumerate(vectors):
        prompts.append(len(of_label))
        # The mean over prompts of scores is the score of their mean, for a dot product is linear; so their integer
        # sum is kept, which is exact, and one division at the end is all. It makes P prompts as fast as one.
        total: Counter[str] = Counter()
        for vector in of_label:
            total.update(vector)
        entries += [(columns.setdefault(token, len(columns)), number, weight) for token, weight in total.items()]
    require_alike(names, prompts)
    rows, numbers, weights = np.array(entries, dtype=np.int64).reshape(-1, 3).T
    sums = csr_array((weights, (rows, numbers)), shape=(len(columns), len(names)), dtype=np.int64)
    return LabelVectors(names, prompts[0], columns, sums)


def require_alike(names: Sequence[str], prompts: Sequence[int]) -> None:
    """Raise InputError unless labels have as many prompts each, at least one, and names of their own."""
    if not names or not len(set(names)) == len(names) == len(prompts):
        raise InputError(
            f"at least one label is needed, each with its prompts and a name of its own, got {len(prompts)} with "
            f"prompts, {len(names)} names and {len(set(names))} different ones"
        )
    if len(set(prompts)) > 1 or not prompts[0]:
        raise InputError(f"labels need as many prompts each, at least 1, got {min(prompts)} to {max(prompts)}")


def label_scores(images: Sequence[Impacts], labels: LabelVectors) -> NDArray[np.int64]:
    """Return the scores (images, labels) int64, added up over the prompts: `labels.prompts` times the mean.

    Hand over a batch at a time: memory is images × labels, and never images × vocabulary.
    """
    from scipy.sparse import csr_array

    places: list[int] = []
    impacts: list[int] = []
    ends = [0]
    for image in images:
        shared = image.keys() & labels.columns.keys()
        places += [labels.columns[token] for token in shared]
        impacts += [image[token] for token in shared]
        ends.append(len(places))
    matrix = csr_array(
        (np.array(impacts, dtype=np.int64), np.array(places, dtype=np.int64), np.array(ends, dtype=np.int64)),
        shape=(len(images), len(labels.columns)),
    )
    scores: NDArray[np.int64] = (matrix @ labels.sums).toarray()
    return scores


def best_labels(images: Sequence[Impacts], labels: LabelVectors, k: int) -> list[list[ScoredLabel]]:
    """Return for each image the `k` best labels with a score above 0, best first; equal ones in their order.

    Raises:
        InputError: `k` is below 1.
    """
    k = as_int(k, "the number of labels")
    if k < 1:
        raise InputError(f"the number of labels must be at least 1, but it is {k}")
    scores = label_scores(images, labels)
    # Compared as integers: two means that differ by only a rounding of the division would not be a tie.
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return [
        [ScoredLabel(labels.names[place], int(row[place]) / labels.prompts) for place in best if row[place] > 0]
        for row, best in zip(scores, order.tolist(), strict=True)
    ]
