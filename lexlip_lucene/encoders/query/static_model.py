"""The inference-free text side of a model folder: a table and a tokenizer, read without torch.

torch, torchvision and timm take seconds to import, and a query of this side needs none of them.
"""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from lexlip_lucene.encoders.model.model_config import CONFIG_FILE, read_config
from lexlip_lucene.encoders.model.model_files import WEIGHTS_FILE, require_as_written
from lexlip_lucene.encoders.model.static_query import StaticQuery, TranslationTable
from lexlip_lucene.encoders.model.tokenizer import TOKENIZER_FILE, cut_at, encoded, load_tokenizer
from lexlip_lucene.encoders.query.numpy_tensors import numpy_tensors
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.model_spec import StaticTextSpec
from lexlip_lucene.records import Impacts
from lexlip_lucene.text_list import as_texts
from lexlip_lucene.vectors.quantise import Quantiser

RAW_WEIGHT = "text.raw_weight"
"""The tensor of the learned weights, before softplus."""

TRANSLATION = ("text.translation.further", "text.translation.share")
"""The tensors of the table of further tokens."""


class StaticModel:
    """Text → token → query weight, exactly as `LexLip.encode_texts` gives them.

    Args:
        folder: a model folder whose text side is static.

    Raises:
        ModelError: the folder is not such a model, can't be read, or its files are not those that were written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = read_config(folder)
        if self.config.text.kind != "static":
            raise ModelError(f"{folder}: a model with an inference-free text side is needed, its side is a transformer")
        if self.config.ceilings is None:
            raise ModelError(f"model {self.config.name} has no calibrated scale; training calibrates it at its end")
        self.lexicon = self.config.lexicon
        self._tokenizer: Tokenizer = load_tokenizer(folder, rows=self.config.vocabulary_size)
        cut_at(self._tokenizer, self.config.text.max_length)
        require_as_written(folder, TOKENIZER_FILE, self.config.files, CONFIG_FILE)
        self._query = self._read_query()
        self.sha256 = require_as_written(folder, WEIGHTS_FILE, self.config.files, CONFIG_FILE)

    def encode(self, text: str, *, top_k: int | None = None, bits: int | None = None) -> Impacts:
        """Encode one query, heaviest token first; {} when the model knows none of its tokens.

        Args:
            text: the query.
            top_k: heaviest tokens kept; the model's own unless given.
            bits: weights are in 1..2^bits − 1; the model's own unless given.
        """
        return self.encode_texts([text], top_k=top_k, bits=bits)[0]

    def encode_texts(self, texts: Sequence[str], *, top_k: int | None = None, bits: int | None = None) -> list[Impacts]:
        """Encode queries; arguments as in `encode`."""
        assert self.config.ceilings is not None, "checked when it was loaded"
        quantiser = Quantiser(
            ceiling=self.config.ceilings.text,
            bits=self.config.bits if bits is None else bits,
            top_k=self.config.top_k_of("text") if top_k is None else top_k,
        )
        encodings = encoded(self._tokenizer, as_texts(texts, "texts"), max_length=self.config.text.max_length)
        return [self._query.encode(encoding, quantiser) for encoding in encodings]

    def _read_query(self) -> StaticQuery:
        path, tokens = self.folder / WEIGHTS_FILE, len(self.lexicon)
        assert isinstance(self.config.text, StaticTextSpec), "checked when it was loaded"
        wanted: dict[str, tuple[int, ...]] = {RAW_WEIGHT: (tokens,)}
        if self.config.text.translation is not None:
            wanted |= dict.fromkeys(TRANSLATION, (tokens, self.config.text.translation.tokens))
        found = numpy_tensors(path, wanted)
        table = None
        if self.config.text.translation is not None:
            table = TranslationTable(*(found[name] for name in TRANSLATION))
            if len(table.further) and not 0 <= table.further.min() <= table.further.max() < tokens:
                raise ModelError(f"{path} does not fit config.json beside it: {TRANSLATION[0]} has no such token")
        return StaticQuery(self.lexicon, found[RAW_WEIGHT], self.config.text.length_power, table)
