"""One rung: every system built, asked all topics, timed, and weighed."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import orjson

from lexlip_lucene.bench_engine.timing import Spread
from lexlip_lucene.built import is_built, mark_built, unmark
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.files import written_file
from lexlip_lucene.ladder.latency import Latency, Times, batch_rates, latency_of, timed
from lexlip_lucene.ladder.lucene_systems import Bm25System, LexlipSystem
from lexlip_lucene.ladder.resident import resident_bytes
from lexlip_lucene.ladder.system import Built, Opened, Rung, System
from lexlip_lucene.ladder_documents.queries import Asked, Queries
from lexlip_lucene.lucene.bm25_searcher import Bm25Searcher
from lexlip_lucene.lucene.frequencies import document_frequencies
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Run

DEPTH = 100
"""Hits a topic in the runs; figures look at the first ten."""

TIMED_K = 10

_MEMORY_TOPICS = 100


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
    """All systems at a rung, and their runs (not part of the record)."""

    documents: int
    systems: dict[str, SystemFigures]
    runs: dict[str, Run]


def measured_rung(
    systems: Sequence[System],
    places: Mapping[str, Path],
    rung: Rung,
    asked: Asked,
    fingerprint: Sequence[str],
    progress: Progress,
) -> RungFigures:
    """Build, ask, time and weigh every system.

    Args:
        systems: under different names.
        places: system → folder of its index; systems that share one share the index.
        rung: the documents.
        asked: the topics.
        fingerprint: what the store and its settings are; an index of the same is not built again.
        progress: told about it.
    """
    built: dict[Path, Built] = {}
    for system in systems:
        place = places[system.name]
        built[place] = built.get(place) or _built(system, place, rung, fingerprint, progress)
    runs: dict[str, Run] = {}
    opened = {system.name: system.open(places[system.name], asked.queries) for system in systems}
    try:
        for name, index in progress.track(opened.items(), f"{rung.documents} documents: asking", len(opened)):
            answers = index.many(range(len(asked.queries.qids)), DEPTH, asked.timing.threads)
            runs[name] = dict(zip(asked.queries.qids, answers, strict=True))
        times, batches = _timed(opened, asked, progress)
    finally:
        for index in opened.values():
            index.close()
    few = asked.queries.some(asked.timed_places[:_MEMORY_TOPICS])
    figures = {}
    for system in progress.track(systems, f"{rung.documents} documents: memory", len(systems)):
        name = system.name
        figures[name] = SystemFigures(
            name,
            evaluate(asked.topics.qrels, runs[name]),
            built[places[name]],
            resident_bytes(system, places[name], few),
            latency_of(times[name]),
            latency_of(times[name] + _encoding(system, asked)),
            batches[name],
            _postings(system, places[name], asked.queries.some(asked.timed_places)),
        )
    return RungFigures(rung.documents, figures, runs)


def _built(system: System, folder: Path, rung: Rung, fingerprint: Sequence[str], progress: Progress) -> Built:
    """Build the index where it is not there, and keep what building it took beside it."""
    parts = [*fingerprint, str(rung.documents), repr(system)]
    home = folder.with_name(f"{folder.name}.built")
    facts = home / "facts.json"
    if folder.exists() and is_built(home, parts, "facts.json"):
        return Built(**orjson.loads(facts.read_bytes()))
    unmark(home)
    progress.note(f"{rung.documents} documents: building {system.name}")
    built = system.build(rung, folder, progress)
    with written_file(facts, force=True) as file:
        file.write(orjson.dumps(built._asdict()))
    mark_built(home, parts)
    return built


def _timed(
    opened: Mapping[str, Opened], asked: Asked, progress: Progress
) -> tuple[dict[str, Times], dict[str, Spread]]:
    places, timing = asked.timed_places, asked.timing
    progress.note(f"timing {len(opened)} systems on {len(places)} topics, {timing.repeats} times")
    answers = {name: _one(index, places) for name, index in opened.items()}
    times = timed(answers, topics=len(places), repeats=timing.repeats)
    calls = {name: partial(index.many, places, TIMED_K, timing.threads) for name, index in opened.items()}
    return times, batch_rates(calls, topics=len(places), repeats=timing.repeats)


def _one(opened: Opened, places: Sequence[int]) -> Callable[[int], object]:
    return lambda topic: opened.one(places[topic], TIMED_K)


def _encoding(system: System, asked: Asked) -> Times | float:
    if system.asks == "text":
        return 0.0
    times = asked.encoding.lexicon if system.asks == "lexicon" else asked.encoding.dense
    assert times is not None, "a dense system is there only with a dense twin"
    return times


def _postings(system: System, index: Path, queries: Queries) -> float | None:
    """Postings of the query's tokens, the mean over topics; None where a system has none or skips most."""
    if isinstance(system, Bm25System):
        with Bm25Searcher(index) as searcher:
            tokens = [list(searcher.terms(text)) for text in queries.texts]
    elif isinstance(system, LexlipSystem) and system.approximate is None:
        tokens = [list(vector) for vector in queries.impacts]
    else:
        return None
    frequency = document_frequencies(index, (token for query in tokens for token in query))
    return sum(frequency[token] for query in tokens for token in query) / len(tokens)
