"""Groups of near-duplicates: what pairs connect, each group around its most typical document.

The most typical one (the medoid) has the largest sum of similarities over its pairs, of equal ones the smaller docid.
It comes first, and each other member by how similar it is to that one. A member may be less similar to it than a pair
has to be: then others connect the two.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from lexlip_lucene.search.all_looks import AllLooks, similarity


class NearPair(NamedTuple):
    """Two documents, the smaller docid first, and their similarity."""

    first: str
    second: str
    similarity: float


class Member(NamedTuple):
    """A document of a group, and its similarity to the first of the group."""

    docid: str
    similarity: float


class Group(NamedTuple):
    """Documents that pairs connect.

    Attributes:
        members: the most typical first, then by similarity to it, then by docid.
        pairs: the most similar first, then by docids. Of documents with the same looks the first stands for all: each
            other one has one pair, with that one, of similarity 1.
    """

    members: list[Member]
    pairs: list[NearPair]

    @property
    def least(self) -> float:
        """The least similarity of a member to the first."""
        return min(member.similarity for member in self.members)


def groups_of(pairs: Iterable[NearPair], looks: AllLooks) -> list[Group]:
    """Return what `pairs` connect: the largest group first, of equally large ones the most alike, then by docid."""
    by_root = _connected(sorted(pairs, key=lambda pair: (-pair.similarity, pair.first, pair.second)))
    row_of = {docid: row for row, docid in enumerate(looks.docids)}
    squares = looks.squares().tolist()
    groups = [_group(own, looks, row_of, squares) for own in by_root]
    return sorted(groups, key=lambda group: (-len(group.members), -group.least, group.members[0].docid))


def _connected(pairs: Sequence[NearPair]) -> list[list[NearPair]]:
    """Return the pairs of each group, in the order that they have here."""
    above: dict[str, str] = {}

    def root(docid: str) -> str:
        top = docid
        while above.setdefault(top, top) != top:
            top = above[top]
        while above[docid] != top:
            above[docid], docid = top, above[docid]
        return top

    for pair in pairs:
        above[root(pair.second)] = root(pair.first)
    groups: dict[str, list[NearPair]] = {}
    for pair in pairs:
        groups.setdefault(root(pair.first), []).append(pair)
    return list(groups.values())


def _group(pairs: list[NearPair], looks: AllLooks, row_of: Mapping[str, int], squares: Sequence[int]) -> Group:
    sums: dict[str, list[float]] = {}
    for first, second, alike in pairs:
        sums.setdefault(first, []).append(alike)
        sums.setdefault(second, []).append(alike)
    medoid = min(sums, key=lambda docid: (-math.fsum(sums[docid]), docid))
    middle, rows = row_of[medoid], [row_of[docid] for docid in sums]
    products = (looks.impacts[rows] @ looks.impacts[[middle]].T).toarray()[:, 0].tolist()
    members = [
        Member(looks.docids[row], similarity(product, squares[row], squares[middle]))
        for row, product in zip(rows, products, strict=True)
    ]
    return Group(sorted(members, key=lambda each: (each.docid != medoid, -each.similarity, each.docid)), pairs)
