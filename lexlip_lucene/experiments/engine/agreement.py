"""The check that our hits are stock's, in the same run as the times, so that no speed comes from a wrong answer."""

from collections.abc import Sequence
from itertools import islice, zip_longest

from lexlip_lucene.errors import SearchError
from lexlip_lucene.experiments.engine.systems.engine import Engine, Queries, Ranking

CHECKED = 50
"""Queries compared for each number of terms and each k."""


def require_same_hits(ours: Engine, stock: Engine, queries: Queries, k: int, *, threads: int) -> int:
    """Compare docids and scores, rank by rank, of the first queries; return how many were compared.

    Raises:
        SearchError: names the first query and rank where ours differs, in `search` or in `search_batch`.
    """
    part = dict(islice(queries.items(), CHECKED))
    wanted = stock.rankings(part, k)
    for mode, found in (
        ("search", ours.rankings(part, k)),
        ("search_batch", ours.batch_rankings(part, k, threads)),
    ):
        _require_same(list(part), found, wanted, f"{mode}, k={k}")
    return len(part)


def _require_same(qids: Sequence[str], found: Sequence[Ranking], wanted: Sequence[Ranking], how: str) -> None:
    for qid, ours, stock in zip(qids, found, wanted, strict=True):
        pairs = zip_longest(zip(*ours, strict=True), zip(*stock, strict=True))
        for rank, (mine, theirs) in enumerate(pairs, start=1):
            if mine != theirs:
                raise SearchError(
                    f"{how}, query {qid}: our hits must be stock's, but at rank {rank} ours is {mine}, "
                    f"stock's {theirs}: nothing was timed"
                )
