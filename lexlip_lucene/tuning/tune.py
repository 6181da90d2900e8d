"""Tuning: settings of approximate search on an index, their recall and latency on queries, and the choice of one.

Every second query is for choosing the settings that are worth timing and the one that is proposed. The others are for
reporting, so that no reported figure was chosen for being high. Latency is that of `ImpactSearcher.search`, one
query at a time in one thread, the settings and exact search in turn, and again in another order in each repeat.
"""

import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.integers import as_count
from lexlip_lucene.lucene.index.commit import CONTENTS, open_reader
from lexlip_lucene.lucene.jvm.jvm import ONE_AT_A_TIME
from lexlip_lucene.lucene.search.approximation import BLOCK, Approximation
from lexlip_lucene.lucene.search.hits import Hits
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Impacts
from lexlip_lucene.tuning.choice import Choice, choose
from lexlip_lucene.tuning.figures import Figures, Measured, figures_of, mean_recall, recall_of
from lexlip_lucene.tuning.settings import BlockLadder, Ladder, climb, ladders

QUERIES_AT_MOST = 1000
"""The most queries that are used: more take longer and say no more. Of more, as many are taken at even distances."""

POSTINGS_AT_MOST = 10**9
"""The top of every ladder, below the limit of `Approximation`."""


class Tuning(NamedTuple):
    """The figures of a tuning, and the choice.

    Attributes:
        k: hits a query.
        wanted: recall, 0..1.
        repeats: times that each query was timed with each setting.
        queries: the number used, both halves together; all of them have a hit.
        without_hits: the number left out because exact search finds nothing for them.
        documents: of the index.
        postings: of the index.
        first_seconds: of the searcher's first approximate search, which reads the whole index.
        exact: exact search on the half for choosing, and on that for reporting.
        measured: the settings, by candidates and postings, then those of blocks.
        choice: the setting to take, if any.
    """

    k: int
    wanted: float
    repeats: int
    queries: int
    without_hits: int
    documents: int
    postings: int
    first_seconds: float
    exact: tuple[Figures, Figures]
    measured: list[Measured]
    choice: Choice


class _Sample(NamedTuple):
    """Queries with their exact hits; `[::2]` are for choosing and `[1::2]` for reporting."""

    queries: list[Impacts]
    exact: list[Hits]


def tune(
    searcher: ImpactSearcher,
    queries: Mapping[str, Impacts],
    *,
    k: int = 10,
    recall: float = 0.99,
    repeats: int = 5,
    progress: Progress = SILENT,
) -> Tuning:
    """Measure settings on an index and choose one.

    Args:
        searcher: the index.
        queries: qid → query, at least 2 that have a hit; some hundred are better.
        k: hits a query, at least 1.
        recall: the wanted recall@k against exact search, above 0 and at most 1.
        repeats: times that each query is timed with each setting, at least 1.
        progress: shows every pass over the queries.

    Raises:
        InputError: an argument is out of range, or too few queries have a hit.
        SearchError: the index can't be read, or its scores are beyond what two-step search adds up.
    """
    k, repeats = as_count(k, "k"), as_count(repeats, "repeats")
    if not 0 < recall <= 1:
        raise InputError(f"recall must be above 0 and at most 1, got {recall}")
    sample, without_hits = _sampled(searcher, queries, k, progress)
    postings = _postings(searcher)
    first_seconds = _first_seconds(searcher, sample.queries[0], k)
    settings = _settings(searcher, sample, k, postings=postings, wanted=recall, progress=progress)
    exact, *rest = _timed(searcher, sample, [None, *settings], k, repeats=repeats, progress=progress)
    measured = [Measured(setting, *halves) for setting, halves in zip(settings, rest, strict=True)]
    return Tuning(
        k=k,
        wanted=recall,
        repeats=repeats,
        queries=len(sample.queries),
        without_hits=without_hits,
        documents=searcher.documents,
        postings=postings,
        first_seconds=first_seconds,
        exact=exact,
        measured=measured,
        choice=choose(measured, exact[0], recall),
    )


def _sampled(
    searcher: ImpactSearcher, queries: Mapping[str, Impacts], k: int, progress: Progress
) -> tuple[_Sample, int]:
    taken = list(queries)
    if len(taken) > QUERIES_AT_MOST:
        progress.note(f"{QUERIES_AT_MOST} of the {len(taken)} queries are taken, at even distances")
        taken = [taken[number * len(taken) // QUERIES_AT_MOST] for number in range(QUERIES_AT_MOST)]
    found = searcher.search_batch({qid: queries[qid] for qid in taken}, k, threads=_cores(), progress=progress)
    with_hits = [qid for qid in taken if found[qid]]
    if len(with_hits) < 2:
        raise InputError(
            f"at least 2 queries that find something in {searcher.path} are needed, one to choose by and one to report "
            f"on, got {len(with_hits)} (and {len(taken) - len(with_hits)} that find nothing); some hundred are better"
        )
    sample = _Sample([queries[qid] for qid in with_hits], [found[qid] for qid in with_hits])
    return sample, len(taken) - len(with_hits)


def _postings(searcher: ImpactSearcher) -> int:
    reader = open_reader(searcher.path)
    with ONE_AT_A_TIME:
        postings: int = reader.getSumDocFreq(CONTENTS)
        reader.close()
    return postings


def _first_seconds(searcher: ImpactSearcher, query: Impacts, k: int) -> float:
    begun = time.perf_counter()
    searcher.search(query, k, approximate=Approximation())
    return time.perf_counter() - begun


def _settings(
    searcher: ImpactSearcher, sample: _Sample, k: int, *, postings: int, wanted: float, progress: Progress
) -> list[Approximation]:
    """Return the settings worth timing, by their recall on the half for choosing."""
    choosing = {str(number): query for number, query in enumerate(sample.queries[::2])}
    exact = sample.exact[::2]

    def recall(ladder: Ladder | BlockLadder, number: int) -> float:
        found = searcher.search_batch(choosing, k, threads=_cores(), approximate=ladder.setting(number))
        return mean_recall(np.array([recall_of(*pair) for pair in zip(found.values(), exact, strict=True)]))

    settings = []
    blocks = -(-searcher.documents // BLOCK)
    tops: dict[Ladder | BlockLadder, int] = dict.fromkeys(ladders(k, sample.queries[::2]), postings)
    tops[BlockLadder()] = blocks
    for ladder, top in progress.track(tops.items(), "looking for settings", len(tops)):
        numbers = climb(partial(recall, ladder), min(top, POSTINGS_AT_MOST), wanted)
        settings += [ladder.setting(number) for number in numbers]
    return settings


def _timed(
    searcher: ImpactSearcher,
    sample: _Sample,
    settings: Sequence[Approximation | None],
    k: int,
    *,
    repeats: int,
    progress: Progress,
) -> list[tuple[Figures, Figures]]:
    """Return the figures of each setting (None: exact search) on both halves."""
    milliseconds = np.zeros((len(settings), repeats, len(sample.queries)))
    recalls = np.zeros((len(settings), len(sample.queries)))
    order = [(repeat, (place + repeat) % len(settings)) for repeat in range(repeats) for place in range(len(settings))]
    for repeat, place in progress.track(order, f"timing {len(settings)} settings", len(order)):
        milliseconds[place, repeat], recalls[place] = _pass(searcher, sample, settings[place], k)
    halves = (slice(0, None, 2), slice(1, None, 2))
    return [
        (
            figures_of(recalls[place, halves[0]], milliseconds[place][:, halves[0]]),
            figures_of(recalls[place, halves[1]], milliseconds[place][:, halves[1]]),
        )
        for place in range(len(settings))
    ]


def _pass(
    searcher: ImpactSearcher, sample: _Sample, setting: Approximation | None, k: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return milliseconds and recall of each query, searched one after the other."""
    milliseconds, recalls = [], []
    for query, exact in zip(sample.queries, sample.exact, strict=True):
        begun = time.perf_counter()
        found = searcher.search(query, k, approximate=setting)
        milliseconds.append(1000 * (time.perf_counter() - begun))
        recalls.append(recall_of(found, exact))
    return np.array(milliseconds), np.array(recalls)


def _cores() -> int:
    return os.cpu_count() or 1
