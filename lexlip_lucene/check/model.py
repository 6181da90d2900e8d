"""Checking a model folder, or a query side that was exported: its files against its config, and that against itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lexlip_lucene.check.kind import Checked, DamageError
from lexlip_lucene.check.listed_files import require_listed
from lexlip_lucene.encoders.model import model_config
from lexlip_lucene.encoders.model.model_files import WEIGHTS_FILE, require_readable
from lexlip_lucene.encoders.model.tokenizer import TOKENIZER_FILE
from lexlip_lucene.encoders.query import onnx_query, sentence_states
from lexlip_lucene.errors import ModelError


class ModelKind:
    """A folder that training wrote, or `lexlip export onnx`."""

    name = "model"

    def recognises(self, path: Path) -> bool:
        """Say if one of a model's files is in the folder."""
        signs = (model_config.CONFIG_FILE, onnx_query.CONFIG_FILE, WEIGHTS_FILE, onnx_query.GRAPH_FILE)
        return path.is_dir() and any((path / sign).exists() for sign in signs)

    def check(self, path: Path, *, full: bool) -> Checked:
        """Compare every file that the config names; errors as in `Kind`."""
        exported = onnx_query.is_onnx_query(path)
        config = onnx_query.CONFIG_FILE if exported else model_config.CONFIG_FILE
        with _damage_unless_of_the_system():
            read = onnx_query.read_query_config(path) if exported else model_config.read_config(path)
        there = {file.name for file in path.iterdir() if file.name != config and not file.name.startswith(".")}
        if not read.files:
            size = sum((path / name).stat().st_size for name in there)
            return Checked(False, len(there), size, f"its {config} is from before checksums and names none")
        for name in sorted(_needed(read) - read.files.keys()):
            raise DamageError(
                f"{path / config} does not list {name}, which the model needs: take the whole folder again"
            )
        for name in sorted(there & read.files.keys()):
            with _damage_unless_of_the_system():
                require_readable(path / name)
        files, size = require_listed(path, read.files, there & read.files.keys(), path / config)
        return Checked(True, files + 1, size + (path / config).stat().st_size)


def _needed(config: model_config.ModelConfig | onnx_query.QueryConfig) -> set[str]:
    if isinstance(config, onnx_query.QueryConfig):
        return {onnx_query.GRAPH_FILE, TOKENIZER_FILE}
    needed = {WEIGHTS_FILE, TOKENIZER_FILE}
    if config.late is not None and config.late.sentence is not None:
        needed |= {sentence_states.GRAPH_FILE, sentence_states.TOKENIZER_FILE}
    return needed


@contextmanager
def _damage_unless_of_the_system() -> Iterator[None]:
    """Turn a ModelError of the block into DamageError, but for one that the system's refusal caused."""
    try:
        yield
    except ModelError as error:
        if isinstance(error.__cause__, OSError):
            raise
        raise DamageError(str(error)) from error
