"""Several processes of one run, as torchrun starts them: one a GPU, each with its share of the work.

    torchrun --nproc-per-node 2 -m lexlip_lucene encode images photos/ photos-collection --model model

The processes meet at barriers (gloo, over the network that torchrun set up); all else passes through files.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

PATIENCE = timedelta(days=7)
"""The time that the first to be done waits for the others; torch's half hour is less than a share of work may take."""


class Ranks(NamedTuple):
    """This process is number `rank`, from 0, of `world`."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """True for the process that does what is done once."""
        return self.rank == 0

    def wait(self) -> None:
        """Return when all processes have come here."""
        if self.world > 1:
            from torch import distributed

            distributed.barrier()


ALONE = Ranks()


def local_rank() -> int:
    """Return the number of this process on its machine: that of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


@contextmanager
def joined() -> Iterator[Ranks]:
    """Join the processes that torchrun started; without torchrun, this process is the only one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    from torch import distributed

    distributed.init_process_group("gloo", timeout=PATIENCE)
    try:
        yield Ranks(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
