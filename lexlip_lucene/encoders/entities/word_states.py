"""The states T of words: the mean of the last states of a word's pieces, in a BERT-like encoder."""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.encoders.entities.word_batch import WordBatch
from lexlip_lucene.encoders.entities.word_shapes import SHAPES


class WordStates(nn.Module):
    """Posts → states of their words.

    The embedding of a word's shape is added to the embedding of each of its pieces. It starts at zero, so that a
    trained encoder begins with what it knows.

    Args:
        encoder: of transformers, without a head.
        shapes: give words embeddings of their shape.
    """

    def __init__(self, encoder: nn.Module, *, shapes: bool) -> None:
        super().__init__()
        self.encoder = encoder
        embedding = cast(Any, encoder).get_input_embeddings()
        self.shapes = nn.Parameter(torch.zeros(SHAPES, embedding.embedding_dim)) if shapes else None
        self.width = int(cast(Any, encoder).config.hidden_size)

    def forward(self, batch: WordBatch) -> Tensor:
        """Return (posts, words, width); zeros for pads, and for a word that the tokenizer drops."""
        embedded = cast(Any, self.encoder).get_input_embeddings()(batch.ids)
        if self.shapes is not None:
            shapes = functional.embedding(batch.shapes.clamp(min=0), self.shapes).sum(dim=2)
            embedded = embedded + shapes * (batch.word >= 0).unsqueeze(2)
        states = cast(Any, self.encoder)(
            inputs_embeds=embedded, attention_mask=batch.attention.long()
        ).last_hidden_state
        posts, words = batch.mask.shape
        of_pieces = batch.word >= 0
        target, found = batch.word[of_pieces], states[of_pieces]
        summed = found.new_zeros(posts * words, found.shape[1]).index_add(0, target, found)
        pieces = found.new_zeros(posts * words).index_add(0, target, found.new_ones(len(target)))
        of_words: Tensor = summed / pieces.clamp(min=1).unsqueeze(1)
        return of_words.view(posts, words, -1)
