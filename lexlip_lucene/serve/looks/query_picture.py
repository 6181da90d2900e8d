"""A picture that is the query: a document's, or one that was sent; and whether it can be searched by its looks.

The visual words of a document are the index's own, so they need no model. Those of a picture that is sent are of the
served model: they mean the same looks only if the index was made with the same file of visual words.
"""

from typing import NamedTuple

from lexlip_lucene.records import Impacts
from lexlip_lucene.serve.http.problems import NotThere
from lexlip_lucene.vectors.picture_vector import BOTH, PictureVector

BY_WORDS = "or search with by=words"

NO_VISUAL_WORDS = (
    "the index has no visual words, so its pictures can't be found by their looks: make a model with `lexlip "
    f"train-visual`, encode with --visual, index again and serve that; {BY_WORDS}"
)


class QueryPicture(NamedTuple):
    """A picture that is the query, and why it can't be searched by its looks; "" if it can."""

    vector: PictureVector
    no_looks: str = ""

    def share(self, asked: float | None) -> float:
        """Return the share of looks in the score, 0 to 1; half unless it is `asked` for, none without visual words.

        Raises:
            NotThere: looks are asked for, and there are none to compare.
        """
        if asked and self.no_looks:
            raise NotThere(self.no_looks)
        return asked if asked is not None else 0.0 if self.no_looks else BOTH

    def weights(self, asked: float | None) -> Impacts:
        """Return the query, heaviest first; errors as in `share`."""
        return self.vector.query(self.share(asked))


def why_sent_has_no_looks(index: str | None, model: str | None, sent: str | None) -> str:
    """Return why a picture that was sent can't be searched by its looks; "" if it can.

    Args:
        index: SHA-256 of the visual words of the index; None if it has none.
        model: of the served model, likewise.
        sent: of the picture, likewise.
    """
    if index is None:
        return NO_VISUAL_WORDS
    if sent == index:
        return ""
    if model == index:
        return f"the picture was sent when the index had other visual words than now: send it again, {BY_WORDS}"
    of_model = "no visual words" if model is None else f"other visual words ({model[:12]}…) than the index"
    return (
        f"the served model has {of_model}, and those of the index are {index[:12]}…, so a picture that is sent has no "
        f"looks to compare: serve the model that encoded the collection; {BY_WORDS}"
    )
