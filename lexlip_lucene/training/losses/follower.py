"""A follower: a copy of a model that moves towards it a little after every optimiser step.

    follower ← decay · follower + (1 − decay) · model

It serves momentum contrast, where it makes the keys of the queue (MoCo, arXiv 1911.05722; LexLIP's phase 2, decay
0.99), and the moving average of the weights that is evaluated and saved. It does not learn: it has no gradients,
and stays in eval mode in whatever mode the model is. With decay 0.99, a model that jumps from 0 to 1 is followed
to 0.01 after one step and to 1 − 0.99^100 = 0.63 after a hundred.
"""

import copy
from typing import Any, Generic, TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


class Follower(Generic[Network]):
    """A copy of `model` as it is now, so make it after the weights were loaded (the official code does it before).

    Parameters that require no gradient now never change, so they are shared with the model, not copied: freeze a tower
    before, and don't thaw it after.

    Args:
        model: followed from now on.
        decay: share of the follower that stays at each step, in 0..1.
    """

    def __init__(self, model: Network, decay: float) -> None:
        self.decay = decay
        frozen: dict[int, Any] = {id(part): part for part in model.parameters() if not part.requires_grad}
        self.model: Network = copy.deepcopy(model, frozen).requires_grad_(False).eval()

    @torch.no_grad()
    def follow(self, model: Network, decay: float | None = None) -> None:
        """Move towards `model`; call it only once per optimiser step.

        Args:
            model: the model this was made of, after the step; its parameters are approached, its buffers copied.
            decay: of this step, for an average that starts quickly; None: the follower's own.
        """
        share = 1 - (self.decay if decay is None else decay)
        for behind, ahead in zip(self.model.parameters(), model.parameters(), strict=True):
            if behind is not ahead:
                behind.lerp_(ahead, share)
        for buffer, latest in zip(self.model.buffers(), model.buffers(), strict=True):
            buffer.copy_(latest)

    def state_dict(self) -> dict[str, Any]:
        """Return the follower's tensors by name, shared ones too."""
        return self.model.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the tensors of a saved state."""
        self.model.load_state_dict(state)
