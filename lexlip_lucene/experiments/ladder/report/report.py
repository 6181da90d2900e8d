"""The results of a ladder: a record for JSON, and a report for people and pictures, made only from the record.

So `markdown.py` and `pictures.py` can write the report of a kept record again, without its indexes.
"""

from typing import Any

import orjson

from lexlip_lucene.experiments.ladder.image_to_text import rsum
from lexlip_lucene.experiments.ladder.report.markdown import markdown
from lexlip_lucene.experiments.ladder.report.pictures import draw_ladder
from lexlip_lucene.experiments.ladder.run import Ladder
from lexlip_lucene.experiments.ladder.rung_figures import RungFigures, SystemFigures
from lexlip_lucene.experiments.ladder.systems.registry import kinds
from lexlip_lucene.files.written import written_file
from lexlip_lucene.recipes.ladder_expect import I2T, MIXES
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe


def write_report(ladder: Ladder) -> dict[str, Any]:
    """Write `report.json`, `report.md` and the pictures into the ladder's folder; return the record."""
    record = _record(ladder)
    pictures = draw_ladder(record, ladder.folder)
    with written_file(ladder.folder / "report.json", force=True) as file:
        file.write(orjson.dumps(record, option=orjson.OPT_INDENT_2))
    with written_file(ladder.folder / "report.md", force=True) as file:
        file.write(markdown(record, pictures).encode())
    return record


def figures_of(ladder: Ladder) -> dict[str, float]:
    """Return the figures that a recipe's `expect` may name, under the names that `FigureName` gives them.

    `<rung> <system> <measure>`, where bytes are of the index; `i2t <system> <measure>`; `topics`, their number;
    and for rungs with mixes `<rung> mixes postings` and `<rung> mixes frequency`: those of mixes as a multiple of those
    of the photos that topics ask for, so 1 is what mixes should have.
    """
    figures = {"topics": float(_topics(ladder))}
    for rung in ladder.rungs:
        for name, system in rung.systems.items():
            for measure, value in (*system.quality.items(), ("bytes", float(system.built.index_bytes))):
                figures[f"{rung.documents} {name} {measure}"] = value
        if rung.documents > ladder.store.facts["photos"]:
            mixes, photos = ladder.shapes["mixes"], ladder.shapes["targets"]
            for measure, key in (("postings", "postings_per_document"), ("frequency", "frequency")):
                figures[f"{rung.documents} {MIXES} {measure}"] = mixes[key] / photos[key]
    for name, back in ladder.image_to_text.items():
        figures |= {f"{I2T} {name} {measure}": value for measure, value in back.items()}
    return figures


def _record(ladder: Ladder) -> dict[str, Any]:
    facts = {key: value for key, value in ladder.store.facts.items() if key != "tokens"}
    return {
        "name": ladder.recipe.name,
        "about": ladder.recipe.about,
        "machine": ladder.machine,
        "settings": _settings(ladder.recipe),
        "queries": ladder.text_sides,
        "documents": facts,
        "shapes": ladder.shapes,
        "before": ladder.before,
        "topics": _topics(ladder),
        "shares": {str(documents): shares._asdict() for documents, shares in ladder.shares.items()},
        "image_to_text": ladder.image_to_text,
        "rsum": _rsums(ladder),
        "encoding": {name: _latency(latency) for name, latency in ladder.encoding.items()},
        "rungs": {str(rung.documents): _rung(rung) for rung in ladder.rungs},
    }


def _settings(recipe: LadderRecipe) -> dict[str, Any]:
    """Return the settings that the figures depend on, without the paths of this machine."""
    keys = ("rungs", "two_step", "seismic", "dense", "clip", "tune_split", "held_out", "timing")
    settings = recipe.model_dump(mode="json", include=set(keys))
    mixes = recipe.distractors.model_dump(mode="json", include={"seed", "photos", "concentration", "noise"})
    settings["points"] = [point.name for point in recipe.points]
    settings["mixes"] = mixes
    if recipe.systems:
        settings["systems"] = recipe.systems
    for kind in kinds():
        settings |= kind.recorded(recipe)
    return settings


def _topics(ladder: Ladder) -> int:
    return len({qrel.qid for qrel in ladder.topics.qrels})


def _rung(rung: RungFigures) -> dict[str, Any]:
    return {
        "systems": {name: _system(system, rung.documents) for name, system in rung.systems.items()},
        "relatives": rung.relatives,
        "R@10 differences": rung.differences,
    }


def _system(system: SystemFigures, documents: int) -> dict[str, Any]:
    return {
        "quality": system.quality,
        "build_seconds": system.built.seconds,
        "documents_per_second": documents / max(system.built.seconds, 1e-9),
        "index_bytes": system.built.index_bytes,
        "resident_bytes": system.resident,
        "search": _latency(system.latency),
        "encode_and_search": _latency(system.together),
        "batch_queries_per_second": system.batch._asdict(),
        "postings_touched": system.postings,
        "expected_flops": None if system.postings is None else system.postings / documents,
    }


def _latency(latency: Any) -> dict[str, Any]:
    names = ("p50_ms", "p95_ms", "p99_ms", "queries_per_second")
    return {name: spread._asdict() for name, spread in zip(names, latency, strict=True)}


def _rsums(ladder: Ladder) -> dict[str, float]:
    first = ladder.rungs[0].systems
    return {name: rsum(first[name].quality, back) for name, back in ladder.image_to_text.items() if name in first}
