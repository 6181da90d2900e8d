"""The quality of re-ranking by patches, row by row: by hits, by form of the store, and of controls.

Every row re-ranks the same hits of the same first stage, so that only what its name says differs.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.evaluate.significance import difference, found_within
from lexlip_lucene.experiments.late.forms import Patches, averaged, in_form, shuffled
from lexlip_lucene.late.late_reranker import LateReranker, PatchSource
from lexlip_lucene.late.late_score import TextTokens
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Hit, Qrel, Run

HITS = 100

SEEN = 10
"""Hits that the figures look at."""

DEPTHS = (1, 10, 20, 50, 100, 200, 500)
FORMS: tuple[tuple[str, int | None], ...] = (
    ("float16", None),
    ("int8", None),
    ("int4", None),
    ("int2", None),
    ("sign", None),
    ("int8", 12),
    ("int4", 12),
    ("int2", 12),
    ("sign", 12),
    ("int4", 8),
    ("int2", 6),
    ("int4", 3),
)

NAMES = ("R@1", "R@5", "R@10")


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        group: `first stage`, `hits`, `form` or `control`.
        name: in the table.
        recall: R@1, R@5 and R@10 in 0..1.
        gain: those less the first stage's, and the p-value of each by paired randomisation over pictures.
        bytes: of a picture, where the row is about that.
        milliseconds: of re-ranking one query, the median; None for the first stage.
    """

    group: str
    name: str
    recall: dict[str, float]
    gain: dict[str, tuple[float, float]]
    bytes: float | None = None
    milliseconds: float | None = None


class Asked(NamedTuple):
    """The inputs of every row: hits of the first stage, texts, judgements, patches, the text side and the mix."""

    first: Mapping[str, Sequence[Hit]]
    texts: Mapping[str, str]
    qrels: Sequence[Qrel]
    patches: Patches
    encode: Callable[[str], TextTokens]
    mix: float


def rows_of(asked: Asked, documents: int, progress: Progress) -> Iterator[Row]:
    """Yield all rows; `documents` is the number of documents, which is what `all` re-ranks."""
    first = {qid: list(hits) for qid, hits in asked.first.items()}
    top = {qid: hits[:SEEN] for qid, hits in first.items()}
    compare = _Comparison(asked.qrels, top)
    yield compare.row("first stage", "first stage", top)
    patches = asked.patches
    depths = [depth for depth in DEPTHS if depth < documents]
    wanted: list[tuple[str, str, PatchSource, int, float, float | None]] = [
        *(("hits", str(depth), patches, depth, asked.mix, None) for depth in depths),
        ("hits", f"all {documents}", patches, documents, asked.mix, None),
        ("hits", f"all {documents}, late score only", patches, documents, 0.0, None),
        ("control", "patches of other documents", shuffled(patches), HITS, asked.mix, None),
        ("control", "mean in place of patches", averaged(patches), HITS, asked.mix, None),
    ]
    for code, clusters in FORMS:
        form = in_form(patches, code, clusters)
        name = f"{code}, {'all' if clusters is None else f'{clusters} clusters'}"
        wanted.append(("form", name, form, HITS, asked.mix, form.bytes))
    for group, name, source, depth, mix, size in progress.track(wanted, "re-ranking (rows)", len(wanted)):
        reranker = LateReranker(source, asked.encode, k=depth, mix=mix)
        run, milliseconds = _reranked(reranker, asked.texts, first)
        yield compare.row(group, name, run, size, milliseconds)


def _reranked(reranker: LateReranker, texts: Mapping[str, str], first: Run) -> tuple[Run, float]:
    """Return the first hits in their new order, as many as the figures look at, and the median milliseconds of a query.

    Texts are encoded, and vectors decoded and in memory: the time is that of the scores (`cost.py` has the rest).
    """
    looked_at = max(reranker.k, SEEN)
    run, milliseconds = {}, []
    for qid, hits in first.items():
        begun = time.perf_counter()
        run[qid] = reranker.rerank(texts[qid], hits[:looked_at])[:SEEN]
        milliseconds.append(1000 * (time.perf_counter() - begun))
    return run, statistics.median(milliseconds)


class _Comparison:
    """Runs against the first stage's."""

    def __init__(self, qrels: Sequence[Qrel], first: Run) -> None:
        self._qrels = qrels
        self._cuts = {name: int(name.removeprefix("R@")) for name in NAMES}
        self._first = {name: found_within(qrels, first, cut) for name, cut in self._cuts.items()}
        self._picture = {qrel.qid: qrel.docid for qrel in qrels if qrel.grade > 0}

    def row(self, group: str, name: str, run: Run, size: float | None = None, milliseconds: float | None = None) -> Row:
        recall = evaluate(self._qrels, run)
        gain = {}
        for figure, cut in self._cuts.items():
            found = difference(found_within(self._qrels, run, cut), self._first[figure], self._picture)
            gain[figure] = (found.mean, found.p)
        return Row(group, name, {figure: recall[figure] for figure in NAMES}, gain, size, milliseconds)
