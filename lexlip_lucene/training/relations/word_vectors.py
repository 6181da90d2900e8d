"""Word vectors of the relation graph: bags of words and fragments in a few hundred numbers, not the vocabulary's."""

import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.text_encoders import StaticText, TransformerText
from lexlip_lucene.encoders.pool.saturation import NORM_FLOOR


class WordVectors(nn.Module):
    """The vectors of words that nodes and fragments are made of: (tokens, width), centred; none of it learns.

    Beside a transformer these are its word embeddings, as in the lexicon bottleneck. Beside the static side they are
    drawn once, so that the product of two bags of words is, but for chance, that of their lexicon vectors (Johnson and
    Lindenstrauss, 1984).
    """

    def __init__(self, model: LexLip, width: int, seed: int) -> None:
        super().__init__()
        drawn = torch.randn(len(model.lexicon), width, generator=torch.Generator().manual_seed(seed))
        own = isinstance(model.text, StaticText)
        self.register_buffer("drawn", drawn / width**0.5 if own else None, persistent=False)

    def forward(self, model: LexLip) -> Tensor:
        """Return the vectors of the lexicon's tokens, without gradient."""
        if isinstance(model.text, TransformerText):
            embeddings = model.text.embeddings()[model.text.rows].detach()
        else:
            assert isinstance(self.drawn, Tensor), "it was drawn for the static side"
            embeddings = self.drawn
        return embeddings - embeddings.mean(dim=0)


def bag_of_words(weights: Tensor, words: Tensor) -> Tensor:
    """Return the bags of words of lexicon weights: w · E / Σ w (batch, width); zeros without any weight.

    Args:
        weights: (batch, tokens) float ≥ 0.
        words: E, (tokens, width).
    """
    return weights @ words / weights.sum(dim=1, keepdim=True).clamp(min=NORM_FLOOR)


def mapped(hidden: Tensor, weight: Tensor, bias: Tensor | None, words: Tensor) -> Tensor:
    """Return Σ over tokens of a position's logit times the token's vector, without ever having the logits.

        (h Wᵀ + b) E = h (Wᵀ E) + b E

    Args:
        hidden: h, (batch, positions, hidden width).
        weight: W, (tokens, hidden width), of the layer that gives the logits.
        bias: b, (tokens,); None: 0.
        words: E, (tokens, width).

    Returns:
        (batch, positions, width).
    """
    moved = hidden @ (weight.T @ words)
    return moved if bias is None else moved + bias @ words
