"""Top-1 and top-5: the share of images whose true label is the best one, or among the five best.

An image that has no label at all, because nothing scored above 0, is wrong. One whose truth is not known does not
count.
"""

from collections.abc import Sequence

from lexlip_lucene.evaluate.classify import ScoredLabel

DEPTH = 5
"""Labels an image that are looked at: as many as top-5 needs."""


class LabelAccuracy:
    """A count of one image after the other. `known` is the number of images whose truth is known."""

    def __init__(self) -> None:
        self.known = 0
        self._first = self._among = 0

    def add(self, found: Sequence[ScoredLabel], truth: str | None) -> None:
        """Count an image.

        Args:
            found: its best labels, best first, all that are above 0 or five at least.
            truth: its label, or None where that is not known.
        """
        if truth is None:
            return
        names = [scored.label for scored in found[:DEPTH]]
        self.known += 1
        self._first += names[:1] == [truth]
        self._among += truth in names

    @property
    def figures(self) -> dict[str, float | None]:
        """`top-1` and `top-5` as fractions, None where no truth is known."""
        counts = {"top-1": self._first, f"top-{DEPTH}": self._among}
        return {name: count / self.known if self.known else None for name, count in counts.items()}
