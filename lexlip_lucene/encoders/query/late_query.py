"""The text side of late interaction: a table of token vectors and a tokenizer, read without torch.

It gives the vectors that `LateHead.of_tokens` gives, up to rounding, and leaves out what weighs nothing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.encoders.model.model_config import CONFIG_FILE, ModelConfig, read_config
from lexlip_lucene.encoders.model.model_files import SCALE, SMALLEST, WEIGHTS_FILE, require_as_written
from lexlip_lucene.encoders.model.tokenizer import TOKENIZER_FILE, cut_at, encoded, load_tokenizer
from lexlip_lucene.encoders.query.numpy_tensors import numpy_tensors
from lexlip_lucene.encoders.query.onnx_query import is_onnx_query
from lexlip_lucene.errors import ModelError
from lexlip_lucene.late.late_score import TextTokens
from lexlip_lucene.models.shipped import model_folder

WORDS, RAW_WEIGHT, CONTEXT = "late.words", "late.raw_weight", "late.context"
"""The tensors of the late head's text side."""


class LateQuery:
    """Text → the vectors and weights of its tokens, for `LateReranker`. Safe for several threads.

    Args:
        model: a model folder with a late head, or the name of a model that comes with the package.

    Raises:
        ModelError: the folder is not such a model, can't be read, or its files are not those that were written.
    """

    def __init__(self, model: str | Path) -> None:
        folder = model_folder(model)
        if is_onnx_query(folder):
            raise ModelError(f"{folder} is an exported query side, which has no token vectors: give the model's folder")
        self.config = read_config(folder)
        if self.config.late is None:
            raise ModelError(f"model {self.config.name} has no patch vectors: train it with late in its recipe")
        self.mix = self.config.late.mix
        self._position_of_row = self.config.lexicon.position_of_row
        self._tokenizer = load_tokenizer(folder, rows=self.config.vocabulary_size)
        cut_at(self._tokenizer, self.config.text.max_length)
        require_as_written(folder, TOKENIZER_FILE, self.config.files, CONFIG_FILE)
        self._table = _table(folder / WEIGHTS_FILE, self.config)
        self.sha256 = require_as_written(folder, WEIGHTS_FILE, self.config.files, CONFIG_FILE)

    def __call__(self, text: str) -> TextTokens:
        """Return the tokens of `text` that the lexicon has, each as often as it is there; none for an empty text."""
        (encoding,) = encoded(self._tokenizer, [text], max_length=self.config.text.max_length)
        words = zip(encoding.ids, encoding.special_tokens_mask, strict=True)
        return self._table.of([-1 if special else self._position_of_row.get(row, -1) for row, special in words])


class _Table(NamedTuple):
    """Unit vectors (tokens, width), weights (tokens,) and the maps (3, width, width) of the context, if any."""

    vectors: NDArray[np.float32]
    weights: NDArray[np.float32]
    context: NDArray[np.float32] | None

    def of(self, positions: Sequence[int]) -> TextTokens:
        """Return the tokens of a text, given its positions in the lexicon, −1 for what does not count."""
        places = np.array(positions, dtype=np.intp)
        known = places >= 0
        weights = self.weights[places[known]]
        own = np.zeros((len(places), self.vectors.shape[1]), np.float32)
        own[known] = self.vectors[places[known]]
        if self.context is None or not known.any():
            return TextTokens(own[known], weights)
        nothing = np.zeros_like(own[:1])
        before, after = np.concatenate([nothing, own[:-1]]), np.concatenate([own[1:], nothing])
        text = (weights / weights.sum()) @ own[known]
        vectors = (own + before @ self.context[0] + after @ self.context[1] + text @ self.context[2])[known]
        return TextTokens(_unit(vectors), weights)


def _table(path: Path, config: ModelConfig) -> _Table:
    assert config.late is not None, "the caller has looked"
    tokens, width = len(config.tokens), config.late.width
    wanted: dict[str, tuple[int, ...]] = {WORDS: (tokens, width), RAW_WEIGHT: (tokens,)}
    if config.weights == "int8" and tokens * width >= SMALLEST:
        wanted[WORDS + SCALE] = (tokens,)
    if config.late.context:
        wanted[CONTEXT] = (3, width, width)
    found = numpy_tensors(path, wanted)
    for name in (WORDS, RAW_WEIGHT, CONTEXT):
        if name in found and not np.isfinite(found[name]).all():
            raise ModelError(f"{path}: {name} must have finite numbers; train the model again")
    # A packed row's scale changes its length only, and that becomes 1.
    vectors = _unit(found[WORDS].astype(np.float32))
    return _Table(vectors, np.logaddexp(np.float32(0), found[RAW_WEIGHT]), found.get(CONTEXT))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0))
