"""Words and picture put together: match and alignment framework (MAF; Xu et al., WSDM 2022).

    V' = W V                              patches, as wide as words
    A  = attention(T → V')                each word looks at the patches
    H  = norm(A' + FFN(A')),  A' = norm(T + A)
    P  = σ(match(T, V', H))               the probability that text and picture belong together
    g  = σ(W_t T + W_v (P · H))           gate
    visual half = g · (P · H)

The published match head is linear on [T; H] and so has no term that joins the two; it can't learn which text belongs
to which picture. Here it sees T ⊙ H and how well each word's best patch fits it, both as means over words whose weights
are learned.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.recipes.tagger_spec import FusionSpec

MATCH_WIDTH = 128


class Fused(NamedTuple):
    """`visual`: (posts, words, width), the visual half of each word; `match`: (posts,) logits of P."""

    visual: Tensor
    match: Tensor


class MatchGatedFusion(nn.Module):
    """Words and patches → what the picture says of each word, and whether the two belong together.

    Args:
        width: of the words' states.
        patch_width: of the patches' states.
        spec: heads, dropout and match gate.
    """

    def __init__(self, width: int, patch_width: int, spec: FusionSpec) -> None:
        super().__init__()
        self.match_gate = spec.match_gate
        self.patches = nn.Linear(patch_width, width)
        self.patch_norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, spec.heads, dropout=spec.dropout, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(spec.dropout), nn.Linear(2 * width, width)
        )
        self.last_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(spec.dropout)
        self.match = MatchHead(width)
        self.gate_of_words, self.gate_of_picture = nn.Linear(width, width), nn.Linear(width, width, bias=False)

    def forward(self, words: Tensor, mask: Tensor, patches: Tensor) -> Fused:
        """Look at the pictures.

        Args:
            words: T (posts, words, width).
            mask: (posts, words) bool, True for words: a pad has no part in P.
            patches: V (posts, patches, patch width), all of them of the picture.
        """
        projected = self.patch_norm(self.patches(self.dropout(patches)))
        seen = self.attention(words, projected, projected, need_weights=False)[0]
        enhanced = self.norm(words + self.dropout(seen))
        enhanced = self.last_norm(enhanced + self.dropout(self.feed_forward(enhanced)))
        match = self.match(words, mask, projected, enhanced)
        if self.match_gate:
            enhanced = enhanced * torch.sigmoid(match).view(-1, 1, 1)
        gate = torch.sigmoid(self.gate_of_words(words) + self.gate_of_picture(enhanced))
        return Fused(gate * enhanced, match)


class MatchHead(nn.Module):
    """The logit of P, of terms that join text and picture, for texts of any length."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.word_weight = nn.Linear(width, 2)
        self.of_words, self.of_patches = nn.Linear(width, MATCH_WIDTH), nn.Linear(width, MATCH_WIDTH)
        self.scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.joint = nn.Sequential(nn.Linear(width + 1, MATCH_WIDTH), nn.GELU(), nn.Linear(MATCH_WIDTH, 1))

    def forward(self, words: Tensor, mask: Tensor, patches: Tensor, enhanced: Tensor) -> Tensor:
        """Return (posts,) logits; arguments as in `MatchGatedFusion`, `patches` projected."""
        weights = self.word_weight(words).masked_fill(~mask.unsqueeze(2), -torch.inf).softmax(dim=1)
        product = (weights[:, :, :1] * words * enhanced).sum(dim=1)
        near = functional.normalize(self.of_words(words), dim=2) @ functional.normalize(
            self.of_patches(patches), dim=2
        ).transpose(1, 2)
        best = (weights[:, :, 1] * near.max(dim=2).values).sum(dim=1, keepdim=True) * self.scale.exp()
        logit: Tensor = self.joint(torch.cat([product, best], dim=1)).squeeze(1) + best.squeeze(1)
        return logit
