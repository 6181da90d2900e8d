"""The part of a ladder's report on its measuring: machine, times, queries, and the setting of every system."""

from collections.abc import Mapping
from typing import Any

from lexlip_lucene.experiments.ladder.systems.registry import kinds
from lexlip_lucene.recipes.ladder_recipe import OURS

Record = Mapping[str, Any]


def about_times(record: Record) -> str:
    """Return the paragraph on the machine and the way that times were taken."""
    machine, timing = record["machine"], record["settings"]["timing"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items() if version is not None)
    topics = min(timing["topics"], record["topics"])
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB; Lucene "
        f"{machine['lucene']}, Java {machine['java']}, Python {machine['python']}; {packages}. Times: {topics} topics "
        f"one at a time, median (least–most) of {timing['repeats']} interleaved repeats, after a pass over the same "
        f"topics that is not timed; queries a second in one thread, and in one call with {timing['threads']} threads, "
        "which also build. LexLIP keeps the postings that it has read decoded in memory, faiss and Seismic their whole "
        "index; resident memory is that of a process of its own that has answered the timed topics."
    )


def about_queries(record: Record) -> str:
    """Return the paragraph on the encoding of queries and its latency."""
    free = (
        "LexLIP's queries are inference-free: a weight for each word, looked up, no model is run. With a transformer "
        "on the text side encoding costs more"
    )
    towers = [source for source, kind in record["queries"].items() if kind == "transformer"]
    if OURS in towers:
        free = "LexLIP's queries go through a transformer"
    elif towers:
        free += f", as at the points of {', '.join(towers)}"
    times = ", ".join(
        f"{name} {_spread(latency['p50_ms'])} ms (p99 {_spread(latency['p99_ms'])})"
        for name, latency in record["encoding"].items()
    )
    return (
        f"{free}. Encoding one topic, p50: {times}. Encoded and "
        "searched: the sum of both times, taken apart; the twin's text side runs as in training, nothing quicker was "
        "written for it."
    )


def about_settings(record: Record) -> str:
    """Return the setting of every system, a line each."""
    settings = record["settings"]
    lines = {name: setting for kind in kinds() for name, setting in kind.lines(settings).items()}
    rows = [f"- {name}: {_listed(setting)}" for name, setting in lines.items() if setting is not None]
    return "\n".join(["Settings:", "", *rows])


def about_shares(shares: Record | None) -> str:
    """Return the shares that were chosen at a rung; empty without shares."""
    if shares is None:
        return ""
    return (
        f"Chosen on photos kept apart, among as many documents: LexLIP's share in the interpolation "
        f"{shares['interpolation']:g}, a caption's weights in one field × {shares['caption']:g}."
    )


def _listed(setting: Record) -> str:
    inner = ((name, _listed(value) if isinstance(value, Mapping) else value) for name, value in setting.items())
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in inner if value is not None)


def _spread(spread: Record) -> str:
    return f"{spread['median']:.3g} ({spread['low']:.3g}–{spread['high']:.3g})"
