"""The states of a frozen sentence model for the tokens of all captions, computed once and kept.

They are held in memory in half precision: 30,000 captions of 13 tokens and width 384 are 0.3 GB.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from lexlip_lucene.encoders.model.tensor_file import keep_tensors, kept_tensors
from lexlip_lucene.encoders.model.tokenizer import cut_at, encoded
from lexlip_lucene.encoders.query.sentence_states import shares
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.training.start.sentence_model import load_sentence_model, sentence_hash, sentence_spec

AT_ONCE = 128


@dataclass(frozen=True)
class CaptionStates:
    """States (tokens, width) fp16, caption after caption: those of caption i are rows `first[i]` to `first[i + 1]`."""

    states: Tensor
    first: Tensor

    def of(self, numbers: NDArray[np.int64]) -> Tensor:
        """Return (captions, length, width) float32, length and order as in `CaptionTokens.rows`; 0 after the last."""
        index = torch.from_numpy(numbers)
        begins, lengths = self.first[index], self.first[index + 1] - self.first[index]
        places = torch.arange(int(lengths.max()) if len(lengths) else 0)
        within = places < lengths[:, None]
        rows = (begins[:, None] + places)[within]
        found = torch.zeros(*within.shape, self.states.shape[1])
        found[within] = self.states[rows].float()
        return found


def caption_states(
    sentences: str,
    tokenizer: Tokenizer,
    max_length: int,
    captions: Sequence[str],
    *,
    cache: Path | None = None,
    progress: Progress = SILENT,
) -> CaptionStates:
    """Run the sentence model over all captions once.

    Args:
        sentences: as `sentence_vectors` takes it.
        tokenizer: the model's, whose tokens get the states.
        max_length: of a caption in its tokens.
        captions: in the order of their numbers.
        cache: a folder that keeps the states for the next run with the same captions, tokenizer and sentence model;
            None: they are not kept.
        progress: receives the batches done.

    Raises:
        ModelError: there is no such sentence model.
    """
    wanted = [one.offsets for one in encoded(tokenizer, captions, max_length=max_length)]
    file = cache / f"captions-{_fingerprint(sentences, wanted, captions)}.safetensors" if cache else None
    if file is not None and file.exists():
        progress.note(f"the sentence model's states read from {file}")
        return CaptionStates(**kept_tensors(file))
    first = torch.tensor([0, *(len(spans) for spans in wanted)]).cumsum(dim=0)
    states = torch.zeros(int(first[-1]), sentence_spec(sentences).width, dtype=torch.half)
    for number, part in _parts(sentences, wanted, captions, progress):
        states[first[number] : first[number + 1]] = part
    if file is not None:
        keep_tensors({"states": states, "first": first}, file)
    return CaptionStates(states, first)


@torch.inference_mode()
def _parts(
    sentences: str, wanted: Sequence[Sequence[tuple[int, int]]], captions: Sequence[str], progress: Progress
) -> Iterator[tuple[int, Tensor]]:
    """Yield the number and the states (tokens, width) of each caption, short ones first, so that few pads are run."""
    network, tokenizer = load_sentence_model(sentences)
    longest = sentence_spec(sentences).max_length
    cut_at(tokenizer, longest)
    order = sorted(range(len(captions)), key=lambda number: len(captions[number]))
    begins = range(0, len(order), AT_ONCE)
    for begin in progress.track(begins, f"the sentence model's states (batches of {AT_ONCE})", len(begins)):
        numbers = order[begin : begin + AT_ONCE]
        given = encoded(tokenizer, [captions[number] for number in numbers], max_length=longest)
        states = _states(network, [one.ids for one in given])
        for number, own, found in zip(numbers, given, states, strict=True):
            part = torch.from_numpy(shares(own.offsets, wanted[number]))
            yield number, part @ found[: part.shape[1]]


def _states(network: nn.Module, texts: Sequence[Sequence[int]]) -> Tensor:
    length = max(len(ids) for ids in texts)
    ids = torch.tensor([[*some, *[0] * (length - len(some))] for some in texts])
    attention = torch.tensor([[1] * len(some) + [0] * (length - len(some)) for some in texts])
    states: Tensor = cast(Any, network)(input_ids=ids, attention_mask=attention).last_hidden_state
    return states


def _fingerprint(sentences: str, wanted: Sequence[Sequence[tuple[int, int]]], captions: Sequence[str]) -> str:
    """Hash everything that the states depend on."""
    digest = hashlib.sha256(sentence_hash(sentences).encode())
    for spans, caption in zip(wanted, captions, strict=True):
        digest.update(f"{spans}{caption}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
