"""The text side of late interaction: a table of token vectors and a tokenizer, read without torch.

It gives the vectors that `LateHead.of_tokens` gives, up to rounding, and leaves out what weighs nothing.
"""

from pathlib import Path

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

WORDS, RAW_WEIGHT = "late.words", "late.raw_weight"
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
        self._vectors, self._weights = _table(folder / WEIGHTS_FILE, self.config)
        self.sha256 = require_as_written(folder, WEIGHTS_FILE, self.config.files, CONFIG_FILE)

    def __call__(self, text: str) -> TextTokens:
        """Return the tokens of `text` that the lexicon has, each as often as it is there; none for an empty text."""
        (encoding,) = encoded(self._tokenizer, [text], max_length=self.config.text.max_length)
        words = (row for row, special in zip(encoding.ids, encoding.special_tokens_mask, strict=True) if not special)
        found = [self._position_of_row[row] for row in words if row in self._position_of_row]
        return TextTokens(self._vectors[found], self._weights[found])


def _table(path: Path, config: ModelConfig) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return unit vectors (tokens, width) and weights (tokens,)."""
    assert config.late is not None, "the caller has looked"
    tokens, width = len(config.tokens), config.late.width
    wanted: dict[str, tuple[int, ...]] = {WORDS: (tokens, width), RAW_WEIGHT: (tokens,)}
    if config.weights == "int8" and tokens * width >= SMALLEST:
        wanted[WORDS + SCALE] = (tokens,)
    found = numpy_tensors(path, wanted)
    vectors = found[WORDS].astype(np.float32)
    # A row's scale changes its length only, and that becomes 1.
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    if not (np.isfinite(vectors).all() and np.isfinite(found[RAW_WEIGHT]).all()):
        raise ModelError(f"{path}: {WORDS} and {RAW_WEIGHT} must be finite numbers; train the model again")
    return vectors, np.logaddexp(np.float32(0), found[RAW_WEIGHT])
