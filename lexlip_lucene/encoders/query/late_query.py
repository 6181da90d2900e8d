"""The text side of late interaction: tokenizer, table of token vectors, and sentence model, if the head has one.

It is read without torch, gives the vectors that `LateHead.of_tokens` gives, up to rounding, and leaves out what weighs
nothing.
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
from lexlip_lucene.encoders.query.sentence_states import SentenceStates
from lexlip_lucene.errors import ModelError
from lexlip_lucene.late.late_score import TextTokens
from lexlip_lucene.models.shipped import model_folder

WORDS, RAW_WEIGHT, CONTEXT, SENTENCE = "late.words", "late.raw_weight", "late.context", "late.sentence.weight"
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
        sentence = self.config.late.sentence
        self._states = None
        if sentence is not None:
            self._states = SentenceStates(folder, sentence, self.config.files, CONFIG_FILE)
        self.sha256 = require_as_written(folder, WEIGHTS_FILE, self.config.files, CONFIG_FILE)

    def __call__(self, text: str) -> TextTokens:
        """Return the tokens of `text` that the lexicon has, each as often as it is there; none for an empty text."""
        (encoding,) = encoded(self._tokenizer, [text], max_length=self.config.text.max_length)
        words = zip(encoding.ids, encoding.special_tokens_mask, strict=True)
        positions = [-1 if special else self._position_of_row.get(row, -1) for row, special in words]
        if self._states is None or max(positions, default=-1) < 0:
            return self._table.of(positions)
        return self._table.of(positions, self._states.of(text, encoding.offsets))


class _Table(NamedTuple):
    """The tensors of the text side.

    Unit vectors (tokens, width), weights (tokens,), the maps (3, width, width) of the context, and that of the sentence
    model's states (width, sentence width), if the head has them.
    """

    vectors: NDArray[np.float32]
    weights: NDArray[np.float32]
    context: NDArray[np.float32] | None
    sentence: NDArray[np.float32] | None

    def of(self, positions: Sequence[int], states: NDArray[np.float32] | None = None) -> TextTokens:
        """Return the tokens of a text, given its positions in the lexicon, −1 for what does not count, and states."""
        places = np.array(positions, dtype=np.intp)
        known = places >= 0
        weights = self.weights[places[known]]
        own = np.zeros((len(places), self.vectors.shape[1]), np.float32)
        own[known] = self.vectors[places[known]]
        if not known.any() or (self.context is None and self.sentence is None):
            return TextTokens(own[known], weights)
        vectors = own
        if self.context is not None:
            nothing = np.zeros_like(own[:1])
            before, after = np.concatenate([nothing, own[:-1]]), np.concatenate([own[1:], nothing])
            text = (weights / weights.sum()) @ own[known]
            vectors = vectors + before @ self.context[0] + after @ self.context[1] + text @ self.context[2]
        if self.sentence is not None and states is not None:
            vectors = vectors + states @ self.sentence.T
        return TextTokens(_unit(vectors[known]), weights)


def _table(path: Path, config: ModelConfig) -> _Table:
    late, tokens = config.late, len(config.tokens)
    assert late is not None, "the caller has looked"
    wanted: dict[str, tuple[int, ...]] = {WORDS: (tokens, late.width), RAW_WEIGHT: (tokens,)}
    if late.context:
        wanted[CONTEXT] = (3, late.width, late.width)
    if late.sentence is not None:
        wanted[SENTENCE] = (late.width, late.sentence.width)
    for name in (WORDS, SENTENCE):
        rows, width = wanted.get(name, (0, 0))
        if config.weights == "int8" and rows * width >= SMALLEST:
            wanted[name + SCALE] = (rows,)
    found = numpy_tensors(path, wanted)
    for name in (WORDS, RAW_WEIGHT, CONTEXT, SENTENCE):
        if name in found and not np.isfinite(found[name]).all():
            raise ModelError(f"{path}: {name} must have finite numbers; train the model again")
    # A packed row's scale changes its length only, and that becomes 1.
    vectors, sentence = _unit(found[WORDS].astype(np.float32)), found.get(SENTENCE)
    if sentence is not None and SENTENCE + SCALE in found:
        sentence = sentence * found[SENTENCE + SCALE][:, None].astype(np.float32)
    return _Table(vectors, np.logaddexp(np.float32(0), found[RAW_WEIGHT]), found.get(CONTEXT), sentence)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0))
