"""The late head: a vector for every patch, and one for every token of a text (FILIP, arXiv 2111.07783).

    patch p of a picture   v_p = A x_p / ‖A x_p‖          x_p: its standardised state
    token t of a text      e_t = E_t / ‖E_t‖,   w_t = softplus of a learned number
                           u_t = e_t + e_{t−1} P + e_{t+1} N + (Σ_s w_s e_s / Σ_s w_s) T + S h_t, divided by its length

    s_T(text, picture) = Σ_t w_t · max_p u_t · v_p / Σ_t w_t        each token's best patch
    s_I(text, picture) = mean_p max_t u_t · v_p                      each patch's best token

P, N, T (`context`) and S start at zero; without them u_t = e_t. P, N and T cost a query no network. h_t is the state
of a frozen sentence model for the token in its text, if the head has one. FILIP's own mean over tokens
is s_T with equal weights. Special tokens, pads, and tokens that the lexicon lacks are in no maximum and no mean, and as
neighbours they are zeros. The numpy sides are `encoders/query/late_query.py` and, of s_T, `late/late_score.py`.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.recipes.model_spec import LateSpec


class LateTokens(NamedTuple):
    """The tokens of a batch of texts: unit `vectors` (texts, length, width), `weights` (texts, length), 0 for pads."""

    vectors: Tensor
    weights: Tensor


class LateHead(nn.Module):
    """Patch vectors and token vectors of one width.

    Args:
        spec: its width.
        state_width: of the backbone's states.
        tokens: of the lexicon.
    """

    def __init__(self, spec: LateSpec, state_width: int, tokens: int) -> None:
        super().__init__()
        self.pooled = spec.pooled
        self.patches = nn.Linear(state_width, spec.width, bias=False)
        self.words = nn.Parameter(torch.zeros(tokens, spec.width))
        self.raw_weight = nn.Parameter(torch.zeros(tokens))
        self.context = nn.Parameter(torch.zeros(3, spec.width, spec.width)) if spec.context else None
        self.sentence = None
        if spec.sentence is not None:
            self.sentence = nn.Linear(spec.sentence.width, spec.width, bias=False)

    def of_patches(self, states: Tensor) -> Tensor:
        """Map standardised states (batch, patches, state width) to unit vectors (batch, patches, width).

        If the head is pooled there is one patch, which is their mean.
        """
        if self.pooled:
            states = states.mean(dim=1, keepdim=True)
        return functional.normalize(self.patches(states), dim=-1)

    def of_tokens(self, positions: Tensor, states: Tensor | None = None) -> LateTokens:
        """Look tokens up.

        Args:
            positions: (texts, length) long, positions in the lexicon; its length for what does not count.
            states: (texts, length, sentence width) of the sentence model, if the head has one.
        """
        known = positions < len(self.words)
        rows = positions.clamp(max=len(self.words) - 1)
        weights = functional.softplus(self.raw_weight)[rows] * known
        own = functional.normalize(self.words, dim=-1)[rows] * known.unsqueeze(-1)
        vectors = own
        if self.context is not None:
            vectors = vectors + _of_context(own, weights, self.context)
        if self.sentence is not None:
            assert states is not None, "a head with a sentence model gets its states"
            vectors = vectors + self.sentence(states) * known.unsqueeze(-1)
        return LateTokens(own if vectors is own else functional.normalize(vectors, dim=-1), weights)

    @torch.no_grad()
    def start_from(self, ridge: Tensor, idf: Tensor) -> None:
        """Start from the ridge map W of mean states to caption words, cut to the width: W ≈ U S Vᵀ.

        Patches get √S Vᵀ and tokens U √S, so that the product of both is what W says of a patch.

        Args:
            ridge: W (tokens, state width) float.
            idf: (tokens,) float > 0, what token weights start from.
        """
        left, values, right = torch.linalg.svd(ridge.double(), full_matrices=False)
        rank = min(len(values), self.words.shape[1])
        spread = values[:rank].sqrt()
        if self.context is not None:
            self.context.zero_()
        if self.sentence is not None:
            self.sentence.weight.zero_()
        self.patches.weight.zero_()
        self.words.zero_()
        self.patches.weight[:rank] = (spread.unsqueeze(1) * right[:rank]).float()
        self.words[:, :rank] = (left[:, :rank] * spread).float()
        self.raw_weight.copy_(torch.log(torch.expm1(idf)))

    @torch.no_grad()
    def turn(self, rotation: Tensor) -> None:
        """Turn the space of all vectors, which changes no score.

        Args:
            rotation: (width, width) float64, orthogonal: a vector v becomes v · rotation.
        """
        back = rotation.T
        turned = {
            self.patches.weight: back @ self.patches.weight.double(),
            self.words: self.words.double() @ rotation,
        }
        if self.context is not None:
            turned[self.context] = back @ self.context.double() @ rotation
        if self.sentence is not None:
            turned[self.sentence.weight] = back @ self.sentence.weight.double()
        for tensor, other in turned.items():
            tensor.copy_(other)


def _of_context(own: Tensor, weights: Tensor, context: Tensor) -> Tensor:
    """Return what the maps of `context` make of each token's neighbours and of its text."""
    nothing = torch.zeros_like(own[:, :1])
    before, after = torch.cat([nothing, own[:, :-1]], dim=1), torch.cat([own[:, 1:], nothing], dim=1)
    total = weights.sum(dim=1, keepdim=True).clamp(min=torch.finfo(weights.dtype).tiny)
    text = ((weights / total).unsqueeze(-1) * own).sum(dim=1, keepdim=True)
    return before @ context[0] + after @ context[1] + text @ context[2]


def token_scores(tokens: LateTokens, patches: Tensor) -> Tensor:
    """Return s_T of every text with every picture (texts, pictures); 0 for a text without a token that counts.

    Args:
        tokens: of the texts.
        patches: (pictures, patches, width) of unit length.
    """
    best = torch.einsum("tlw,ipw->tilp", tokens.vectors, patches).amax(dim=-1)
    total = tokens.weights.sum(dim=1).clamp(min=torch.finfo(best.dtype).tiny)
    return torch.einsum("til,tl->ti", best, tokens.weights) / total.unsqueeze(1)


def patch_scores(tokens: LateTokens, patches: Tensor) -> Tensor:
    """Return s_I of every text with every picture (texts, pictures); arguments are those of `token_scores`.

    A token of weight 0 is no patch's best, however low all others are.
    """
    similarities = torch.einsum("tlw,ipw->tipl", tokens.vectors, patches)
    silent = (tokens.weights <= 0)[:, None, None]
    best = similarities.masked_fill(silent, float("-inf")).amax(dim=-1).mean(dim=-1)
    return best.masked_fill(silent[:, 0].all(dim=-1), 0)
