"""The states of a sentence model for the tokens of another tokenizer, by ONNX Runtime; no torch.

    sentence.onnx              ids, attention (batch, length) → states (batch, length, width) float32
    sentence-tokenizer.json    its tokenizer, as tokenizers reads it

A token's state is the mean of the states of the sentence model's tokens that share a letter with it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.encoders.model.model_files import require_as_written
from lexlip_lucene.encoders.model.tokenizer import cut_at, encoded, load_tokenizer
from lexlip_lucene.encoders.query.onnx_session import onnx_session
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.model_spec import SentenceSpec

GRAPH_FILE, TOKENIZER_FILE = "sentence.onnx", "sentence-tokenizer.json"

Span = tuple[int, int]
"""The letters of a token in its text, from a first up to before an end; none for a special token."""


class SentenceStates:
    """Text and the spans of its tokens → their states. Safe for several threads.

    Args:
        folder: of the model.
        spec: of the sentence model.
        files: name → SHA-256 that each file must have, from the config named `config`.

    Raises:
        ModelError: a file is missing, broken, or not the one that was written.
    """

    def __init__(self, folder: Path, spec: SentenceSpec, files: Mapping[str, str], config: str) -> None:
        for name in (GRAPH_FILE, TOKENIZER_FILE):
            require_as_written(folder, name, files, config)
        self._spec, self._graph = spec, folder / GRAPH_FILE
        self._tokenizer = load_tokenizer(folder, name=TOKENIZER_FILE)
        cut_at(self._tokenizer, spec.max_length)
        self._session = onnx_session(self._graph, 1)

    def of(self, text: str, spans: Sequence[Span]) -> NDArray[np.float32]:
        """Return (tokens, width) float32, zeros for a span that shares no letter with a token of the sentence model.

        Raises:
            ModelError: the graph can't be run, or gives another shape or type, or numbers that are not finite.
        """
        (encoding,) = encoded(self._tokenizer, [text], max_length=self._spec.max_length)
        ids = np.array([encoding.ids], dtype=np.int64)
        try:
            (states,) = self._session.run(None, {"ids": ids, "attention": np.ones_like(ids, dtype=bool)})
        except Exception as error:  # its exceptions have no common class below this one
            reason = " ".join(str(error).split())[:300]
            raise ModelError(f"{self._graph}: ONNX Runtime can't run it: {reason}; train the model again") from None
        wanted = (1, len(encoding.ids), self._spec.width)
        if not isinstance(states, np.ndarray) or states.shape != wanted or states.dtype != np.float32:
            found = f"{states.shape} {states.dtype}" if isinstance(states, np.ndarray) else type(states).__name__
            raise ModelError(f"{self._graph}: states of shape {wanted} float32 are needed, got {found}")
        if not np.isfinite(states).all():
            raise ModelError(f"{self._graph}: finite states are needed, but those of {text[:80]!r} are not")
        return np.asarray(shares(encoding.offsets, spans) @ states[0])


def shares(of: Sequence[Span], to: Sequence[Span]) -> NDArray[np.float32]:
    """Return the share (to, of) of each token `of` one tokenizer in each token `to` the other.

    All tokens that have a letter in common with it have equal shares, which add up to 1, or to 0 if there are none.
    """
    begins, ends = np.array(of, dtype=np.int64).reshape(-1, 2).T
    first, last = np.array(to, dtype=np.int64).reshape(-1, 2).T
    common = np.minimum(ends, last[:, None]) > np.maximum(begins, first[:, None])
    return np.asarray(common / np.maximum(common.sum(axis=1, keepdims=True), 1), dtype=np.float32)
