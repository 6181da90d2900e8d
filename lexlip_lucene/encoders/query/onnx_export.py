"""The query side of a model written as an ONNX graph (`lexlip export onnx`); `onnx_query` reads it.

The graph goes from token ids to weights divided by length; tokenising and quantising stay outside it, where they are
the same code as the model's.

A query is a dozen token ids, so most of its time goes into reading matrices: 6 layers of 384 with 29,156 tokens are
85 MB in float32, and the last one, whose size is the lexicon's, is half of that. With `int8` matrices are kept as 8-bit
integers, one scale an output, and what they multiply is rounded to 8 bits as it comes (ONNX Runtime's dynamic
quantisation).
"""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.model_files import files_of
from lexlip_lucene.encoders.model.text_encoders import StaticText, TransformerText
from lexlip_lucene.encoders.model.tokenizer import TOKENIZER_FILE, uncut
from lexlip_lucene.encoders.pool.saturation import divide_by_length, saturate
from lexlip_lucene.encoders.query.onnx_query import CONFIG_FILE, GRAPH_FILE, QueryConfig
from lexlip_lucene.files.checksum import with_checksum
from lexlip_lucene.files.written import written_folder

OPSET = 18


def export_query(model: LexLip, output: Path, *, int8: bool = False, force: bool = False) -> None:
    """Write the query side of `model` into the folder `output`, whole or not at all.

    Args:
        model: the model; it is not changed.
        output: the folder to write.
        int8: keep a transformer's matrices as 8-bit integers; a static side has none, and is written as it is.
        force: replace an `output` that exists.

    Raises:
        ModelError: the model's scale was never calibrated.
        OutputError: `output` exists and `force` is off, or can't be written.
    """
    quantiser = model.quantiser("text")
    config = QueryConfig(
        model_sha256=model.sha256,
        tokens=model.lexicon.tokens,
        rows=model.lexicon.rows,
        ceiling=quantiser.ceiling,
        bits=quantiser.bits,
        top_k=quantiser.top_k,
        max_length=model.config.text.max_length,
    )
    with written_folder(output, force=force) as partial:
        _write_graph(model, partial / GRAPH_FILE)
        if int8 and isinstance(model.text, TransformerText):
            _quantise_matrices(partial / GRAPH_FILE)
        uncut(model.tokenizer).save(str(partial / TOKENIZER_FILE))
        whole = config.model_copy(update={"files": files_of(partial, but=CONFIG_FILE)})
        (partial / CONFIG_FILE).write_bytes(orjson.dumps(with_checksum(whole.model_dump(mode="json"))) + b"\n")


class _StaticGraph(nn.Module):
    """`StaticText` with its weights computed."""

    def __init__(self, text: StaticText) -> None:
        super().__init__()
        self.text = text
        self.weight = nn.Parameter(nn.functional.softplus(text.raw_weight.detach()))

    def forward(self, ids: Tensor, words: Tensor) -> Tensor:
        return divide_by_length(self.text.weigh(ids, words, self.weight), self.text.spec.length_power)


class _TransformerGraph(nn.Module):
    """`lexicon_pool` works in tiles to save memory; the few positions of a query need none."""

    weight: Tensor

    def __init__(self, text: TransformerText) -> None:
        super().__init__()
        self.text = text
        weight, self.bias = text.projection()
        self.register_buffer("weight", weight)

    def forward(self, ids: Tensor, attention: Tensor, words: Tensor) -> Tensor:
        logits = nn.functional.linear(self.text.hidden(ids, attention), self.weight, self.bias)
        logits = logits.masked_fill(~words.unsqueeze(-1), float("-inf")).amax(dim=1)
        logits = self.text.with_word_path(logits, ids, words)
        return divide_by_length(saturate(logits), self.text.spec.length_power)


def _write_graph(model: LexLip, path: Path) -> None:
    text = model.text
    graph = _TransformerGraph(text) if isinstance(text, TransformerText) else _StaticGraph(text)
    names = ["ids", "attention", "words"] if isinstance(text, TransformerText) else ["ids", "words"]
    write_graph(graph, path, inputs=names, output="weights", max_length=model.config.text.max_length)


def write_graph(graph: nn.Module, path: Path, *, inputs: Sequence[str], output: str, max_length: int) -> None:
    """Write a network whose inputs are ids (batch, length) long, and masks of that shape, as an ONNX graph."""
    # Two texts of three tokens: a dimension of 1 would be taken for one that never changes.
    ids = torch.zeros(2, 3, dtype=torch.long)
    masks = [torch.ones(2, 3, dtype=torch.bool) for _ in inputs[1:]]  # one tensor twice would become one input
    sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", max=max_length)}
    with torch.inference_mode(), _quiet():
        program = torch.onnx.export(
            graph.cpu().eval(),
            (ids, *masks),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=[output],
            dynamic_shapes=[sizes] * len(inputs),
            verbose=False,
        )
        assert program is not None, "dynamo=True gives a program"
        program.save(path)


def _quantise_matrices(path: Path) -> None:
    """Rewrite the graph with its constant matrices as 8-bit integers, in the range of 7.

    Without VNNI, x86 adds up pairs of products in 16 bits, which those of 8 bits overflow. A query's weight was 6 %
    of the largest off then.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = path.with_name(f"float-{path.name}")
    path.rename(whole)
    with _quiet():
        quantize_dynamic(
            whole,
            path,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            op_types_to_quantize=["MatMul"],
        )
    for file in (whole, whole.with_name(f"{whole.name}.data")):
        file.unlink(missing_ok=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide the messages of torch's exporter about itself."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
