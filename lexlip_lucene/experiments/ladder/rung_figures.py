"""One rung: every system built, asked all topics, timed, and weighed."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.experiments.engine.timing import Spread
from lexlip_lucene.experiments.fingerprint import is_built, mark_built, unmark
from lexlip_lucene.experiments.ladder.differences import differences
from lexlip_lucene.experiments.ladder.difficulty import relatives
from lexlip_lucene.experiments.ladder.documents.queries import Asked, Queries
from lexlip_lucene.experiments.ladder.latency import Latency, Times, batch_rates, latency_of, timed
from lexlip_lucene.experiments.ladder.resident import resident_bytes
from lexlip_lucene.experiments.ladder.systems.fused import FusedSystem
from lexlip_lucene.experiments.ladder.systems.lucene import Bm25System, LexlipSystem, OpenLexlip
from lexlip_lucene.experiments.ladder.systems.rung import Rung
from lexlip_lucene.experiments.ladder.systems.system import Built, Indexed, Opened, System
from lexlip_lucene.files.written import written_file
from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher
from lexlip_lucene.lucene.search.frequencies import document_frequencies
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import OURS
from lexlip_lucene.records import Run

K = 10
"""Hits a topic, in the runs that are evaluated as in the searches that are timed: one search, one figure of each."""


class SystemFigures(NamedTuple):
    """What a system came to at a rung. Latency without and with the encoding of the query; `batch` in queries a second.

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
    """All systems at a rung, what separates them, and their runs (not part of the record).

    `relatives` as in `difficulty.py`, `differences` as in `differences.py`.
    """

    documents: int
    relatives: float
    differences: list[dict[str, Any]]
    systems: dict[str, SystemFigures]
    runs: dict[str, Run]


class Side(NamedTuple):
    """A source's documents and topics, and what they were made from: an index of the same is not built again."""

    rung: Rung
    asked: Asked
    fingerprint: Sequence[str]


Sides = Mapping[str, Side]
"""Source → its side; all have the same documents, docids and topics."""


def measured_rung(
    systems: Sequence[Indexed | FusedSystem], places: Mapping[str, Path], sides: Sides, progress: Progress
) -> RungFigures:
    """Build, ask, time and weigh every system.

    Args:
        systems: under different names.
        places: system → folder of its index; systems that share one share the index.
        sides: the documents and the topics.
        progress: told about it.
    """
    rung, asked, _ = sides[OURS]
    built = _all_built(systems, places, sides, progress)
    opened = _all_opened(systems, places, sides)
    try:
        runs = _runs(opened, rung, asked, progress)
        times, batches = _timed(opened, asked, progress)
    finally:
        for index in opened.values():
            index.close()
    figures = {}
    for system in progress.track(systems, f"{rung.documents} documents: memory", len(systems)):
        name, asked = system.name, sides[system.source].asked
        few = asked.queries.some(asked.timed_places)
        figures[name] = SystemFigures(
            name,
            evaluate(asked.topics.qrels, runs[name]),
            built[name],
            resident_bytes(system, places[name], few),
            latency_of(times[name]),
            latency_of(times[name] + _encoding(system, asked)),
            batches[name],
            _postings(system, places[name], few),
        )
    main = next(system.name for system in systems if isinstance(system, LexlipSystem))
    separated = differences(runs, main, sides[OURS].asked.topics)
    return RungFigures(rung.documents, relatives(rung.store, runs[main]), separated, figures, runs)


def _all_built(
    systems: Sequence[Indexed | FusedSystem], places: Mapping[str, Path], sides: Sides, progress: Progress
) -> dict[str, Built]:
    """Build what is not there; a fused system takes what both of its sides take."""
    at: dict[Path, Built] = {}
    built: dict[str, Built] = {}
    for system in systems:
        if isinstance(system, FusedSystem):
            a, b = built[system.first.name], built[system.second.name]
            built[system.name] = Built(a.seconds + b.seconds, a.index_bytes + b.index_bytes)
            continue
        place = places[system.name]
        if place not in at:
            at[place] = _built(system, place, sides[system.source], progress)
        built[system.name] = at[place]
    return built


def _built(system: Indexed, folder: Path, side: Side, progress: Progress) -> Built:
    """Build the index where it is not there as it was built, and keep what building it took beside it."""
    rung, threads = side.rung, side.asked.timing.threads
    parts = [*side.fingerprint, f"{rung.documents} documents, {threads} threads", repr(system), system.built_by]
    home = folder.with_name(f"{folder.name}.built")
    facts = home / "facts.json"
    if is_built(home, parts):
        return Built(**orjson.loads(facts.read_bytes()))
    unmark(home)
    progress.note(f"{rung.documents} documents: building {system.name}")
    built = system.build(rung, folder, threads, progress)
    with written_file(facts, force=True) as file:
        file.write(orjson.dumps(built._asdict()))
    mark_built(home, parts, [folder, facts])
    return built


def _all_opened(
    systems: Sequence[Indexed | FusedSystem], places: Mapping[str, Path], sides: Sides
) -> dict[str, Opened]:
    """Open every index once: fused systems and the one in two steps search those of others."""
    opened: dict[str, Opened] = {}
    at: dict[Path, Opened] = {}
    for system in systems:
        place, queries = places[system.name], sides[system.source].asked.queries
        there = at.get(place)
        if isinstance(system, FusedSystem):
            opened[system.name] = system.over(opened[system.first.name], opened[system.second.name], queries)
        elif isinstance(system, LexlipSystem) and isinstance(there, OpenLexlip) and system.approximate is not None:
            opened[system.name] = there.at(system.approximate)
        else:
            opened[system.name] = at[place] = system.open(place, queries)
    return opened


def _runs(opened: Mapping[str, Opened], rung: Rung, asked: Asked, progress: Progress) -> dict[str, Run]:
    every = range(len(asked.queries.qids))
    runs: dict[str, Run] = {}
    for name, index in progress.track(opened.items(), f"{rung.documents} documents: asking", len(opened)):
        answers = index.many(every, K, asked.timing.threads)
        runs[name] = rung.run(dict(zip(asked.queries.qids, answers, strict=True)))
    return runs


def _timed(
    opened: Mapping[str, Opened], asked: Asked, progress: Progress
) -> tuple[dict[str, Times], dict[str, Spread]]:
    places, timing = asked.timed_places, asked.timing
    progress.note(f"timing {len(opened)} systems on {len(places)} topics, {timing.repeats} times")
    answers = {name: _one(index, places) for name, index in opened.items()}
    times = timed(answers, topics=len(places), repeats=timing.repeats)
    calls = {name: partial(index.many, places, K, timing.threads) for name, index in opened.items()}
    return times, batch_rates(calls, topics=len(places), repeats=timing.repeats)


def _one(opened: Opened, places: Sequence[int]) -> Callable[[int], object]:
    return lambda topic: opened.one(places[topic], K)


def _encoding(system: System, asked: Asked) -> Times | float:
    if system.asks == "text":
        return 0.0
    times = asked.encoding.lexicon if system.asks == "lexicon" else asked.encoding.dense
    assert times is not None, "a dense system is there only with a dense twin"
    return times


def _postings(system: System, index: Path, queries: Queries) -> float | None:
    """Postings of the query's tokens, the mean over topics; None where a system has none or skips most by design."""
    if isinstance(system, Bm25System):
        with Bm25Searcher(index) as searcher:
            tokens = [list(searcher.terms(text)) for text in queries.texts]
    elif isinstance(system, LexlipSystem) and system.approximate is None:
        tokens = [list(vector) for vector in queries.impacts]
    else:
        return None
    frequency = document_frequencies(index, (token for query in tokens for token in query))
    return sum(frequency[token] for query in tokens for token in query) / len(tokens)
