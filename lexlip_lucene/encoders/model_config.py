"""A model's `config.json`: everything that is not a tensor and not the tokenizer's own files."""

from pathlib import Path

import orjson
from pydantic import Field, ValidationError, model_validator

from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.model_spec import ImageSpec, Spec, TextSpec
from lexlip_lucene.vectors.lexicon import Lexicon

SCHEMA = 1
"""Version of a model folder's layout."""


class Ceilings(Spec):
    """The weight that gets the largest impact, per side; calibrated once, after training.

    `document` is that of texts as documents, where they are measured against a bank, which divides anew.
    """

    image: float
    text: float
    document: float | None = None


class ModelConfig(Spec):
    """The config's keys.

    Attributes:
        tokens, rows: the lexicon, in order (see `lexlip_lucene.vectors.lexicon`).
        vocabulary_size: rows of the tokenizer's vocabulary.
        bits, top_k: what `encode` uses unless told otherwise; `text_top_k` for texts, null: `top_k`.
        dense_width: width of the dense twin's vectors; null: the model has none.
    """

    schema_version: int = SCHEMA
    name: str
    image: ImageSpec
    text: TextSpec
    tokens: tuple[str, ...]
    rows: tuple[int, ...]
    vocabulary_size: int
    ceilings: Ceilings | None = None
    bits: int = 8
    top_k: int | None = None
    text_top_k: int | None = None
    dense_width: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _rows_are_of_the_vocabulary(self) -> "ModelConfig":
        if len(self.tokens) != len(self.rows):
            raise ValueError(f"{len(self.tokens)} tokens need as many rows, but there are {len(self.rows)}")
        if not all(0 <= row < self.vocabulary_size for row in self.rows):
            raise ValueError(f"rows must be in 0..{self.vocabulary_size - 1}, the vocabulary's")
        return self

    def top_k_of(self, side: str) -> int | None:
        """Return the heaviest tokens kept of a vector of `side`: "image", or "text" and "document"."""
        return self.top_k if side == "image" or self.text_top_k is None else self.text_top_k

    @property
    def lexicon(self) -> Lexicon:
        """The vector's dimensions."""
        return Lexicon(tokens=self.tokens, rows=self.rows)


def read_config(folder: Path) -> ModelConfig:
    """Read a model folder's config.

    Raises:
        ModelError: the folder is not a model, or is one of another schema version.
    """
    path = folder / "config.json"
    if not folder.is_dir() or not path.is_file():
        raise ModelError(f"{folder}: a model folder with config.json and model.safetensors is needed; train makes one")
    try:
        record = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise ModelError(f"{path}: not JSON: {error}") from None
    version = record.get("schema_version") if isinstance(record, dict) else None
    if version != SCHEMA:
        raise ModelError(
            f"{path}: a LexLIP model of schema version {SCHEMA} is needed, got {version!r}; train it again, or use the "
            "version of lexlip_lucene that wrote it"
        )
    try:
        return ModelConfig.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the lexicon"
        raise ModelError(f"{path}: {place}: {first['msg'].removeprefix('Value error, ')}") from None


def config_bytes(config: ModelConfig) -> bytes:
    """Return the config as the bytes of `config.json`."""
    return orjson.dumps(config.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
