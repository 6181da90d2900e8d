"""The association graph of a batch, by hand and by loops."""

import math

import pytest
import torch
from torch.nn import functional

from lexlip_lucene.training.relations.fragments import fragment_matching
from lexlip_lucene.training.relations.graph import (
    Graph,
    Relevance,
    association_graph,
    distances,
    divergence,
    nearest,
    permuted,
)


def graph_of(seed: int, pairs: int = 4, share: float = 0.5) -> tuple[Graph, torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    images, texts = (functional.normalize(torch.randn(pairs, 6), dim=1) for _ in range(2))
    matching = fragment_matching(torch.randn(pairs, 3, 6), torch.randn(pairs, 5, 6), torch.rand(pairs, 5) < 0.8, 10)
    return association_graph(images, texts, matching, Relevance(10), share), images, texts


def test_a_row_is_connected_with_its_nearest_half() -> None:
    similarity = torch.tensor([[1.0, 0.2, 0.9, 0.1], [0.0, 0.5, 0.4, 0.3], [0.7, 0.7, 0.7, 0.1], [0.0, 0.0, 0.0, 1.0]])
    found = nearest(similarity, 0.5)
    assert found[0].tolist() == [True, False, True, False]
    assert found[1].tolist() == [False, True, True, False]
    assert found[2].tolist() == [True, True, True, False], "those as similar as the last are taken too"


@pytest.mark.parametrize("pairs", [1, 2, 3])
def test_a_row_of_a_small_batch_has_a_connection(pairs: int) -> None:
    assert nearest(torch.randn(pairs, pairs), 0.1).any(dim=1).all()


def test_images_look_at_images_by_images_and_texts_at_texts_by_texts() -> None:
    """The published code compares images with texts in both places."""
    graph, images, texts = graph_of(0)
    assert torch.equal(graph.connected[:4, :4], nearest(images @ images.T, 0.5))
    assert torch.equal(graph.connected[4:, 4:], nearest(texts @ texts.T, 0.5))
    for row in range(4):
        for column in range(4):
            for side, at in ((images, 0), (texts, 4)):
                far = math.dist(side[row].tolist(), side[column].tolist())
                assert graph.relevance[at + row, at + column].item() == pytest.approx(math.exp(-far), abs=2e-3)


def test_across_the_sides_relevance_is_the_learned_part_and_the_mean_match() -> None:
    torch.manual_seed(1)
    images, texts = (functional.normalize(torch.randn(3, 6), dim=1) for _ in range(2))
    matching = fragment_matching(torch.randn(3, 4, 6), torch.randn(3, 5, 6), torch.ones(3, 5, dtype=torch.bool), 10)
    relevance = Relevance(10)
    graph = association_graph(images, texts, matching, relevance, 0.5)
    for image in range(3):
        for text in range(3):
            first, _, last = relevance.of_images
            hidden = functional.relu(first.weight @ matching.largest_in_texts[image, text] + first.bias)
            wanted = (last.weight @ hidden + last.bias).item() + matching.in_texts[image, text].item()
            assert graph.relevance[image, 3 + text].item() == pytest.approx(wanted, abs=1e-5)
    assert torch.equal(graph.connected[:3, 3:], nearest(matching.in_texts, 0.5))
    assert torch.equal(graph.connected[3:, :3], nearest(matching.in_images, 0.5))


def test_the_divergence_is_that_of_the_rows() -> None:
    torch.manual_seed(2)
    learned, wanted = torch.randn(3, 4, dtype=torch.double), torch.randn(3, 4, dtype=torch.double)
    total = 0.0
    for row in range(3):
        p, q = (tensor[row].softmax(0).tolist() for tensor in (learned, wanted))
        total += sum(a * (math.log(a) - math.log(b)) for a, b in zip(p, q, strict=True))
    assert divergence(learned, wanted).item() == pytest.approx(total / 3)
    assert divergence(wanted, wanted).item() == pytest.approx(0)


def test_equal_nodes_and_cosines_above_1_have_finite_distances_and_gradients() -> None:
    nodes = torch.tensor([[1.0, 0.0], [1.0 + 1e-4, 0.0], [0.0, 1.0]], requires_grad=True)
    found = distances(nodes, nodes)
    assert found[0].tolist() == pytest.approx([0, 0, math.sqrt(2)])
    found.sum().backward()
    assert nodes.grad is not None and nodes.grad.isfinite().all()


def test_a_permuted_graph_has_as_many_connections_of_other_nodes_and_each_side_stays_one() -> None:
    graph, _, _ = graph_of(3, pairs=6, share=0.34)
    order = torch.tensor([3, 4, 5, 0, 1, 2])
    other = permuted(graph, order, torch.arange(6))
    assert other.connected.sum() == graph.connected.sum()
    assert torch.equal(other.connected[6:, 6:], graph.connected[6:, 6:])
    assert torch.equal(other.connected[0, :6], graph.connected[3, :6][order])
    assert torch.equal(other.relevance[0, 6:], graph.relevance[3, 6:])
    assert other.divergence is graph.divergence
