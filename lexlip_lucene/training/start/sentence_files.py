"""The files of a model folder by which queries get a sentence model's states (`encoders/query/sentence_states.py`)."""

import tempfile
from pathlib import Path
from typing import Any, cast

from torch import Tensor, nn

from lexlip_lucene.encoders.model.tokenizer import uncut
from lexlip_lucene.encoders.query.onnx_export import write_graph
from lexlip_lucene.encoders.query.sentence_states import GRAPH_FILE, TOKENIZER_FILE
from lexlip_lucene.training.start.sentence_model import load_sentence_model, sentence_spec


def sentence_files(sentences: str) -> dict[str, bytes]:
    """Return name → content of the files; `sentences` is as `sentence_vectors` takes it.

    Raises:
        ModelError: there is no such sentence model.
    """
    network, tokenizer = load_sentence_model(sentences)
    with tempfile.TemporaryDirectory() as folder:
        graph, other = Path(folder) / GRAPH_FILE, Path(folder) / TOKENIZER_FILE
        length = sentence_spec(sentences).max_length
        write_graph(_States(network), graph, inputs=("ids", "attention"), output="states", max_length=length)
        uncut(tokenizer).save(str(other))
        return {path.name: path.read_bytes() for path in (graph, other)}


class _States(nn.Module):
    """The last states of a network of transformers."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, attention: Tensor) -> Tensor:
        states: Tensor = cast(Any, self.network)(input_ids=ids, attention_mask=attention.long()).last_hidden_state
        return states
