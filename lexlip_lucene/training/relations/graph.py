"""The cross-embedding association graph of a batch: who is connected with whom, and how relevant they are (HREM).

Its nodes are the batch's n images, then its n texts. A row is a node that looks at others.

    connection A    the half of a block's nodes that a row is nearest to: images and images, texts and texts by cosine;
                    images and texts by fragment matching
    relevance S     within a side e^−‖a − b‖; across MLP(the 10 largest fragment matches) + their mean

    divergence      KL(softmax S_across ‖ softmax e^−‖image − text‖) over each row, of both directions, added up

The divergence keeps what the MLP learns near the distances of the embeddings; no gradient flows into the distances.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.training.relations.fragments import Matching


class Graph(NamedTuple):
    """A graph of 2n nodes: `connected` (2n, 2n) bool, `relevance` (2n, 2n) float, and the `divergence`, one number."""

    connected: Tensor
    relevance: Tensor
    divergence: Tensor


class Relevance(nn.Module):
    """The relevance of a pair across the sides, learned from its largest fragment matches.

    Args:
        largest: matches of a pair.
    """

    def __init__(self, largest: int) -> None:
        super().__init__()
        self.of_texts = nn.Sequential(nn.Linear(largest, largest), nn.ReLU(), nn.Linear(largest, 1))
        self.of_images = nn.Sequential(nn.Linear(largest, largest), nn.ReLU(), nn.Linear(largest, 1))
        self.of_images.load_state_dict(self.of_texts.state_dict())

    def forward(self, matching: Matching) -> tuple[Tensor, Tensor]:
        """Return the relevance (images, texts) for rows of images, and (texts, images) for rows of texts."""
        of_images = self.of_images(matching.largest_in_texts).squeeze(-1) + matching.in_texts
        of_texts = self.of_texts(matching.largest_in_images).squeeze(-1) + matching.in_images
        return of_images, of_texts


def nearest(similarity: Tensor, share: float) -> Tensor:
    """Return where each row's `share` most similar columns are, at least one: (rows, columns) bool.

    Columns as similar as the last of these are taken too.
    """
    count = max(1, int(similarity.shape[1] * share))
    return similarity >= similarity.topk(count, dim=1).values[:, -1:]


def distances(some: Tensor, others: Tensor) -> Tensor:
    """Return the Euclidean distances (rows, columns) of unit vectors, with a gradient of 0 where they are equal."""
    squares = (2 - 2 * some @ others.T).clamp(min=0)
    equal = squares < torch.finfo(squares.dtype).eps * 4
    return squares.masked_fill(equal, 1).sqrt().masked_fill(equal, 0)


def association_graph(images: Tensor, texts: Tensor, matching: Matching, relevance: Relevance, share: float) -> Graph:
    """Return the graph of a batch.

    Args:
        images: (n, width) unit vectors.
        texts: (n, width) unit vectors.
        matching: of their fragments.
        relevance: across the sides.
        share: of each block's nodes that a row is connected with.
    """
    of_images, of_texts = relevance(matching)
    with torch.no_grad():
        connected = _blocks(
            nearest(images @ images.T, share),
            nearest(matching.in_texts, share),
            nearest(matching.in_images, share),
            nearest(texts @ texts.T, share),
        )
    near = torch.exp(-distances(images, texts)).detach()
    return Graph(
        connected=connected,
        relevance=_blocks(
            torch.exp(-distances(images, images)), of_images, of_texts, torch.exp(-distances(texts, texts))
        ),
        divergence=divergence(of_images, near) + divergence(of_texts, near.T),
    )


def divergence(learned: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean over rows of KL(softmax(learned) ‖ softmax(wanted)), as HREM has it."""
    return functional.kl_div(
        wanted.log_softmax(dim=1), learned.log_softmax(dim=1), reduction="batchmean", log_target=True
    )


def permuted(graph: Graph, images: Tensor, texts: Tensor) -> Graph:
    """Return the graph with other nodes in the places of its nodes: as many connections, of the wrong ones.

    Args:
        graph: of n images and n texts.
        images: a permutation of 0..n − 1.
        texts: a permutation of 0..n − 1.
    """
    order = torch.cat([images, texts + len(images)])
    return graph._replace(connected=graph.connected[order][:, order], relevance=graph.relevance[order][:, order])


def _blocks(images: Tensor, of_images: Tensor, of_texts: Tensor, texts: Tensor) -> Tensor:
    return torch.cat([torch.cat([images, of_images], dim=1), torch.cat([of_texts, texts], dim=1)])
