"""A linear-chain conditional random field over IOB2 tags (Lafferty et al., ICML 2001).

    score(y) = start[y₁] + Σ_t emission[t, y_t] + Σ_t transition[y_{t−1}, y_t] + end[y_n]
    p(y) = exp(score(y) − log Z),   log Z = log Σ_y exp(score(y)), by the forward algorithm

An `I-X` may follow `B-X` or `I-X` only; other sequences have probability 0, in training too. The package pytorch-crf
has neither such limits nor the probability of an entity, which is what `lexlip tag` reports; a test compares the rest.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lexlip_lucene.data.entities.iob2 import WordSpan

NEVER = -1e4
"""The score of what may not be: its probability is 0 in float32, and its gradient is finite."""


class LinearChainCrf(nn.Module):
    """Scores of tag sequences.

    Args:
        tags: the names of the tags, in the order of the emissions' last axis.
    """

    def __init__(self, tags: Sequence[str]) -> None:
        super().__init__()
        self.tags = tuple(tags)
        self.start = nn.Parameter(torch.empty(len(tags)).uniform_(-0.1, 0.1))
        self.end = nn.Parameter(torch.empty(len(tags)).uniform_(-0.1, 0.1))
        self.transition = nn.Parameter(torch.empty(len(tags), len(tags)).uniform_(-0.1, 0.1))
        first = torch.tensor([tag.startswith("I-") for tag in tags])
        follows = [[tag.startswith("I-") and before[2:] != tag[2:] for tag in tags] for before in tags]
        self.register_buffer("never_first", first, persistent=False)
        self.register_buffer("never_follows", torch.tensor(follows), persistent=False)

    never_first: Tensor
    never_follows: Tensor

    def log_likelihood(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Return log p of the given tags.

        Args:
            emissions: (batch, words, tags) float.
            tags: (batch, words) int64; any number under a pad.
            mask: (batch, words) bool, True for words; pads follow words, and each row has a word.

        Returns:
            (batch,) float ≤ 0.
        """
        return self._score(emissions, tags, mask) - self.log_partition(emissions, mask)

    def log_partition(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Return log Z (batch,); arguments as above."""
        transition = self._transition().unsqueeze(0)
        scores = self._start() + emissions[:, 0]
        for at in range(1, emissions.shape[1]):
            further = torch.logsumexp(scores.unsqueeze(2) + transition, dim=1) + emissions[:, at]
            scores = torch.where(mask[:, at, None], further, scores)
        return torch.logsumexp(scores + self.end, dim=1)

    @torch.no_grad()
    def best(self, emissions: Tensor, mask: Tensor) -> list[list[int]]:
        """Return the most probable tags of each row, without its pads (Viterbi)."""
        transition = self._transition().unsqueeze(0)
        scores, came_from = self._start() + emissions[:, 0], []
        for at in range(1, emissions.shape[1]):
            further, before = (scores.unsqueeze(2) + transition).max(dim=1)
            scores = torch.where(mask[:, at, None], further + emissions[:, at], scores)
            came_from.append(before.tolist())
        last = (scores + self.end).argmax(dim=1).tolist()
        paths = []
        for row, (tag, words) in enumerate(zip(last, mask.sum(dim=1).tolist(), strict=True)):
            path = [tag]
            for before in reversed(came_from[: words - 1]):
                path.append(before[row][path[-1]])
            paths.append(path[::-1])
        return paths

    @torch.no_grad()
    def span_probability(self, emissions: Tensor, span: WordSpan) -> float:
        """Return the probability that a text has exactly this entity: the sum over all sequences that mean it.

        It is exp(log Z of the sequences that have it − log Z).

        Args:
            emissions: (words, tags), of one text without pads.
            span: with 0 ≤ start < end ≤ words, of a type that there are tags of.
        """
        begins, goes_on = self.tags.index(f"B-{span.type}"), self.tags.index(f"I-{span.type}")
        barred = torch.zeros_like(emissions, dtype=torch.bool)
        barred[span.start : span.end] = True
        barred[span.start, begins] = False
        barred[span.start + 1 : span.end, goes_on] = False
        barred[span.end : span.end + 1, goes_on] = True
        both = torch.stack([emissions.masked_fill(barred, NEVER), emissions]).double()
        mask = torch.ones(both.shape[:2], dtype=torch.bool, device=emissions.device)
        having, all_of_them = self.log_partition(both, mask)
        return min(1.0, float((having - all_of_them).exp()))

    def _score(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        tags = tags.masked_fill(~mask, 0)
        of_words = emissions.gather(2, tags.unsqueeze(2)).squeeze(2)
        of_pairs = self._transition()[tags[:, :-1], tags[:, 1:]]
        last = tags.gather(1, mask.sum(dim=1, keepdim=True) - 1).squeeze(1)
        within = (of_words * mask).sum(dim=1) + (of_pairs * mask[:, 1:]).sum(dim=1)
        return self._start()[tags[:, 0]] + within + self.end[last]

    def _start(self) -> Tensor:
        return self.start.masked_fill(self.never_first, NEVER)

    def _transition(self) -> Tensor:
        return self.transition.masked_fill(self.never_follows, NEVER)
