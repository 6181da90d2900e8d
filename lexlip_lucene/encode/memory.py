"""Out of memory, reported in one line that names the setting to change.

torch raises `OutOfMemoryError` on a GPU and a plain RuntimeError of its CPU allocator, NumPy a `MemoryError`. What
the kernel's own out-of-memory killer ends can't be reported from here: that process just ends.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

from lexlip_lucene.errors import MemoryLimitError

_CPU_ALLOCATOR = ("DefaultCPUAllocator: ", "not enough memory")
"""Part of the message of torch's RuntimeError, whose class does not say the reason."""


@contextmanager
def memory_errors_named(work: str, advice: str) -> Iterator[None]:
    """Turn running out of memory inside the block into one line.

    Args:
        work: what was being done, as in "training at batch size 64".
        advice: what to do about it.

    Raises:
        MemoryLimitError: memory ran out; any other error passes as it is.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise MemoryLimitError(_message(work, error, advice)) from error
    except RuntimeError as error:
        if not any(mark in str(error) for mark in _CPU_ALLOCATOR):
            raise
        raise MemoryLimitError(_message(work, error, advice)) from error


def encoding_memory_errors_named(batch_size: int) -> AbstractContextManager[None]:
    """Turn running out of memory at `batch_size` inputs a batch into one line that names `--batch-size`.

    Raises:
        MemoryLimitError: memory ran out.
    """
    if batch_size > 1:
        advice = f"take a smaller batch, --batch-size {max(1, batch_size // 2)} for one"
    else:
        advice = "a batch of one is the smallest there is, so take a machine with more, or a smaller model"
    return memory_errors_named(f"encoding at batch size {batch_size}", advice)


def _message(work: str, error: BaseException, advice: str) -> str:
    reason = " ".join(str(error).split())[:200]
    return f"{work} needs more memory than there is ({reason}): {advice}"
