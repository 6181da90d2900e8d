"""Posts as what the encoder takes: the pieces of their words in rows, and for each piece the word that it is of.

A post whose pieces are more than the encoder sees at once has several rows, cut between words. So a text may have any
length, and every word has states.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch import Tensor

from lexlip_lucene.encoders.entities.word_shapes import OF_A_WORD, word_shape
from lexlip_lucene.encoders.model.tokenizer import uncut


class WordBatch(NamedTuple):
    """A batch of posts.

    Attributes:
        ids: (rows, length) int64, with special tokens and pads.
        attention: (rows, length) bool, True but for pads.
        shapes: (rows, length, 3) int64: the shape of the word that a piece is of; −1 for special tokens and pads.
        word: (rows, length) int64: post · words + number of the word that a piece is of; −1 as above.
        mask: (posts, words) bool, True for words.
    """

    ids: Tensor
    attention: Tensor
    shapes: Tensor
    word: Tensor
    mask: Tensor

    def to(self, device: torch.device) -> "WordBatch":
        """Return the batch on a device."""
        return WordBatch(*(tensor.to(device) for tensor in self))


class _Row(NamedTuple):
    """Pieces of some words of a post: the ids, and the number of each one's word."""

    post: int
    ids: list[int]
    words: list[int]


class WordCutter:
    """Words → batches.

    Args:
        tokenizer: of the encoder; it may be at work elsewhere, so a copy is used.
        max_length: tokens of a row, with the special ones.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        self._tokenizer = uncut(tokenizer)
        framing = self._tokenizer.encode("").ids
        half = (len(framing) + 1) // 2
        self._before, self._after = framing[:half], framing[half:]
        self._room = max_length - len(framing)

    def batch(self, posts: Sequence[Sequence[str]]) -> WordBatch:
        """Return a batch of at least one post, each of at least one word."""
        rows = [row for number, words in enumerate(posts) for row in self._rows(number, words)]
        longest = max(len(words) for words in posts)
        length = max(len(row.ids) for row in rows) + len(self._before) + len(self._after)
        ids = torch.zeros(len(rows), length, dtype=torch.long)
        attention = torch.zeros(len(rows), length, dtype=torch.bool)
        word = torch.full((len(rows), length), -1)
        shapes = torch.full((len(rows), length, OF_A_WORD), -1)
        for number, row in enumerate(rows):
            first = len(self._before)
            last = first + len(row.ids)
            framed = torch.tensor([*self._before, *row.ids, *self._after])
            ids[number, : len(framed)] = framed
            attention[number, : len(framed)] = True
            word[number, first:last] = row.post * longest + torch.tensor(row.words, dtype=torch.long)
            of_words = [word_shape(posts[row.post][at]) for at in row.words]
            shapes[number, first:last] = torch.tensor(of_words, dtype=torch.long).view(-1, OF_A_WORD)
        mask = torch.arange(longest) < torch.tensor([len(words) for words in posts]).unsqueeze(1)
        return WordBatch(ids, attention, shapes, word, mask)

    def _rows(self, number: int, words: Sequence[str]) -> Iterator[_Row]:
        """Yield the rows of a post, at least one; a word of more pieces than a row has keeps its first."""
        encodings = self._tokenizer.encode(list(words), is_pretokenized=True, add_special_tokens=False)
        pieces: list[list[int]] = [[] for _ in words]
        for piece, at in zip(encodings.ids, encodings.word_ids, strict=True):
            if at is not None:
                pieces[at].append(piece)
        row = _Row(number, [], [])
        for at, of_word in enumerate(pieces):
            kept = of_word[: self._room]
            if len(row.ids) + len(kept) > self._room:
                yield row
                row = _Row(number, [], [])
            row.ids.extend(kept)
            row.words.extend([at] * len(kept))
        yield row
