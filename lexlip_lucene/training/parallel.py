"""The processes that train one model together, started by torchrun, and their exchange of tensors.

Every process draws the same batch and computes its own contiguous part of it. Vectors are gathered so that each sees
all negatives; a gathered tensor carries gradient only in the process's own part, and the gradients of all
processes are added up, not averaged. So N processes have the loss and the gradients of one with the joined batch.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn

from lexlip_lucene.errors import InputError

PATIENCE = timedelta(hours=2)
"""The others wait this long while the first process searches the images kept aside, saves and calibrates."""


@dataclass(frozen=True)
class Team:
    """This process's number and the number of all; a team of one exchanges nothing."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """True if this process is the one that evaluates, writes and reports."""
        return self.rank == 0

    def own(self, count: int) -> slice:
        """Return this process's part of `count` things, a multiple of the team's size."""
        share = count // self.size
        return slice(self.rank * share, (self.rank + 1) * share)

    def gather(self, own: Tensor) -> Tensor:
        """Join (own, …) of every process, of one shape, into (own × size, …); gradient flows only into the own part."""
        if self.size == 1:
            return own
        parts = [torch.empty_like(own) for _ in range(self.size)]
        distributed.all_gather(parts, own.detach().contiguous())
        parts[self.rank] = own
        return torch.cat(parts)

    def total(self, own: Tensor) -> Tensor:
        """Add up a tensor of every process, without gradient."""
        added = own.detach().clone()
        if self.size > 1:
            distributed.all_reduce(added)
        return added

    def add_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace every gradient by the sum over all processes; one that a process lacks counts as zeros."""
        if self.size == 1:
            return
        kept = [parameter for parameter in parameters if parameter.requires_grad]
        for parameter in kept:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        flat = torch.cat([parameter.grad.flatten() for parameter in kept if parameter.grad is not None])
        distributed.all_reduce(flat)
        for parameter, grad in zip(kept, flat.split([parameter.numel() for parameter in kept]), strict=True):
            parameter.grad = grad.view_as(parameter)

    def wait(self) -> None:
        """Wait until every process has called this."""
        if self.size > 1:
            distributed.barrier()


ALONE = Team()


def join_team(device: str) -> Team:
    """Join the processes that torchrun started, this one with its `device`.

    Without torchrun's variables in the environment the team is only this process.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return ALONE
    if device.startswith("cuda"):
        torch.cuda.set_device(device)
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=PATIENCE)
    return Team(distributed.get_rank(), distributed.get_world_size())


def leave_team(team: Team) -> None:
    """End what `join_team` began."""
    if team.size > 1 and distributed.is_initialized():
        distributed.destroy_process_group()


def require_divisible(batch: int, accumulate: int, team: Team) -> None:
    """Raise InputError unless a batch of images can be cut evenly into parts and processes."""
    if batch % (accumulate * team.size):
        raise InputError(
            f"training.batch_size must be a multiple of accumulate × processes, got {batch} with accumulate "
            f"{accumulate} and {team.size} processes: set another batch_size"
        )
