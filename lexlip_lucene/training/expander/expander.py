"""The expander: a text-only model of the further words that a photo deserves, given some of its captions.

    x = 5 · normalise(log(1 + count) · idf)          counts of captions with each token
    h = GELU(LayerNorm(W₁ x)),   h ← h + GELU(W₂ h)
    z = W₃ h + s ⊙ x                                  logits; s starts at 0.5, W₃ near 0
    document = log(1 + relu(z)) / ‖·‖^0.7,   query = presence ⊙ softplus(θ) / ‖·‖

A document of some captions has to be found by the others (`training.py`), which no word of theirs has to
share. No image is in it: its logits are targets of the image side's start, and its similarities can teach. With one
caption "a dog" and an idf of 2 for only `dog`, x_dog is 5, and at the start z_dog is about 2.5.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.encoders.pool.saturation import divide_by_length

FEATURE_LENGTH = 5.0
SKIP = 0.5
OUTPUT_SPREAD = 0.01
DOCUMENT_POWER = 0.7
"""Constants of the formulas above, chosen with the recipe's defaults."""

DOCUMENTS_AT_ONCE = 1000


class Expander(nn.Module):
    """Counts of caption words → logits of all words; and a weight for every word of a query.

    Args:
        idf: (tokens,) float > 0, inverse document frequency over captions; query weights start from it.
        width: of the hidden layers.
        dropout: share of inputs and of the last hidden layer dropped in training.
    """

    idf: Tensor

    def __init__(self, idf: Tensor, width: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("idf", idf.clone())
        self.first = nn.Linear(len(idf), width)
        self.norm = nn.LayerNorm(width)
        self.second = nn.Linear(width, width)
        self.last = nn.Linear(width, len(idf))
        nn.init.normal_(self.last.weight, std=OUTPUT_SPREAD)
        nn.init.zeros_(self.last.bias)
        self.skip = nn.Parameter(torch.full((len(idf),), SKIP))
        self.raw_weight = nn.Parameter(torch.log(torch.expm1(idf)))
        self.dropout = nn.Dropout(dropout)

    def forward(self, counts: Tensor) -> Tensor:
        """Return logits z (batch, tokens) float32 for the numbers of captions with each token (batch, tokens)."""
        features = FEATURE_LENGTH * divide_by_length(torch.log1p(counts) * self.idf, 1.0)
        features = self.dropout(features)
        hidden = functional.gelu(self.norm(self.first(features)))
        hidden = hidden + functional.gelu(self.second(hidden))
        logits: Tensor = self.last(self.dropout(hidden)).float() + features * self.skip
        return logits

    @property
    def weights(self) -> Tensor:
        """Weight of each token in a query (tokens,) float > 0."""
        return functional.softplus(self.raw_weight)

    def queries(self, presence: Tensor) -> Tensor:
        """Return unit vectors (texts, tokens) of texts, given the tokens that they have: (texts, tokens) 0 or 1."""
        return divide_by_length(presence * self.weights, 1.0)

    @torch.no_grad()
    def expanded(self, counts: Tensor) -> Tensor:
        """Return relu(z) (images, tokens) float32 on the CPU, given the captions with each token (images, tokens)."""
        parts = counts.split(DOCUMENTS_AT_ONCE)
        return torch.cat([torch.relu(self(part.to(self.idf.device))).cpu() for part in parts])

    @staticmethod
    def documents(weights: Tensor) -> Tensor:
        """Return saturated logits (batch, tokens) float ≥ 0 divided by length^0.7."""
        return divide_by_length(weights, DOCUMENT_POWER)
