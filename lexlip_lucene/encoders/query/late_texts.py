"""The token vectors of texts in torch, as a model that was loaded gives them, its sentence model included."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.model_config import CONFIG_FILE, read_config
from lexlip_lucene.encoders.model.tokenizer import encoded
from lexlip_lucene.encoders.model.tokens import tokenise
from lexlip_lucene.encoders.pool.late_head import LateTokens
from lexlip_lucene.encoders.query.sentence_states import SentenceStates
from lexlip_lucene.errors import ModelError


def late_texts(model: LexLip, texts: Sequence[str]) -> LateTokens:
    """Map texts to their vectors for late interaction, padded to the longest of them.

    Raises:
        ModelError: the model has no late head, or its sentence model can't be read.
    """
    length = model.config.text.max_length
    tokens = tokenise(model.tokenizer, texts, max_length=length)
    late = model.config.late
    if late is None or late.sentence is None:
        return model.late_tokens(tokens)
    if model.folder is None:
        raise ModelError(f"the sentence model of {model.config.name} is in its folder: save the model, and load it")
    states = _sentence_states(model.folder, model.sha256)
    found = torch.zeros(*tokens.ids.shape, late.sentence.width)
    for row, (text, encoding) in enumerate(zip(texts, encoded(model.tokenizer, texts, max_length=length), strict=True)):
        found[row, : len(encoding.ids)] = torch.from_numpy(states.of(text, encoding.offsets))
    return model.late_tokens(tokens, found)


@lru_cache(maxsize=2)
def _sentence_states(folder: Path, sha256: str) -> SentenceStates:
    """Open the sentence model of the model in `folder`; a model of another `sha256` is opened again."""
    config = read_config(folder)
    assert config.late is not None and config.late.sentence is not None, "the caller has looked"
    return SentenceStates(folder, config.late.sentence, config.files, CONFIG_FILE)
