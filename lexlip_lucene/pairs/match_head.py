"""MAF's match head, mended: does this text speak of this picture? (MAF, WSDM 2022, cross-modal matching.)

    H_t = T_t' + attention(query T', keys and values V')_t               each token, with what it finds in the picture
    m_t = max_p T_t' · V_p'                                              each token's best patch
    r_t = GELU(A [T_t'; H_t; T_t' ⊙ H_t; m_t])
    logit = g · s + o + B Σ_t w_t r_t / Σ_t w_t                          s: the retrieval score; B starts at zero

The published head is linear in [T; H], so that its score is one of the text plus one of the picture; T ⊙ H and m join
the two. It is of a fixed length with pads; here w_t is 0 for them. It starts as the retrieval score, which a head from
nothing does not reach. The published training swaps H after the attention, and so never sees a wrong picture:
`match_training.py` swaps pictures before it.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class MatchInputs(NamedTuple):
    """Pairs of a text and a picture.

    Attributes:
        tokens: (pairs, length, text width) float.
        weights: (pairs, length) float ≥ 0, of each token; 0 for pads and for what does not count.
        patches: (pairs, patches, picture width) float.
        retrieval: (pairs,) float, the score that the head starts from.
        absent: (pairs, patches) bool, True for pads among the patches, not for all of a picture; None: no pads.
    """

    tokens: Tensor
    weights: Tensor
    patches: Tensor
    retrieval: Tensor
    absent: Tensor | None = None


class MatchHead(nn.Module):
    """Pairs → logits of a match.

    Args:
        text_width: of the tokens' states.
        picture_width: of the patches' states.
        width: inside, a multiple of `heads`. Where it is the width of both states, both maps start as the identity.
        heads: of the attention.
        dropout: in training.
    """

    def __init__(
        self, text_width: int, picture_width: int, *, width: int = 128, heads: int = 4, dropout: float = 0.2
    ) -> None:
        super().__init__()
        self.text = _from(text_width, width)
        self.picture = _from(picture_width, width)
        self.attention = nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.joined = nn.Linear(3 * width + 1, width)
        self.dropout = nn.Dropout(dropout)
        self.match = nn.Linear(width, 1, bias=False)
        nn.init.zeros_(self.match.weight)
        self.gain = nn.Parameter(torch.ones(()))
        self.offset = nn.Parameter(torch.zeros(()))

    def forward(self, pairs: MatchInputs) -> Tensor:
        """Return the logits (pairs,); untrained they are the retrieval scores."""
        return self.gain * pairs.retrieval + self.offset + self.beyond(pairs)

    def beyond(self, pairs: MatchInputs) -> Tensor:
        """Return what the head adds to the retrieval score (pairs,); 0 for a text of which no token counts."""
        tokens, patches = self.text(pairs.tokens), self.picture(pairs.patches)
        seen, _ = self.attention(tokens, patches, patches, key_padding_mask=pairs.absent, need_weights=False)
        enhanced = self.norm(tokens + seen)
        similarity = tokens @ patches.transpose(1, 2)
        if pairs.absent is not None:
            similarity = similarity.masked_fill(pairs.absent[:, None], float("-inf"))
        best = similarity.amax(dim=2, keepdim=True)
        joined = self.joined(torch.cat([tokens, enhanced, tokens * enhanced, best], dim=2))
        counting = pairs.weights > 0
        # A pad's numbers are replaced, not only weighed by 0: whatever they are, they change nothing.
        states = functional.gelu(joined).masked_fill(~counting[..., None], 0)
        total = pairs.weights.sum(dim=1, keepdim=True).clamp(min=torch.finfo(states.dtype).tiny)
        pooled = (states * pairs.weights[..., None]).sum(dim=1) / total
        found: Tensor = self.match(self.dropout(pooled)).squeeze(1)
        return found


def _from(given: int, width: int) -> nn.Linear:
    """Return a linear map without bias: the identity if the widths are equal, else an orthogonal one."""
    made = nn.Linear(given, width, bias=False)
    if given == width:
        nn.init.eye_(made.weight)
    else:
        nn.init.orthogonal_(made.weight)
    return made
