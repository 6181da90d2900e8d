"""Queries encoded by ONNX Runtime, from a folder that `lexlip export onnx` wrote: no torch, no model folder.

    query.onnx       ids, attention, words (batch, length) → weights (batch, tokens) float32, divided by length
    query.json       lexicon tokens, quantisation, the longest text, the SHA-256 of the other files (`QueryConfig`)
    tokenizer.json   as tokenizers reads it

`ids` are int64 token ids with the special ones; `attention` and `words` are bool: what is no padding, and what is
neither padding nor special. The static side has no `attention`.
"""

from pathlib import Path
from typing import Any

import numpy as np
import orjson
from pydantic import Field, ValidationError
from tokenizers import Tokenizer

from lexlip_lucene.checksum import require_checksum, without_checksum
from lexlip_lucene.encoders.encoding import encoded, load_tokenizer
from lexlip_lucene.encoders.model_files import require_as_written, require_readable
from lexlip_lucene.errors import ModelError
from lexlip_lucene.integers import as_int
from lexlip_lucene.recipes.model_spec import FileName, Spec
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.lexicon import Lexicon
from lexlip_lucene.vectors.quantise import Quantiser

GRAPH_FILE, CONFIG_FILE = "query.onnx", "query.json"

SCHEMA = 1
"""Version of the folder's layout."""


class QueryConfig(Spec):
    """What `query.json` holds: `ceiling` is the weight that gets the largest impact, `rows` are of the vocabulary.

    `files` are the other files of the folder with their SHA-256; empty in an export from before checksums.
    """

    schema_version: int = SCHEMA
    model_sha256: str
    tokens: tuple[str, ...]
    rows: tuple[int, ...]
    ceiling: float
    bits: int
    top_k: int | None
    max_length: int
    files: dict[FileName, str] = Field(default_factory=dict)

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
        ModelError: the folder is no such export, or of another schema version.
    """

    def __init__(self, folder: str | Path, *, threads: int = 1) -> None:
        folder = Path(folder)
        self.config = read_query_config(folder)
        self.lexicon = self.config.lexicon
        self._tokenizer: Tokenizer = load_tokenizer(folder)
        self._session = _session(folder / GRAPH_FILE, as_int(threads, "threads"))
        for name in self.config.files:
            require_as_written(folder, name, self.config.files, CONFIG_FILE)
        self._inputs = {given.name for given in self._session.get_inputs()}

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
        (weights,) = self._session.run(None, {name: given[name] for name in self._inputs})
        return quantiser.vector(weights[0], self.lexicon.tokens)


def is_onnx_query(folder: Path) -> bool:
    """Whether `folder` is a query side that was exported, and no model folder."""
    return (folder / CONFIG_FILE).is_file()


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    require_readable(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common class below this one
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{path}: ONNX Runtime can't load it: {reason}; export it again") from None


def read_query_config(folder: Path) -> QueryConfig:
    """Read the config of an exported query side.

    Raises:
        ModelError: the folder is no such export, is of another schema version, or its config has changed since.
    """
    path = folder / CONFIG_FILE
    try:
        record = orjson.loads(path.read_bytes())
        version = record.get("schema_version") if isinstance(record, dict) else None
        if version != SCHEMA:
            raise ModelError(f"{path}: schema version {SCHEMA} is needed, got {version!r}: export it again")
        config = QueryConfig.model_validate(without_checksum(record))
        require_checksum(record, path, ModelError)
        return config
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{folder}: a folder that lexlip export onnx wrote is needed, but {CONFIG_FILE} is missing"
        ) from None
    except OSError as error:
        raise ModelError(f"can't read {path}: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise ModelError(f"{path}: not JSON: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
