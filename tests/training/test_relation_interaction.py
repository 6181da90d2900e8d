"""The interaction along the graph: who is seen, and how relevance weighs."""

import pytest
import torch
from torch import Tensor

from lexlip_lucene.training.relations.graph import Graph
from lexlip_lucene.training.relations.interaction import Fusion, Standalone, interaction

FORMS = pytest.mark.parametrize("form", ["fusion", "standalone"])
N, WIDTH = 3, 8


def graph_of(connected: Tensor, relevance: Tensor | None = None) -> Graph:
    return Graph(connected, torch.zeros(2 * N, 2 * N) if relevance is None else relevance, torch.zeros(()))


def made(form: str) -> Fusion | Standalone:
    torch.manual_seed(0)
    return interaction("fusion" if form == "fusion" else "standalone", WIDTH, 2, 0.0, 1.0)


@FORMS
def test_a_node_that_looks_only_at_itself_and_its_own_pair_does_not_depend_on_others(form: str) -> None:
    own = torch.eye(N, dtype=torch.bool).repeat(2, 2)
    nodes = torch.randn(2 * N, WIDTH)
    others = nodes.clone()
    others[[1, 4]] = torch.randn(2, WIDTH)  # the second pair
    layer = made(form)
    one, other = layer(nodes, graph_of(own)), layer(others, graph_of(own))
    torch.testing.assert_close(one[[0, 2, 3, 5]], other[[0, 2, 3, 5]])
    assert not torch.allclose(one[[1, 4]], other[[1, 4]])


@FORMS
def test_every_node_depends_on_those_that_it_is_connected_with(form: str) -> None:
    nodes = torch.randn(2 * N, WIDTH, requires_grad=True)
    made(form)(nodes, graph_of(torch.ones(2 * N, 2 * N, dtype=torch.bool)))[0].pow(2).sum().backward()
    assert nodes.grad is not None and (nodes.grad.abs().sum(dim=1) > 0).all()


@FORMS
def test_relevance_gets_a_gradient_where_nodes_are_connected_and_none_elsewhere(form: str) -> None:
    connected = torch.ones(2 * N, 2 * N, dtype=torch.bool)
    connected[0, 4] = connected[5, 1] = connected[2, 1] = connected[3, 5] = False
    relevance = torch.zeros(2 * N, 2 * N, requires_grad=True)
    made(form)(torch.randn(2 * N, WIDTH), graph_of(connected, relevance)).pow(3).sum().backward()
    assert relevance.grad is not None and relevance.grad.isfinite().all()
    assert not relevance.grad[~connected].any()
    assert (relevance.grad[connected] != 0).sum() > connected.sum() / 2


def test_fusion_is_attention_with_relevance_added_to_the_logits() -> None:
    layer = made("fusion").double()
    assert isinstance(layer, Fusion)
    layer.strength = 1.5
    nodes, relevance = torch.randn(2 * N, WIDTH).double(), torch.randn(2 * N, 2 * N).double()
    connected = torch.rand(2 * N, 2 * N) < 0.6
    connected |= torch.eye(2 * N, dtype=torch.bool)
    attention, seen = layer.layer.self_attn, []
    q, k, v = (nodes @ attention.in_proj_weight.T + attention.in_proj_bias).chunk(3, dim=1)
    for head in range(2):
        part = slice(head * WIDTH // 2, (head + 1) * WIDTH // 2)
        logits = q[:, part] @ k[:, part].T / (WIDTH // 2) ** 0.5 + 1.5 * relevance
        seen.append(torch.where(connected, logits, float("-inf")).softmax(dim=1) @ v[:, part])
    mixed = layer.layer.norm1(nodes + attention.out_proj(torch.cat(seen, dim=1)))
    wanted = layer.layer.norm2(mixed + layer.layer.linear2(layer.layer.linear1(mixed).relu()))
    torch.testing.assert_close(layer(nodes, graph_of(connected, relevance)), wanted)


def test_a_standalone_branch_looks_across_before_it_looks_within() -> None:
    """A text reaches an image that is not connected with it through one that is."""
    connected = torch.eye(2 * N, dtype=torch.bool)
    connected[0, 1] = True  # image 0 looks at image 1,
    connected[:N, N:] = torch.eye(N, dtype=torch.bool)  # and each image at its own text
    connected[N:, :N] = torch.eye(N, dtype=torch.bool)
    nodes = torch.randn(2 * N, WIDTH, requires_grad=True)
    made("standalone")(nodes, graph_of(connected))[0].pow(2).sum().backward()
    assert nodes.grad is not None
    reached = nodes.grad.abs().sum(dim=1) > 0
    assert reached.tolist() == [True, True, False, True, True, False]
