"""A model's `config.json`: everything that is not a tensor and not the tokenizer's own files.

It names the SHA-256 of every other file of the folder, and carries a checksum of itself (`checksum.py`). A model from
before checksums has neither, and is read as it is.
"""

from pathlib import Path
from typing import Literal

import orjson
from pydantic import Field, model_validator

from lexlip_lucene.encoders.model.config_file import read_config_file
from lexlip_lucene.files.checksum import with_checksum
from lexlip_lucene.recipes.model_spec import FileName, ImageSpec, LateSpec, Spec, TextSpec, Title
from lexlip_lucene.vectors.lexicon import Lexicon, require_terms
from lexlip_lucene.vectors.quantise import MAX_BITS, Side

CONFIG_FILE = "config.json"

SCHEMA = 1
"""Version of a model folder's layout."""


class Ceilings(Spec):
    """The weight that gets the largest impact, per side; calibrated once, after training.

    `document` is that of texts as documents, if they are measured against a bank, which divides again.
    """

    image: float = Field(gt=0)
    text: float = Field(gt=0)
    document: float | None = Field(default=None, gt=0)


class ModelConfig(Spec):
    """The config's keys.

    Attributes:
        tokens, rows: the lexicon, in order (see `lexlip_lucene.vectors.lexicon`).
        vocabulary_size: rows of the tokenizer's vocabulary.
        bits, top_k: the defaults of `encode`; `text_top_k` for texts, null: `top_k`.
        dense_width: width of the dense twin's vectors; null: the model has none.
        late: the late head; null: the model has none.
        weights: matrices in `model.safetensors`: `float32`, or `int8` with a scale a row.
        files: name of each other file of the folder → its SHA-256; empty in a model from before checksums.
    """

    schema_version: int = SCHEMA
    name: Title
    image: ImageSpec
    text: TextSpec
    tokens: tuple[str, ...]
    rows: tuple[int, ...]
    vocabulary_size: int = Field(gt=0, le=10_000_000)
    ceilings: Ceilings | None = None
    bits: int = Field(default=8, ge=1, le=MAX_BITS)
    top_k: int | None = Field(default=None, gt=0)
    text_top_k: int | None = Field(default=None, gt=0)
    dense_width: int | None = Field(default=None, gt=0, le=16384)
    late: LateSpec | None = None
    weights: Literal["float32", "int8"] = "float32"
    files: dict[FileName, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _rows_are_of_the_vocabulary(self) -> "ModelConfig":
        if len(self.tokens) != len(self.rows):
            raise ValueError(f"{len(self.tokens)} tokens need as many rows, but there are {len(self.rows)}")
        if not all(0 <= row < self.vocabulary_size for row in self.rows):
            raise ValueError(f"rows must be in 0..{self.vocabulary_size - 1}, the vocabulary's")
        if len(set(self.rows)) != len(self.rows):
            raise ValueError("rows must differ, but one is there twice")
        require_terms(self.tokens)
        return self

    def top_k_of(self, side: Side) -> int | None:
        """Return the heaviest tokens kept of a vector of `side`: "image", or "text" and "document"."""
        return self.top_k if side == "image" or self.text_top_k is None else self.text_top_k

    @property
    def lexicon(self) -> Lexicon:
        """The vector's dimensions."""
        return Lexicon(tokens=self.tokens, rows=self.rows)


def read_config(folder: Path) -> ModelConfig:
    """Read a model folder's config.

    Raises:
        ModelError: the folder is not a model, is one of another schema version, can't be read, or its config is not as
            it was written.
    """
    return read_config_file(
        folder / CONFIG_FILE,
        ModelConfig,
        SCHEMA,
        missing=f"a model folder with {CONFIG_FILE} and model.safetensors is needed; train makes one",
        outdated=f"a LexLIP model of schema version {SCHEMA} is needed",
        advice="train it again, or use the version of lexlip_lucene that wrote it",
    )


def config_bytes(config: ModelConfig) -> bytes:
    """Return the config as the bytes of `config.json`."""
    record = with_checksum(config.model_dump(mode="json"))
    return orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
