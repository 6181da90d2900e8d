"""How much each side counts when LexLIP and BM25 are fused, chosen on photos that are neither trained on nor tested.

The choice is the share with the best mean of R@1, R@5 and R@10; of equal ones the first.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from lexlip_lucene.evaluate.fuse import interpolate
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.ladder.fused_system import DEPTH
from lexlip_lucene.ladder.lucene_systems import Bm25System, LexlipSystem
from lexlip_lucene.ladder.rung import Rung
from lexlip_lucene.ladder.system import Indexed
from lexlip_lucene.ladder_documents.queries import Queries
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import ONE_FIELD, PointSpec
from lexlip_lucene.records import Qrel, Run

SHARES = tuple(tenths / 10 for tenths in range(1, 10))
"""Of LexLIP in the interpolation."""

CAPTION_SHARES = (0.1, 0.25, 0.5, 1.0, 2.0)
"""Of a caption's weights beside those of its image, in one field."""


class Shares(NamedTuple):
    """What was chosen, and the figure of each candidate: share → mean of R@1, R@5 and R@10."""

    interpolation: float
    caption: float
    interpolation_figures: dict[str, float]
    caption_figures: dict[str, float]


def tuned_shares(point: PointSpec, rung: Rung, queries: Queries, qrels: Sequence[Qrel], progress: Progress) -> Shares:
    """Try every share on the tuning photos, which `rung` holds with distractors."""

    def answered(system: Indexed, place: str) -> Run:
        folder = rung.folder / place
        system.build(rung, folder, 1, progress)
        opened = system.open(folder, queries)
        try:
            answers = opened.many(range(len(queries.qids)), DEPTH, 1)
            return rung.run(dict(zip(queries.qids, answers, strict=True)))
        finally:
            opened.close()

    lexlip, bm25 = answered(LexlipSystem(point, "tuning"), "lexlip"), answered(Bm25System(), "bm25")
    fused = _figures(SHARES, lambda share: interpolate(lexlip, bm25, alpha=share, depth=DEPTH), qrels)
    one = _figures(
        CAPTION_SHARES,
        lambda share: answered(LexlipSystem(point, ONE_FIELD, caption_share=share), f"one-field-{share}"),
        qrels,
    )
    return Shares(_best(fused), _best(one), fused, one)


def _figures(shares: Sequence[float], run_at: Callable[[float], Run], qrels: Sequence[Qrel]) -> dict[str, float]:
    found = {}
    for share in shares:
        figures = evaluate(qrels, run_at(share))
        found[str(share)] = (figures["R@1"] + figures["R@5"] + figures["R@10"]) / 3
    return found


def _best(figures: dict[str, float]) -> float:
    return float(max(figures, key=lambda share: figures[share]))
