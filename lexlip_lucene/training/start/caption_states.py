"""The states of a frozen sentence model for the tokens of captions, computed when a step draws them."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from lexlip_lucene.encoders.model.tokenizer import cut_at, encoded, uncut
from lexlip_lucene.encoders.query.onnx_export import require_exporter, write_graph
from lexlip_lucene.encoders.query.sentence_states import GRAPH_FILE, TOKENIZER_FILE, shares
from lexlip_lucene.recipes.model_spec import SentenceSpec
from lexlip_lucene.training.start.sentence_model import load_sentence_model, sentence_spec


class CaptionStates:
    """Numbers of captions → the states of their tokens, which are the tokens of `tokenizer`.

    Args:
        sentences: the sentence model, as `sentence_vectors` takes it.
        tokenizer: the model's, and the longest text in its tokens.
        captions: all captions, by number.

    Raises:
        ModelError: there is no such sentence model, or the packages that write its graph are not installed.
    """

    def __init__(self, sentences: str, tokenizer: Tokenizer, max_length: int, captions: Sequence[str]) -> None:
        require_exporter()  # before hours of training, not after them
        self.spec: SentenceSpec = sentence_spec(sentences)
        self._network, self._its_own = load_sentence_model(sentences)
        cut_at(self._its_own, self.spec.max_length)
        self._tokenizer, self._max_length, self._captions = tokenizer, max_length, captions

    @torch.no_grad()
    def of(self, numbers: NDArray[np.int64]) -> Tensor:
        """Return (captions, length, width) float32, length and order as in `CaptionTokens.rows`; 0 where none is."""
        texts = [self._captions[number] for number in numbers]
        wanted = encoded(self._tokenizer, texts, max_length=self._max_length)
        given = encoded(self._its_own, texts, max_length=self.spec.max_length)
        length = max((len(one.ids) for one in given), default=0)
        ids = torch.tensor([one.ids + [0] * (length - len(one.ids)) for one in given])
        attention = torch.tensor([[1] * len(one.ids) + [0] * (length - len(one.ids)) for one in given])
        states = cast(Any, self._network)(input_ids=ids, attention_mask=attention).last_hidden_state
        found = torch.zeros(len(texts), max((len(one.ids) for one in wanted), default=0), self.spec.width)
        for row, (token, own) in enumerate(zip(wanted, given, strict=True)):
            part = torch.from_numpy(shares(own.offsets, token.offsets))
            found[row, : len(part)] = part @ states[row, : part.shape[1]]
        return found

    def files(self) -> dict[str, bytes]:
        """Return name → content of the files by which `SentenceStates` gives the same states.

        Raises:
            ModelError: the packages that write a graph are not installed.
        """
        with tempfile.TemporaryDirectory() as folder:
            graph, tokenizer = Path(folder) / GRAPH_FILE, Path(folder) / TOKENIZER_FILE
            inputs, length = ("ids", "attention"), self.spec.max_length
            write_graph(_States(self._network), graph, inputs=inputs, output="states", max_length=length)
            uncut(self._its_own).save(str(tokenizer))
            return {path.name: path.read_bytes() for path in (graph, tokenizer)}


class _States(nn.Module):
    """The last states of a network of transformers."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, attention: Tensor) -> Tensor:
        states: Tensor = cast(Any, self.network)(input_ids=ids, attention_mask=attention.long()).last_hidden_state
        return states
