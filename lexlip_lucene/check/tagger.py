"""Checking an entity tagger's folder: its files against its config, and that against itself."""

from pathlib import Path

import orjson

from lexlip_lucene.check.kind import Checked, DamageError
from lexlip_lucene.check.listed_files import require_listed
from lexlip_lucene.encoders.entities.tagger_config import read_tagger_config
from lexlip_lucene.encoders.model.model_config import CONFIG_FILE
from lexlip_lucene.encoders.model.model_files import WEIGHTS_FILE
from lexlip_lucene.encoders.model.tokenizer import TOKENIZER_FILE
from lexlip_lucene.errors import ModelError


class TaggerKind:
    """A folder that `lexlip train` wrote from a tagger recipe."""

    name = "tagger"

    def recognises(self, path: Path) -> bool:
        """Say if the folder's config is of a tagger; one that is no JSON any more is left to the next kind."""
        try:
            record = orjson.loads((path / CONFIG_FILE).read_bytes())
        except (FileNotFoundError, NotADirectoryError, orjson.JSONDecodeError):
            return False
        return isinstance(record, dict) and record.get("kind") == "entity-tagger"

    def check(self, path: Path, *, full: bool) -> Checked:
        """Compare every file that the config names; errors as in `Kind`."""
        try:
            config = read_tagger_config(path)
        except ModelError as error:
            if isinstance(error.__cause__, OSError):
                raise
            raise DamageError(str(error)) from error
        for name in sorted({WEIGHTS_FILE, TOKENIZER_FILE} - config.files.keys()):
            raise DamageError(
                f"{path / CONFIG_FILE} does not list {name}, which the tagger needs: take the whole folder again"
            )
        there = {file.name for file in path.iterdir() if file.name in config.files}
        files, size = require_listed(path, config.files, there, path / CONFIG_FILE)
        return Checked(True, files + 1, size + (path / CONFIG_FILE).stat().st_size)
