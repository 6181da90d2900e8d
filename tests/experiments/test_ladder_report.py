"""A ladder's report from its record, and the figures that a recipe may expect of it."""

from pathlib import Path
from typing import Any, cast

import pytest

from lexlip_lucene.data.topics import TopicSet
from lexlip_lucene.experiments.engine.timing import Spread
from lexlip_lucene.experiments.ladder.latency import Latency
from lexlip_lucene.experiments.ladder.report.markdown import differences_table, markdown, timing_table
from lexlip_lucene.experiments.ladder.report.paper import beside_the_paper
from lexlip_lucene.experiments.ladder.report.report import figures_of
from lexlip_lucene.experiments.ladder.run import Ladder
from lexlip_lucene.experiments.ladder.rung_figures import RungFigures, SystemFigures
from lexlip_lucene.experiments.ladder.systems.bm25 import BM25
from lexlip_lucene.experiments.ladder.systems.dense import FLAT
from lexlip_lucene.experiments.ladder.systems.system import Built
from lexlip_lucene.records import Qrel

LEXLIP = "LexLIP 64 × 4 bit"
SPARSER = "LexLIP 32 × 4 bit, FLOPS 0.02"
SPREAD = Spread(2.0, 1.0, 3.0)


def a_system(recall: float, *, bytes: int, rate: float, flops: float | None) -> dict[str, Any]:
    times = {name: SPREAD._asdict() for name in ("p50_ms", "p95_ms", "p99_ms")}
    times["queries_per_second"] = Spread(rate, rate / 2, rate * 2)._asdict()
    return {
        "quality": {"R@1": recall, "R@5": recall, "R@10": recall, "MRR@10": recall, "nDCG@10": recall},
        "build_seconds": 4.0,
        "documents_per_second": 250.0,
        "index_bytes": bytes,
        "resident_bytes": 7_000_000,
        "search": times,
        "encode_and_search": times,
        "batch_queries_per_second": SPREAD._asdict(),
        "postings_touched": None if flops is None else 1000 * flops,
        "expected_flops": flops,
    }


@pytest.fixture
def record() -> dict[str, Any]:
    systems = {
        BM25: a_system(0.25, bytes=500, rate=300, flops=0.1),
        LEXLIP: a_system(0.5, bytes=128_000, rate=400, flops=1.5),
        SPARSER: a_system(0.375, bytes=64_000, rate=1000, flops=0.75),
        FLAT: a_system(0.5, bytes=2_048_000, rate=10, flops=None),
    }
    difference = {"a": LEXLIP, "b": BM25, "mean": 0.25, "low": 0.2, "high": 0.3, "p": 0.0001}
    shape = {"documents": 500, "postings_per_document": 60.0, "frequency": 0.1, "commonest": 0.2}
    return {
        "name": "few",
        "about": "what it is",
        "machine": {"cpu": "a processor", "cores": 2, "memory_bytes": 2**33, "lucene": "9", "java": "21", "python": "3"}
        | {"packages": {"faiss-cpu": "1.9", "torch": None}},
        "settings": {
            "rungs": [1000],
            "two_step": {"postings_per_document": 0.6, "candidates": 200},
            "dense": {"hnsw": None, "ivfpq": {"bytes": 64, "probed": 0.05}},
            "seismic": None,
            "clip": None,
            "bm25": {"k1": 0.9, "b": 0.4},
            "timing": {"topics": 500, "repeats": 5, "threads": 3},
            "mixes": {"seed": 7, "photos": 3, "concentration": 0.3, "noise": 0.1},
        },
        "queries": {"ours": "static", "tower": "transformer"},
        "documents": {"targets": 500, "photos": 500, "mixes": 500, "rejected": []}
        | {"given_texts": 500, "captions_to_give": 250},
        "shapes": {"targets": shape, "mixes": shape},
        "before": {LEXLIP: {"targets": 0.003, "mixes": 0.004}},
        "topics": 40,
        "shares": {"1000": {"interpolation": 0.2, "caption": 4.0}},
        "image_to_text": {LEXLIP: {"R@1": 0.5, "R@5": 0.5, "R@10": 0.5}},
        "rsum": {LEXLIP: 300.0},
        "encoding": {"lexicon": {"p50_ms": SPREAD._asdict(), "p99_ms": SPREAD._asdict()}},
        "rungs": {"1000": {"systems": systems, "relatives": 0.7, "R@10 differences": [difference]}},
    }


def test_a_report_says_how_it_was_measured(record: dict[str, Any]) -> None:
    report = markdown(record, [Path("ladder.svg")])
    for said in (
        "a processor, 2 cores, 8 GiB",
        "faiss-cpu 1.9.",
        "40 topics one at a time, median (least–most) of 5 interleaved repeats",
        "queries are inference-free",
        "encoding costs more, as at the points of tower.",
        "Encoding one topic, p50: lexicon 2 (1–3) ms",
        "- two steps: postings per document 0.6, candidates 200",
        "- IVF-PQ: bytes 64, probed 0.05",
        "each given out 2.00 times on average",
        "| mixes | 500 | 60.0 | 0.1000 | 0.2000 | 0.40 % |",
        "share in the interpolation 0.2, a caption's weights in one field × 4.",
        "70.0 % of the topics have 5 mixes of one photo or more",
        f"| {LEXLIP} | {BM25} | +25.0 | +20.0 … +30.0 | 0.0001 |",
        "![ladder](ladder.svg)",
    ):
        assert said in report, said
    assert "Seismic" not in report.split("## ")[0].replace("faiss and Seismic", ""), "it is not asked for"


def test_a_report_of_fewer_rungs_than_the_recipe_has_says_so(record: dict[str, Any]) -> None:
    assert "Not finished" not in markdown(record, [])
    record["settings"]["rungs"] += [10_000, 100_000]
    assert "**Not finished: rungs 10,000, 100,000 are missing.**" in markdown(record, [])


def test_a_row_of_a_report_has_every_figure_of_its_system(record: dict[str, Any]) -> None:
    report = markdown(record, [])
    times = "2 (1–3) | 2 (1–3) | 2 (1–3) | 2 (1–3) | 400 (200–800) | 2 (1–3)"
    assert (
        f"| {LEXLIP} | 50.0 | 50.0 | 50.0 | 50.0 | 50.0 | 0.1 | 16.0 | 4.0 | 250 | 7 | {times} | 1,500 | 1.50 |"
        in report
    )


def test_a_report_of_photos_alone_speaks_of_no_mixes(record: dict[str, Any]) -> None:
    record["documents"] |= {"mixes": 0, "given_texts": 0}
    del record["shapes"]["mixes"]
    report = markdown(record, [])
    assert "and no mixes" in report and "lie between real photos" not in report and "Mixed:" not in report
    record["documents"] |= {"given_texts": 5}
    assert "lie between real photos" not in markdown(record, []), "what has no caption is a photo here"


def test_the_papers_figures_stand_beside_ours(record: dict[str, Any]) -> None:
    table = beside_the_paper(record)
    assert "| 5.5–221 | arXiv 2302.02908v1, abstract | 40–100 |" in table
    assert "| 13.2–48.8 | arXiv 2302.02908v1, abstract | 16–32 |" in table
    assert "| 0.064–0.128 |" in table and "| 50.0 against 25.0 |" in table
    del record["rungs"]["1000"]["systems"][FLAT]
    assert "| 5.5–221 | arXiv 2302.02908v1, abstract |  |" in beside_the_paper(record)


def test_the_table_of_differences_has_a_row_a_pair_and_a_column_a_rung(record: dict[str, Any]) -> None:
    record["rungs"]["20000"] = record["rungs"]["1000"] | {"R@10 differences": []}
    assert differences_table(record).splitlines() == [
        "| R@10 of … minus … | 1,000 | 20,000 |",
        "| --- | ---: | ---: |",
        f"| {LEXLIP} − {BM25} | +25.0 (0.0001) |  |",
    ]


def test_the_table_of_times_has_a_row_for_each_system(record: dict[str, Any]) -> None:
    rows = timing_table(record).splitlines()
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows[2:]] == [BM25, LEXLIP, SPARSER, FLAT]
    assert rows[3] == f"| {LEXLIP} | 2 | 2 | 2 | 400 | 2 | 4 | 7 | 1.50 |"


def test_a_recipe_may_expect_topics_bytes_and_how_alike_mixes_are() -> None:
    figures = {"R@1": 0.5}
    latency = Latency(*[SPREAD] * 4)
    system = SystemFigures(
        name=BM25,
        quality=figures,
        built=Built(1.0, 77),
        resident=1,
        latency=latency,
        together=latency,
        batch=SPREAD,
        postings=None,
    )
    rungs = [RungFigures(documents, 0.0, [], {BM25: system}, {}) for documents in (20, 30)]
    shapes = {name: {"postings_per_document": of, "frequency": 0.1} for name, of in (("targets", 50), ("mixes", 45))}
    store = type("Store", (), {"facts": {"photos": 20}})()
    topics = TopicSet([], [Qrel("a", "x", 1), Qrel("b", "x", 1)], None)
    unused = cast(Any, None)
    ladder = Ladder(
        recipe=unused,
        folder=Path(),
        text_sides={},
        machine={},
        store=cast(Any, store),
        shapes=shapes,
        before={},
        topics=topics,
        shares={},
        encoding={},
        image_to_text={FLAT: figures},
        rungs=rungs,
    )
    assert figures_of(ladder) == {
        "topics": 2,
        f"20 {BM25} R@1": 0.5,
        f"20 {BM25} bytes": 77,
        f"30 {BM25} R@1": 0.5,
        f"30 {BM25} bytes": 77,
        "30 mixes postings": 0.9,
        "30 mixes frequency": 1.0,
        f"i2t {FLAT} R@1": 0.5,
    }
