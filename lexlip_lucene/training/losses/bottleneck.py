"""The lexicon bottleneck of phase 1, and the weak decoder that has to see through it (LexMAE; LexLIP, ICCV 2023).

One vector, the mean of word embeddings weighted by an image's or a caption's own logits, stands in for [CLS] before a
caption with half of its words masked. A decoder of two layers can't guess them from what is left, so the logits learn
to name them. Neither the masks (`masking.py`) nor the loss (`losses.py`) are here. With logits (2, 0) the softmax
weights are (0.88, 0.12), the saturated ones (1, 0).
"""

import torch
from torch import Tensor, nn

from lexlip_lucene.encoders.pool.saturation import NORM_FLOOR, saturate


def lexicon_bottleneck(logits: Tensor, embeddings: Tensor, normalisation: str) -> Tensor:
    """Return the bag of words that the logits weigh: b = a · E, with a = softmax(l) or log(1 + relu(l)) / Σ of it.

    Softmax is what the official LexLIP code does, the saturated form is LexMAE's other choice; a vector without any
    logit above 0 stays zeros there, and one without any finite logit weighs all words alike under softmax. The gradient
    flows into the logits, and never into the embeddings.

    Args:
        logits: (batch, tokens) largest logit of each token over the positions.
        embeddings: (tokens, width) word embeddings of the lexicon's tokens.
        normalisation: `softmax` or `saturated`.

    Returns:
        (batch, width) float.
    """
    if normalisation == "softmax":
        bag = torch.softmax(logits.clamp(min=torch.finfo(logits.dtype).min), dim=1)
    else:
        assert normalisation == "saturated", f"normalisation is softmax or saturated, got {normalisation}"
        weights = saturate(logits)
        bag = weights / weights.sum(dim=1, keepdim=True).clamp(min=NORM_FLOOR)
    return bag @ embeddings.detach()


class WeakDecoder(nn.Module):
    """A few fresh transformer layers, as BERT's (norm after each part, GELU); one decoder serves images and texts.

    Args:
        width: of the text network's embeddings.
        layers: few; the official code has 2.
        heads: attention heads; a divisor of `width`.
        intermediate: width of the feed-forward part.
        dropout: probability of dropping an activation in training.
    """

    def __init__(self, width: int, layers: int, heads: int, intermediate: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, intermediate, dropout, activation="gelu", batch_first=True)
            for _ in range(layers)
        )

    def forward(self, bottleneck: Tensor, embedded: Tensor, attention: Tensor) -> Tensor:
        """Return the states (batch, length, width) from which the text side's projection predicts masked words.

        Args:
            bottleneck: (batch, width), which replaces the embedding at position 0 as it is: without a position or a
                norm of its own, as in the official code.
            embedded: (batch, length, width) the masked caption after the text network's embedding layer.
            attention: (batch, length) bool, True where a position is no padding; position 0 is none.
        """
        states = torch.cat([bottleneck.unsqueeze(1).to(embedded.dtype), embedded[:, 1:]], dim=1)
        for layer in self.layers:
            states = layer(states, src_key_padding_mask=~attention)
        return states
