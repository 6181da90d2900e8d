"""The dense twin: one short vector of the same states, so that sparse and dense compare with all else equal.

    image = A mean_p(adapted_p) + G mean state + b         A, G: (width, …)
    text  = presence weights (tokens) E                     beside the static side, E: (tokens, width)
    text  = P mean over words of hidden states + c          beside a transformer

G is the counterpart of the sparse side's `global_path`. Both sides have unit length, so their product is a cosine.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

START_SPREAD = 5e-4
"""Standard deviation of A at a computed start: near zero, as the sparse head's is, so that the ridge map carries it."""


class DenseTwin(nn.Module):
    """Dense vectors of both sides.

    Args:
        image_width: of the backbone's states.
        adapter_width: of the adapted states.
        tokens: of the lexicon.
        width: of the dense vectors.
        text_width: of the transformer's hidden states; None: the text side is static, and texts are bags of words.
    """

    def __init__(self, image_width: int, adapter_width: int, tokens: int, width: int, text_width: int | None) -> None:
        super().__init__()
        self.adapted = nn.Linear(adapter_width, width, bias=False)
        self.mean_state = nn.Linear(image_width, width)
        self.words = nn.Linear(tokens, width, bias=False) if text_width is None else None
        self.hidden = None if text_width is None else nn.Linear(text_width, width)

    def image(self, adapted: Tensor, mean_state: Tensor, *, raw: bool = False) -> Tensor:
        """Return image vectors (batch, width), of unit length unless `raw`.

        Args:
            adapted: (batch, positions, adapter width) adapted states.
            mean_state: (batch, image width) standardised mean states.
            raw: leave the length as it comes.
        """
        vectors: Tensor = self.adapted(adapted.mean(dim=1)) + self.mean_state(mean_state)
        return vectors if raw else functional.normalize(vectors, dim=1)

    def text(self, given: Tensor, *, raw: bool = False) -> Tensor:
        """Return text vectors (batch, width), of unit length unless `raw`; a text without words gives zeros.

        Args:
            given: beside the static side (batch, tokens) its weights before any division by length; beside a
                transformer (batch, text width) the mean of its hidden states over the words.
            raw: leave the length as it comes.
        """
        side = self.words if self.hidden is None else self.hidden
        assert side is not None, "one of the two is there"
        vectors: Tensor = side(given)
        return vectors if raw else functional.normalize(vectors, dim=1)

    @torch.no_grad()
    def start_from_ridge(self, global_path_weight: Tensor) -> None:
        """Start from the sparse side's own closed-form solution, cut to rank `width`.

        With W = U S Vᵀ the best map of rank `width` is U_r S_r V_rᵀ (Eckart and Young, 1936). Texts get U_r √S_r and
        images √S_r V_rᵀ, so that the raw product of both is what the sparse side's ridge path scores, but for what the
        cut takes away and for its bias, which is the same for all images. Beside a transformer only the image side
        is set: hidden states have no closed form.

        Args:
            global_path_weight: (tokens, image width) float: the weight W of `global_path`.
        """
        left, values, right = torch.linalg.svd(global_path_weight.double(), full_matrices=False)
        rank = min(len(values), self.mean_state.out_features)
        spread = values[:rank].sqrt()
        self.mean_state.weight.zero_()
        self.mean_state.bias.zero_()
        self.mean_state.weight[:rank] = (spread.unsqueeze(1) * right[:rank]).float()
        nn.init.normal_(self.adapted.weight, std=START_SPREAD)
        if self.words is not None:
            self.words.weight.zero_()
            self.words.weight[:rank] = (left[:, :rank] * spread).T.float()


def mean_of_words(hidden: Tensor, words: Tensor) -> Tensor:
    """Return the mean hidden state of the words (batch, text width); zeros for a text without any.

    Args:
        hidden: (batch, length, text width).
        words: (batch, length) bool, True at positions that are neither special nor padding.
    """
    counted = words.unsqueeze(-1).to(hidden.dtype)
    return (hidden * counted).sum(dim=1) / counted.sum(dim=1).clamp(min=1)
