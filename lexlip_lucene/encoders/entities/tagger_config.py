"""A tagger's `config.json`: everything that is not a tensor and not the tokenizer's own file, with checksums."""

from pathlib import Path
from typing import Literal

import orjson
from pydantic import Field, model_validator

from lexlip_lucene.data.entities.iob2 import TAG, all_tags
from lexlip_lucene.encoders.model.config_file import read_config_file
from lexlip_lucene.encoders.model.model_config import CONFIG_FILE
from lexlip_lucene.errors import ModelError
from lexlip_lucene.files.checksum import with_checksum
from lexlip_lucene.recipes.model_spec import FileName, Spec, Title
from lexlip_lucene.recipes.tagger_spec import FusionSpec, PictureSpec, TaggerTextSpec

SCHEMA = 1
"""Version of the layout of a tagger's folder."""


class TaggerConfig(Spec):
    """The config's keys.

    Attributes:
        kind: tells the folder from that of a LexLIP model.
        types: of entities, in the order in which their tags are numbered (`data/iob2.py`).
        vocabulary_size: rows of the tokenizer's vocabulary.
        text, image, fusion: the network's parts; without `image` it sees no picture.
        files: name of each other file of the folder → its SHA-256.
    """

    schema_version: int = SCHEMA
    kind: Literal["entity-tagger"] = "entity-tagger"
    name: Title
    types: tuple[str, ...] = Field(min_length=1, max_length=1000)
    vocabulary_size: int = Field(gt=0, le=10_000_000)
    text: TaggerTextSpec
    image: PictureSpec | None = None
    fusion: FusionSpec = FusionSpec()
    files: dict[FileName, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _types_make_tags(self) -> "TaggerConfig":
        for type in self.types:
            if not TAG.fullmatch(f"B-{type}"):
                raise ValueError(f"a type of entities is named in capitals, as PER, got {type!r}")
        if len(set(self.types)) < len(self.types):
            raise ValueError("types must differ, but one is there twice")
        return self

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags in the order of the emissions."""
        return all_tags(self.types)


def read_tagger_config(folder: Path) -> TaggerConfig:
    """Read a tagger folder's config.

    Raises:
        ModelError: the folder is not a tagger, is one of another schema version, can't be read, or its config is not as
            it was written.
    """
    _require_kind(folder)
    return read_config_file(
        folder / CONFIG_FILE,
        TaggerConfig,
        SCHEMA,
        missing=f"an entity tagger's folder with {CONFIG_FILE} and model.safetensors is needed; train makes one",
        outdated=f"an entity tagger of schema version {SCHEMA} is needed",
        advice="train it again, or use the version of lexlip_lucene that wrote it",
    )


def _require_kind(folder: Path) -> None:
    """Raise ModelError if the folder has the config of another kind of model; other defects are found later."""
    try:
        record = orjson.loads((folder / CONFIG_FILE).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return
    if isinstance(record, dict) and record.get("kind") != "entity-tagger":
        raise ModelError(
            f"{folder / CONFIG_FILE}: an entity tagger is needed, but this is the folder of another model: train one "
            "by a recipe that has a tagger"
        )


def tagger_config_bytes(config: TaggerConfig) -> bytes:
    """Return the config as the bytes of `config.json`."""
    record = with_checksum(config.model_dump(mode="json"))
    return orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
