"""One rung: every system built, asked all topics, timed, and weighed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import orjson

from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.experiments.engine.timing import Spread
from lexlip_lucene.experiments.fingerprint import is_built, mark_built, unmark
from lexlip_lucene.experiments.ladder.differences import differences
from lexlip_lucene.experiments.ladder.difficulty import relatives
from lexlip_lucene.experiments.ladder.documents.queries import LadderTopics
from lexlip_lucene.experiments.ladder.latency import Latency, Times, batch_rates, latency_of, timed
from lexlip_lucene.experiments.ladder.resident import resident_bytes
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.system import Built, Index, OpenIndex, Search, System
from lexlip_lucene.files.written import written_file
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import OURS
from lexlip_lucene.records import Run

K = 10
"""Hits a topic, in the runs that are evaluated and in the searches that are timed alike."""


class SystemFigures(NamedTuple):
    """The figures of a system at a rung.

    `latency` is without the encoding of the query and `together` with it; `batch` is in queries a second.
    `postings` are those of the query's tokens, the mean over topics, and None for a system without postings.
    """

    name: str
    quality: dict[str, float]
    built: Built
    resident: int
    latency: Latency
    together: Latency
    batch: Spread
    postings: float | None


class RungFigures(NamedTuple):
    """All systems at a rung, their differences, and their runs (not part of the record).

    `relatives` is as in `difficulty.py`, `differences` as in `differences.py`.
    """

    documents: int
    relatives: float
    differences: list[dict[str, Any]]
    systems: dict[str, SystemFigures]
    runs: dict[str, Run]


class Side(NamedTuple):
    """A source's documents and topics, and the fingerprint of what they were made from."""

    rung: Rung
    topics: LadderTopics
    fingerprint: Sequence[str]


Sides = Mapping[str, Side]
"""Source → its side; all have the same documents, docids and topics."""


def measured_rung(systems: Sequence[System], main: str, sides: Sides, progress: Progress) -> RungFigures:
    """Build, ask, time and weigh every system.

    Args:
        systems: under different names.
        main: the system whose hits are looked through for mixes of one photo.
        sides: the documents and the topics.
        progress: shows every stage.
    """
    indexes = {index.name: index for system in systems for index in system.indexes}
    built = {name: _built(index, sides[index.source], progress) for name, index in indexes.items()}
    answers = _answers(systems, indexes, sides, progress)
    rung, topics, _ = sides[OURS]
    figures = {}
    for system in progress.track(systems, f"{rung.documents} documents: memory", len(systems)):
        cost = _together(built[index.name] for index in system.indexes)
        figures[system.name] = _figures(system, cost, answers, sides[system.source])
    pairs = [(system.name, other) for system in systems for other in system.compared_with]
    return RungFigures(
        documents=rung.documents,
        relatives=relatives(rung.store, answers.runs[main]),
        differences=differences(answers.runs, pairs, topics.topic_set),
        systems=figures,
        runs=answers.runs,
    )


class _Answers(NamedTuple):
    """Of each system: the run over all topics, the times of the timed ones, and their rate in one call."""

    runs: dict[str, Run]
    times: dict[str, Times]
    rates: dict[str, Spread]


def _answers(systems: Sequence[System], indexes: Mapping[str, Index], sides: Sides, progress: Progress) -> _Answers:
    """Open all indexes, once each, and ask every system over them."""
    rung, topics, _ = sides[OURS]
    opened: dict[str, OpenIndex] = {}
    try:
        for name, index in indexes.items():
            opened[name] = index.open(rung.index_folder(name), sides[index.source].topics.queries)
        searches = {system.name: _search(system, opened, sides) for system in systems}
        runs = _runs(searches, rung, topics, progress)
        return _Answers(runs, *_timed(searches, topics, progress))
    finally:
        for open_index in opened.values():
            open_index.close()


def _figures(system: System, built: Built, answers: _Answers, side: Side) -> SystemFigures:
    name, rung, topics = system.name, side.rung, side.topics
    timed_queries = topics.queries.some(topics.timed_places)
    folders = [rung.index_folder(index.name) for index in system.indexes]
    return SystemFigures(
        name=name,
        quality=evaluate(topics.topic_set.qrels, answers.runs[name]),
        built=built,
        resident=resident_bytes(system, folders, timed_queries),
        latency=latency_of(answers.times[name]),
        together=latency_of(answers.times[name] + _encoding(system, topics)),
        batch=answers.rates[name],
        postings=system.postings(folders, timed_queries),
    )


def _built(index: Index, side: Side, progress: Progress) -> Built:
    """Build the index unless it is still as it was built, and keep the cost of building beside it."""
    rung, threads, folder = side.rung, side.topics.timing.threads, side.rung.index_folder(index.name)
    parts = [*side.fingerprint, f"{rung.documents} documents, {threads} threads", repr(index), index.built_by]
    home = folder.with_name(f"{folder.name}.built")
    facts = home / "facts.json"
    if is_built(home, parts):
        return Built(**orjson.loads(facts.read_bytes()))
    unmark(home)
    progress.note(f"{rung.documents} documents: building {index.name}")
    built = index.build(rung, folder, threads, progress)
    with written_file(facts, force=True) as file:
        file.write(orjson.dumps(built._asdict()))
    mark_built(home, parts, [folder, facts])
    return built


def _together(built: Iterable[Built]) -> Built:
    """Return the cost of all indexes of a system."""
    seconds, sizes = zip(*built, strict=True)
    return Built(sum(seconds), sum(sizes))


def _search(system: System, opened: Mapping[str, OpenIndex], sides: Sides) -> Search:
    return system.over([opened[index.name] for index in system.indexes], sides[system.source].topics.queries)


def _runs(searches: Mapping[str, Search], rung: Rung, topics: LadderTopics, progress: Progress) -> dict[str, Run]:
    every = range(len(topics.queries.qids))
    runs: dict[str, Run] = {}
    for name, search in progress.track(searches.items(), f"{rung.documents} documents: asking", len(searches)):
        answers = search.many(every, K, topics.timing.threads)
        runs[name] = rung.run(dict(zip(topics.queries.qids, answers, strict=True)))
    return runs


def _timed(
    searches: Mapping[str, Search], topics: LadderTopics, progress: Progress
) -> tuple[dict[str, Times], dict[str, Spread]]:
    places, timing = topics.timed_places, topics.timing
    progress.note(f"timing {len(searches)} systems on {len(places)} topics, {timing.repeats} times")
    answers = {name: _one(search, places) for name, search in searches.items()}
    times = timed(answers, topics=len(places), repeats=timing.repeats)
    calls = {name: partial(search.many, places, K, timing.threads) for name, search in searches.items()}
    return times, batch_rates(calls, topics=len(places), repeats=timing.repeats)


def _one(search: Search, places: Sequence[int]) -> Callable[[int], object]:
    return lambda topic: search.one(places[topic], K)


def _encoding(system: System, topics: LadderTopics) -> Times | float:
    if system.asks == "text":
        return 0.0
    times = topics.encoding.lexicon if system.asks == "lexicon" else topics.encoding.dense
    assert times is not None, "only a source with dense vectors has dense systems"
    return times
