"""The query encoder that Pyserini's own `LuceneImpactSearcher` takes.

    from pyserini.search.lucene import LuceneImpactSearcher
    searcher = LuceneImpactSearcher(index, LexLipQueryEncoder(model), min_idf=-1)

`min_idf=-1` matters: Pyserini's default of 0 drops a query term that is in all documents.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from lexlip_lucene.encoders.model.model_config import read_config
from lexlip_lucene.encoders.query.onnx_query import OnnxQuery, is_onnx_query
from lexlip_lucene.encoders.query.static_model import StaticModel
from lexlip_lucene.models.shipped import model_folder
from lexlip_lucene.records import Impacts

if TYPE_CHECKING:
    from lexlip_lucene.encoders.model.lexlip import LexLip


class LexLipQueryEncoder:
    """Text → token → query weight, as built-in ints. It needs no Pyserini base class.

    Args:
        model: a model folder; the name of a model that comes with the package; a folder that `lexlip export onnx`
            wrote, which needs no torch; or a loaded one.
        top_k: heaviest tokens kept; None: the model's own.
    """

    def __init__(self, model: "LexLip | StaticModel | OnnxQuery | str | Path", *, top_k: int | None = None) -> None:
        self.model = load_query_model(Path(model)) if isinstance(model, str | Path) else model
        self.top_k = top_k

    def encode(self, text: str) -> Impacts:
        """Encode one query; {} when the model knows none of its tokens."""
        if isinstance(self.model, OnnxQuery):
            return self.model.encode(text, top_k=self.top_k)
        return self.model.encode_texts([text], top_k=self.top_k)[0]


def load_query_model(folder: Path) -> "LexLip | StaticModel | OnnxQuery":
    """Load what encodes queries: a model folder, the name of a shipped model, or an exported query side.

    Raises:
        ModelError: it is none of them.
    """
    folder = model_folder(folder)
    if is_onnx_query(folder):
        return OnnxQuery(folder)
    if read_config(folder).text.kind == "static":
        return StaticModel(folder)
    from lexlip_lucene.encoders.model.lexlip import LexLip

    return LexLip.from_pretrained(folder)
