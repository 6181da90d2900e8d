"""Likeness of two photos by their captions: the cosine of tf·idf vectors of the joined captions.

    weight of a word = times it is in the captions × (ln((1 + N) / (1 + df)) + 1)

N and df count the training photos, a word is a run of letters in lower case, of one letter or more. It is the measure
of neighbours that no encoder has seen. It lies near the first trial's, whose own definition is not known: on Flickr8k
val → train random photos get .093 (there .100), the dense neighbours .222 (.211), the most alike ones .473 (.404).
What counts is the share of dense.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from lexlip_lucene.data.captioned_image import CaptionedImage


class CaptionLikeness:
    """The likeness of some photos to others, of all pairs.

    Args:
        photos: rows.
        others: columns; words are counted in their captions.
    """

    def __init__(self, photos: Sequence[CaptionedImage], others: Sequence[CaptionedImage]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        words = TfidfVectorizer(token_pattern=r"[a-z]+").fit(_texts(others))
        self._values = (words.transform(_texts(photos)) @ words.transform(_texts(others)).T).toarray()
        self._rows = {image.id: row for row, image in enumerate(photos)}
        self._columns = {image.id: column for column, image in enumerate(others)}

    @property
    def random(self) -> float:
        """The mean over all pairs."""
        return float(self._values.mean())

    def most(self, few: int) -> float:
        """The mean over each photo's `few` most alike: no search can have more."""
        few = min(few, self._values.shape[1])
        return float(np.partition(self._values, -few, axis=1)[:, -few:].mean())

    def of_neighbours(self, found: Mapping[str, Sequence[str]], few: int) -> float:
        """Return the mean over the `few` nearest of each photo; a neighbour that was not found counts 0.

        Args:
            found: id of each photo → ids, nearest first; those that are not among the others are passed over.
            few: at least 1.
        """
        total = 0.0
        for id, row in self._rows.items():
            near = [self._columns[other] for other in found.get(id, ()) if other in self._columns][:few]
            total += float(self._values[row, near].sum())
        return total / (few * len(self._rows))


def _texts(images: Sequence[CaptionedImage]) -> list[str]:
    return [" ".join(image.captions) for image in images]
