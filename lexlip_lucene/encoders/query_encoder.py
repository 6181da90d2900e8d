"""The query encoder that Pyserini's own `LuceneImpactSearcher` takes.

    from pyserini.search.lucene import LuceneImpactSearcher
    searcher = LuceneImpactSearcher(index, LexLipQueryEncoder(model), min_idf=-1)

`min_idf=-1` matters: Pyserini's default of 0 drops a query term that is in all documents.
"""

from pathlib import Path

from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.records import Impacts


class LexLipQueryEncoder:
    """Text → token → query weight, as built-in ints. It needs no Pyserini base class.

    Args:
        model: a model folder, or a loaded `LexLip`.
        top_k: heaviest tokens kept; None: the model's own.
    """

    def __init__(self, model: LexLip | str | Path, *, top_k: int | None = None) -> None:
        self.model = model if isinstance(model, LexLip) else LexLip.from_pretrained(model)
        self.top_k = top_k

    def encode(self, text: str) -> Impacts:
        """Encode one query; {} when the model knows none of its tokens."""
        return self.model.encode_texts([text], top_k=self.top_k)[0]
