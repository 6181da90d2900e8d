"""The follower: what it starts from, when it moves and when it must not."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import tiny
from torch import Tensor, nn

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.training.losses.follower import Follower


class Small(nn.Module):
    """A frozen tower, a layer that trains, and a norm with buffers."""

    def __init__(self, start: float = 1.0) -> None:
        super().__init__()
        self.tower = nn.Linear(3, 3).requires_grad_(False)
        self.head = nn.Linear(3, 2)
        self.norm = nn.BatchNorm1d(2)
        for parameter in self.parameters():
            nn.init.constant_(parameter, start)

    def forward(self, states: Tensor) -> Tensor:
        out: Tensor = self.norm(self.head(self.tower(states)))
        return out


def set_all(model: nn.Module, value: float) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.fill_(value)


def copied(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def lexlip_with_bert() -> LexLip:
    return tiny.lexlip(text=tiny.BERT, seed=7)


@pytest.mark.parametrize("make", [Small, lexlip_with_bert], ids=["small", "lexlip"])
def test_it_equals_the_model_at_the_moment_it_is_made(make: Callable[[], nn.Module]) -> None:
    model = make()
    follower = Follower(model, 0.9)
    assert same(copied(follower.model), copied(model))


@given(st.floats(0, 1), st.lists(st.floats(-3, 3), min_size=1, max_size=5))
def test_each_step_is_the_formula(decay: float, targets: list[float]) -> None:
    model = Small(start=1.0)
    follower, expected = Follower(model, decay), 1.0
    for target in targets:
        set_all(model, target)
        follower.follow(model)
        expected = decay * expected + (1 - decay) * target
    assert follower.model.head.weight.flatten().tolist() == pytest.approx([expected] * 6, rel=1e-5, abs=1e-5)  # float32


def test_a_step_may_have_a_decay_of_its_own() -> None:
    model = Small(start=0.0)
    follower = Follower(model, 0.99)
    set_all(model, 1.0)
    follower.follow(model, 0.25)
    assert follower.model.head.bias.tolist() == [0.75, 0.75]
    assert follower.decay == 0.99


def test_forward_backward_training_and_evaluation_of_either_never_move_it() -> None:
    model = Small()
    follower = Follower(model, 0.5)
    before = copied(follower.model)
    for _ in range(3):  # micro-batches of one step
        model.train()
        model(torch.randn(4, 3)).square().sum().backward()
        follower.model(torch.randn(4, 3))
        model.eval()
        model(torch.randn(4, 3))
    assert same(copied(follower.model), before)
    assert not same(copied(model), before)  # the model's own running statistics did move


def test_it_has_no_gradients_and_stays_in_eval_mode() -> None:
    model = Small().train()
    follower = Follower(model, 0.5)
    model.train()
    follower.follow(model)
    assert not any(module.training for module in follower.model.modules())
    assert not any(parameter.requires_grad for parameter in follower.model.parameters())
    assert not follower.model(torch.randn(4, 3)).requires_grad
    assert model.training and model.head.weight.requires_grad


def test_buffers_are_copied_as_they_are() -> None:
    model = Small().train()
    follower = Follower(model, 0.5)
    model(torch.randn(4, 3))
    follower.follow(model)
    assert torch.equal(follower.model.norm.running_var, model.norm.running_var)
    assert follower.model.norm.num_batches_tracked == 1
    assert follower.model.norm.running_var is not model.norm.running_var


def test_a_frozen_tower_is_shared_and_what_trains_is_not() -> None:
    model = Small()
    follower = Follower(model, 0.5)
    assert follower.model.tower.weight.data_ptr() == model.tower.weight.data_ptr()
    assert follower.model.head.weight.data_ptr() != model.head.weight.data_ptr()


def test_tied_parameters_stay_tied_and_move_once() -> None:
    model = Small(start=0.0)
    model.register_parameter("tied", model.head.weight)
    follower = Follower(model, 0.5)
    set_all(model, 1.0)
    follower.follow(model)
    assert follower.model.get_parameter("tied") is follower.model.head.weight
    assert follower.model.head.weight.flatten().tolist() == [0.5] * 6


def test_a_saved_state_goes_on_as_if_never_interrupted() -> None:
    model = Small(start=0.0)
    whole = Follower(model, 0.9)
    set_all(model, 1.0)
    whole.follow(model)
    resumed = Follower(model, 0.9)
    resumed.load_state_dict(copied(whole.model))
    for follower in (whole, resumed):
        follower.follow(model)
    assert same(whole.state_dict(), resumed.state_dict())
