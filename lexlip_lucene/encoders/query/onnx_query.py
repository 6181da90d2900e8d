"""Queries encoded by ONNX Runtime, from a folder that `lexlip export onnx` wrote: no torch, no model folder.

    query.onnx       ids, attention, words (batch, length) → weights (batch, tokens) float32, divided by length
    query.json       lexicon tokens, quantisation, the longest text, the SHA-256 of the other files (`QueryConfig`)
    tokenizer.json   as tokenizers reads it

`ids` are int64 token ids with the special ones; `attention` and `words` are bool: True where a token is not padding,
and where it is neither padding nor special. The static side has no `attention`.
"""

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, model_validator
from tokenizers import Tokenizer

from lexlip_lucene.encoders.model.config_file import read_config_file
from lexlip_lucene.encoders.model.model_files import require_as_written
from lexlip_lucene.encoders.model.tokenizer import cut_at, encoded, load_tokenizer
from lexlip_lucene.encoders.query.onnx_session import onnx_session
from lexlip_lucene.errors import ModelError
from lexlip_lucene.integers import as_int
from lexlip_lucene.recipes.model_spec import FileName, Spec
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.lexicon import Lexicon, require_terms
from lexlip_lucene.vectors.quantise import MAX_BITS, Quantiser

GRAPH_FILE, CONFIG_FILE = "query.onnx", "query.json"

SCHEMA = 1
"""Version of the folder's layout."""


class QueryConfig(Spec):
    """The keys of `query.json`: `ceiling` is the weight that gets the largest impact, `rows` are of the vocabulary.

    `files` are the other files of the folder with their SHA-256; empty in an export from before checksums.
    """

    schema_version: int = SCHEMA
    model_sha256: str
    tokens: tuple[str, ...]
    rows: tuple[int, ...]
    ceiling: float = Field(gt=0)
    bits: int = Field(ge=1, le=MAX_BITS)
    top_k: int | None = Field(gt=0)
    max_length: int = Field(gt=2, le=65536)
    files: dict[FileName, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _tokens_are_terms(self) -> "QueryConfig":
        if len(self.tokens) != len(self.rows):
            raise ValueError(f"{len(self.tokens)} tokens need as many rows, but there are {len(self.rows)}")
        require_terms(self.tokens)
        return self

    @property
    def lexicon(self) -> Lexicon:
        """The vector's dimensions."""
        return Lexicon(tokens=self.tokens, rows=self.rows)


class OnnxQuery:
    """Text → token → query weight, as `LexLip.encode_texts` gives them but for rounding.

    Args:
        folder: what `lexlip export onnx` wrote.
        threads: that one query may use.

    Raises:
        ModelError: the folder is not such an export, or of another schema version.
    """

    def __init__(self, folder: str | Path, *, threads: int = 1) -> None:
        folder = Path(folder)
        self.config = read_query_config(folder)
        self.lexicon = self.config.lexicon
        self._tokenizer: Tokenizer = load_tokenizer(folder)
        cut_at(self._tokenizer, self.config.max_length)
        self._session = onnx_session(folder / GRAPH_FILE, as_int(threads, "threads"))
        for name in self.config.files:
            require_as_written(folder, name, self.config.files, CONFIG_FILE)
        self._inputs = {given.name for given in self._session.get_inputs()}
        self._graph = folder / GRAPH_FILE
        if not self._inputs <= {"ids", "attention", "words"} or len(self._session.get_outputs()) != 1:
            raise ModelError(f"{self._graph}: inputs ids, attention, words and one output are needed; export it again")

    def encode(self, text: str, *, top_k: int | None = None, bits: int | None = None) -> Impacts:
        """Encode one query, heaviest token first; {} when the model knows none of its tokens.

        Args:
            text: the query.
            top_k: heaviest tokens kept; the model's own unless given.
            bits: weights are in 1..2^bits − 1; the model's own unless given.
        """
        quantiser = Quantiser(
            ceiling=self.config.ceiling,
            bits=self.config.bits if bits is None else bits,
            top_k=self.config.top_k if top_k is None else top_k,
        )
        (encoding,) = encoded(self._tokenizer, [text], max_length=self.config.max_length)
        words = ~np.array([encoding.special_tokens_mask], dtype=bool)
        if not words.any():
            return {}
        given = {"ids": np.array([encoding.ids], dtype=np.int64), "attention": np.ones_like(words), "words": words}
        return quantiser.vector(self._weights({name: given[name] for name in self._inputs}), self.lexicon.tokens)

    def _weights(self, given: dict[str, Any]) -> Any:
        try:
            (weights,) = self._session.run(None, given)
        except Exception as error:  # its exceptions have no common class below this one
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"{self._graph}: ONNX Runtime can't run it: {reason}; export it again") from None
        if np.shape(weights) != (1, len(self.lexicon)):
            raise ModelError(
                f"{self._graph}: weights of shape (1, {len(self.lexicon)}) are needed, got {np.shape(weights)}; export "
                "it again"
            )
        return weights[0]


def is_onnx_query(folder: Path) -> bool:
    """Return True if `folder` is a query side that was exported, and not a model folder."""
    return (folder / CONFIG_FILE).is_file()


def read_query_config(folder: Path) -> QueryConfig:
    """Read the config of an exported query side.

    Raises:
        ModelError: the folder is not such an export, is of another schema version, or its config has changed since.
    """
    return read_config_file(
        folder / CONFIG_FILE,
        QueryConfig,
        SCHEMA,
        missing=f"a folder that lexlip export onnx wrote is needed, but {CONFIG_FILE} is missing",
        outdated=f"an exported query side of schema version {SCHEMA} is needed",
        advice="export it again",
    )
