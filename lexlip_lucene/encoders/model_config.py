"""A model's `config.json`: everything that is not a tensor and not the tokenizer's own files.

It names the SHA-256 of every other file of the folder, and carries a checksum of itself (`checksum.py`). A model from
before checksums has neither, and is read as it is.
"""

from pathlib import Path

import orjson
from pydantic import Field, ValidationError, model_validator

from lexlip_lucene.checksum import require_checksum, with_checksum, without_checksum
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.model_spec import FileName, ImageSpec, Spec, TextSpec
from lexlip_lucene.vectors.lexicon import Lexicon

CONFIG_FILE = "config.json"

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
        files: name of each other file of the folder → its SHA-256; empty in a model from before checksums.
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
    files: dict[FileName, str] = Field(default_factory=dict)

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
        ModelError: the folder is not a model, is one of another schema version, can't be read, or its config is not as
            it was written.
    """
    path = folder / CONFIG_FILE
    try:
        record = orjson.loads(path.read_bytes())
        version = record.get("schema_version") if isinstance(record, dict) else None
        if version != SCHEMA:
            raise ModelError(
                f"{path}: a LexLIP model of schema version {SCHEMA} is needed, got {version!r}; train it again, or use "
                "the version of lexlip_lucene that wrote it"
            )
        config = ModelConfig.model_validate(without_checksum(record))
        require_checksum(record, path, ModelError)
        return config
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{folder}: a model folder with {CONFIG_FILE} and model.safetensors is needed; train makes one"
        ) from None
    except OSError as error:
        raise ModelError(f"can't read {path}: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise ModelError(f"{path}: not JSON: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the lexicon"
        raise ModelError(f"{path}: {place}: {first['msg'].removeprefix('Value error, ')}") from None


def config_bytes(config: ModelConfig) -> bytes:
    """Return the config as the bytes of `config.json`."""
    record = with_checksum(config.model_dump(mode="json"))
    return orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
