"""Banks of the other side's training vectors: they measure how easily a document is found, which divides it.

    document = c^make_up · cut(d / ‖d‖) / max(f, floor)^power
    f = mean of the `nearest` largest products of d / ‖d‖ with the vectors of the bank
    c = (mean product of d with all vectors of the bank) / (that of cut(d)),   cut keeps the heaviest tokens

A document that is near to much precedes the right one for many a query: a hub. Documents that all reach their
nearest queries with the same score are distinguished by what only they have. CSLS (arXiv 1710.04087) subtracts the mean
similarity of the nearest neighbours; an index has nothing below 0 to subtract with, so here it divides. And a document
with a long tail loses more by the cut than others; with `make_up` 1 it keeps what queries find in it on average.

Texts that are searched by images are measured on images, and images that are searched by texts on captions. A query's
length changes no ranking, and queries stay as they are.

With products 3, 2 and 1 and `nearest` 2, f is 2.5. `floor` is what f is for all but the hardest hundredth of the
training documents: words that nothing in the bank has would else make a document the nearest of all.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from lexlip_lucene.encoders.pool.heaviest import Heaviest, heaviest
from lexlip_lucene.encoders.pool.saturation import NORM_FLOOR
from lexlip_lucene.recipes.model_spec import BankSpec

HARDEST = 0.01
"""Share of the training documents that are harder to find than `floor` says."""


class _Bank(nn.Module):
    """The part that both kinds of bank share: `floor`, and the divisor."""

    floor: Tensor

    def __init__(self, spec: BankSpec) -> None:
        super().__init__()
        self.spec = spec
        self.register_buffer("floor", torch.ones(()))

    def products(self, documents: Tensor) -> Tensor:
        """Map documents (batch, width) to their products with the bank (batch, size)."""
        raise NotImplementedError

    def _divisor(self, unit: Tensor) -> Tensor:
        return torch.maximum(self._found(unit), self.floor).pow(self.spec.power).unsqueeze(1)

    def _found(self, unit: Tensor) -> Tensor:
        products = self.products(unit)
        return products.topk(min(self.spec.nearest, products.shape[1]), dim=1).values.mean(dim=1)

    def _settle(self, documents: Tensor) -> None:
        """Set `floor` by training documents (n, width)."""
        self.floor.fill_(max(float(self._found(_unit(documents)).float().quantile(HARDEST)), NORM_FLOOR))


class LexiconBank(_Bank):
    """Lexicon vectors, cut to their heaviest tokens: 2,000 of 128 tokens are 2 MB.

    Args:
        spec: the number of vectors, and so on.
        tokens: of the lexicon.
    """

    positions: Tensor
    weights: Tensor
    mean: Tensor

    def __init__(self, spec: BankSpec, tokens: int) -> None:
        super().__init__(spec)
        kept = min(spec.tokens, tokens)
        self.register_buffer("positions", torch.zeros(spec.size, kept, dtype=torch.int32))
        self.register_buffer("weights", torch.zeros(spec.size, kept))
        # Kept, not summed up again for each batch: on a GPU such a sum has other bits every time.
        self.register_buffer("mean", torch.zeros(tokens))

    @torch.no_grad()
    def fill(self, queries: Tensor, documents: Tensor) -> None:
        """Take queries (n, tokens) as the model encodes them, and settle the floor by `documents` (m, tokens).

        Queries are taken from all over `queries`; where there are fewer than the bank holds, the rest stays empty.
        """
        found = heaviest(queries[_spread(len(queries), self.spec.size)], self.positions.shape[1])
        self.positions.zero_()[: len(found.positions), : found.positions.shape[1]] = found.positions.to(self.positions)
        self.weights.zero_()[: len(found.weights), : found.weights.shape[1]] = found.weights.to(self.weights)
        flat = self.positions.flatten().cpu(), self.weights.flatten().cpu()
        self.mean.copy_(torch.zeros(self.mean.shape).index_add_(0, *flat) / len(self.weights))
        self._settle(documents.to(self.weights))

    def products(self, documents: Tensor) -> Tensor:
        """Map documents (batch, tokens) to their products with the bank (batch, size)."""
        table = documents.T.contiguous()
        return functional.embedding_bag(self.positions, table, mode="sum", per_sample_weights=self.weights).T

    def kept(self, documents: Tensor, k: int | None) -> Heaviest:
        """Map documents (batch, tokens) of any length to their `k` heaviest tokens, as an index holds them.

        Where the bank has none of the tokens that are kept, c is 1; zeros stay zeros.
        """
        unit = _unit(documents.float())
        found = heaviest(unit, k)
        made_up = self._made_up(unit, found, [found.weights.shape[1]])
        return found._replace(weights=found.weights * made_up / self._divisor(unit))

    def made_up(self, documents: Tensor, cuts: Sequence[int]) -> Tensor:
        """Return c^make_up of documents (batch, tokens) for each number of tokens in `cuts`: (batch, cuts)."""
        unit = _unit(documents.float())
        return self._made_up(unit, heaviest(unit, max(cuts)), cuts)

    def _made_up(self, unit: Tensor, found: Heaviest, cuts: Sequence[int]) -> Tensor:
        whole = (unit * self.mean).sum(dim=1)
        products = found.weights * self.mean[found.positions]
        factors = []
        for cut in cuts:
            part = products[:, :cut].sum(dim=1)
            factors.append(torch.where(part > 0, whole / part.clamp(min=NORM_FLOOR), 1.0))
        return torch.stack(factors, dim=1) ** self.spec.make_up


class DenseBank(_Bank):
    """The same for the dense twin, so that both compare fairly: unit vectors (size, width); nothing is cut."""

    vectors: Tensor

    def __init__(self, spec: BankSpec, width: int) -> None:
        super().__init__(spec)
        self.register_buffer("vectors", torch.zeros(spec.size, width))

    @torch.no_grad()
    def fill(self, queries: Tensor, documents: Tensor) -> None:
        """Take queries (n, width), as `LexiconBank` does, and settle the floor by `documents` (m, width)."""
        taken = queries[_spread(len(queries), self.spec.size)]
        self.vectors.zero_()[: len(taken)] = taken.to(self.vectors)
        self._settle(documents.to(self.vectors))

    def products(self, documents: Tensor) -> Tensor:
        """Map documents (batch, width) to their cosines with the bank (batch, size)."""
        return documents @ self.vectors.T

    def documents(self, vectors: Tensor) -> Tensor:
        """Divide vectors (batch, width) of any length by how easily they are found; zeros stay zeros."""
        unit = _unit(vectors)
        return unit / self._divisor(unit)


def _unit(vectors: Tensor) -> Tensor:
    return functional.normalize(vectors, dim=1, eps=NORM_FLOOR)


def _spread(count: int, wanted: int) -> Tensor:
    """Return the numbers of `wanted` of `count` items, evenly over all of them; of all if they are fewer."""
    return torch.linspace(0, count - 1, min(count, wanted)).round().long()
