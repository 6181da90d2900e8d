"""The interaction of the graph's nodes: attention along its connections, with its relevance added to the logits.

    attention logits   q · k / √width of a head + λ · S;   −∞ where two nodes are not connected

`fusion` is one transformer layer over all nodes, images and texts together. `standalone` has a branch for each side:
its nodes look at the other side's, then at their own (HREM's paper; its code has only the first form).
"""

from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from lexlip_lucene.training.relations.graph import Graph


class Interaction(Protocol):
    """A form of interaction: the nodes and their graph give the enhanced nodes."""

    def __call__(self, nodes: Tensor, graph: Graph) -> Tensor:
        """Return the enhanced nodes (2n, width), of any length.

        Args:
            nodes: (2n, width): n images, then n texts.
            graph: of these nodes.
        """
        ...


class Fusion(nn.Module):
    """One transformer layer over all nodes; its arguments are those of `interaction`."""

    def __init__(self, width: int, heads: int, dropout: float, strength: float) -> None:
        super().__init__()
        self.strength = strength
        self.layer = nn.TransformerEncoderLayer(width, heads, width, dropout, batch_first=True)

    def forward(self, nodes: Tensor, graph: Graph) -> Tensor:
        """Return the enhanced nodes."""
        enhanced: Tensor = self.layer(nodes.unsqueeze(0), src_mask=attention_logits(graph, self.strength))
        return enhanced.squeeze(0)


class Branch(nn.Module):
    """The branch of one side: cross-attention to the other side, then a transformer layer over its own nodes."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.across = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.dropout, self.norm = nn.Dropout(dropout), nn.LayerNorm(width)
        self.within = nn.TransformerEncoderLayer(width, heads, width, dropout, batch_first=True)

    def forward(self, own: Tensor, others: Tensor, across: Tensor, within: Tensor) -> Tensor:
        """Return the enhanced nodes (n, width) of a side.

        Args:
            own: (n, width) nodes of the side.
            others: (n, width) nodes of the other side.
            across: (n, n) what is added to the logits of the look at the others.
            within: (n, n) what is added to those of the look at the own.
        """
        own, others = own.unsqueeze(0), others.unsqueeze(0)
        seen, _ = self.across(own, others, others, attn_mask=across, need_weights=False)
        enhanced: Tensor = self.within(self.norm(own + self.dropout(seen)), src_mask=within)
        return enhanced.squeeze(0)


class Standalone(nn.Module):
    """A branch for each side; its arguments are those of `interaction`."""

    def __init__(self, width: int, heads: int, dropout: float, strength: float) -> None:
        super().__init__()
        self.strength = strength
        self.images, self.texts = Branch(width, heads, dropout), Branch(width, heads, dropout)

    def forward(self, nodes: Tensor, graph: Graph) -> Tensor:
        """Return the enhanced nodes."""
        images, texts = nodes.chunk(2)
        of_images, of_texts = attention_logits(graph, self.strength).chunk(2)
        (among_images, to_texts), (to_images, among_texts) = of_images.chunk(2, dim=1), of_texts.chunk(2, dim=1)
        return torch.cat(
            [self.images(images, texts, to_texts, among_images), self.texts(texts, images, to_images, among_texts)]
        )


def attention_logits(graph: Graph, strength: float) -> Tensor:
    """Return what is added to the logits of attention (2n, 2n): λ · S, and −∞ between what is not connected."""
    return (strength * graph.relevance).masked_fill(~graph.connected, float("-inf"))


def interaction(
    form: Literal["fusion", "standalone"], width: int, heads: int, dropout: float, strength: float
) -> Fusion | Standalone:
    """Return a fresh interaction.

    Args:
        form: one of the two.
        width: of the nodes.
        heads: a divisor of the width.
        dropout: probability of dropping an activation.
        strength: λ, the factor on the relevance.
    """
    kind: type[Fusion | Standalone] = Fusion if form == "fusion" else Standalone
    return kind(width, heads, dropout, strength)
