"""How easily a text is found, measured on a bank of training images; texts that are documents are divided by it.

    document = t / max(f(t), floor · ‖t‖),    f(t) = mean of the `nearest` largest products of t with images of the bank

A text of common words is near to many images, and as a document it would stand before the right one for all of them: a
hub. Texts that all reach their nearest images with the same score are told apart by what is theirs alone. CSLS
(arXiv 1710.04087) subtracts the mean similarity of the nearest neighbours; an index has nothing below 0 to subtract
with, so here it divides. A query's length changes no ranking, and queries stay as they are.

With products 3, 2 and 1 and `nearest` 2, f is 2.5. `floor` is what f is for all but the hardest hundredth of the
training captions, at unit length: words that no image of the bank has would else make a text the nearest of all.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.encoders.heaviest import heaviest
from lexlip_lucene.encoders.pooling import NORM_FLOOR
from lexlip_lucene.recipes.model_spec import BankSpec

HARDEST = 0.01
"""Share of the training captions that are harder to find than `floor` says."""


class _Bank(nn.Module):
    """What both kinds of bank share: `floor`, and dividing."""

    floor: Tensor

    def __init__(self, spec: BankSpec) -> None:
        super().__init__()
        self.spec = spec
        self.register_buffer("floor", torch.ones(()))

    def products(self, texts: Tensor) -> Tensor:
        """Texts (batch, width) → their products with the bank (batch, images)."""
        raise NotImplementedError

    def documents(self, texts: Tensor) -> Tensor:
        """Texts (batch, width) of any length → the same divided by how easily they are found; zeros stay zeros."""
        unit = functional.normalize(texts, dim=1, eps=NORM_FLOOR)
        return unit / self._found(unit).clamp(min=float(self.floor)).unsqueeze(1)

    def _found(self, unit: Tensor) -> Tensor:
        products = self.products(unit)
        return products.topk(min(self.spec.nearest, products.shape[1]), dim=1).values.mean(dim=1)

    def _settle(self, captions: Tensor) -> None:
        """Set `floor` by training captions (n, width)."""
        found = self._found(functional.normalize(captions, dim=1, eps=NORM_FLOOR))
        self.floor.fill_(max(float(found.float().quantile(HARDEST)), NORM_FLOOR))


class ImageBank(_Bank):
    """Lexicon vectors of images, cut to their heaviest tokens: 2,000 of 128 tokens are 2 MB.

    Args:
        spec: how many images, and so on.
        tokens: of the lexicon.
    """

    positions: Tensor
    weights: Tensor

    def __init__(self, spec: BankSpec, tokens: int) -> None:
        super().__init__(spec)
        kept = min(spec.tokens, tokens)
        self.register_buffer("positions", torch.zeros(spec.images, kept, dtype=torch.int32))
        self.register_buffer("weights", torch.zeros(spec.images, kept))

    @torch.no_grad()
    def fill(self, images: Tensor, captions: Tensor) -> None:
        """Take images (n, tokens) as the model encodes them, and settle the floor by `captions` (m, tokens).

        Images are taken from all over `images`; where there are fewer than the bank holds, the rest stays empty.
        """
        found = heaviest(images[_spread(len(images), self.spec.images)], self.positions.shape[1])
        self.positions.zero_()[: len(found.positions)] = found.positions.to(self.positions)
        self.weights.zero_()[: len(found.weights)] = found.weights.to(self.weights)
        self._settle(captions.to(self.weights))

    def products(self, texts: Tensor) -> Tensor:
        """Texts (batch, tokens) → their products with the bank (batch, images)."""
        table = texts.T.contiguous()
        return functional.embedding_bag(self.positions, table, mode="sum", per_sample_weights=self.weights).T


class DenseBank(_Bank):
    """The same for the dense twin, so that both compare fairly: unit vectors of images (images, width)."""

    vectors: Tensor

    def __init__(self, spec: BankSpec, width: int) -> None:
        super().__init__(spec)
        self.register_buffer("vectors", torch.zeros(spec.images, width))

    @torch.no_grad()
    def fill(self, images: Tensor, captions: Tensor) -> None:
        """Take images (n, width), as `ImageBank` does, and settle the floor by `captions` (m, width)."""
        taken = images[_spread(len(images), self.spec.images)]
        self.vectors.zero_()[: len(taken)] = taken.to(self.vectors)
        self._settle(captions.to(self.vectors))

    def products(self, texts: Tensor) -> Tensor:
        """Texts (batch, width) → their cosines with the bank (batch, images)."""
        return texts @ self.vectors.T


def _spread(count: int, wanted: int) -> Tensor:
    """Numbers of `wanted` of `count` items, evenly over all of them; all of them where they are fewer."""
    return torch.linspace(0, count - 1, min(count, wanted)).round().long()
