"""The allocations of a computation, seen at every operation of PyTorch, backward passes among them."""

from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LargestTensor(TorchDispatchMode):
    """`elements`: of the largest tensor that an operation gave while the mode was on."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = func(*args, **(kwargs or {}))
        sizes = [leaf.numel() for leaf in tree_leaves(given) if isinstance(leaf, Tensor)]
        self.elements = max(self.elements, *sizes, 0)
        return given
