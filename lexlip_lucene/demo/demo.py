"""The whole job on the embedded default: scenes → model → collection → index → search → figures → report.

output/scenes/            the scenes: images/ and captions.jsonl
output/model/             the model trained on the scenes of split train
output/model.training/    the log of its training, and its last checkpoint
output/lexlip/            topics, collection, queries, index and run on split test
output/bm25/              the same for BM25 over one caption a scene
output/report.html
"""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.demo.report import (
    HITS_SHOWN,
    QUERIES_SHOWN,
    ShownHit,
    ShownQuery,
    picture_uri,
    write_report,
)
from lexlip_lucene.demo.scene import Scene
from lexlip_lucene.demo.scenes import make_scenes, write_scenes
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.fuse import reciprocal_rank_fusion
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.experiments.one_system import Experiment, run_bm25, run_lexlip
from lexlip_lucene.files.written import replace_folder, require_absent, temporary_name
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.records import Hit
from lexlip_lucene.vectors.collection import read_queries

if TYPE_CHECKING:
    from lexlip_lucene.search.explanation import Term

TRAIN_SCENES, TEST_SCENES, CAPTIONS = 3500, 1000, 5
LARGEST_SEED = 2**63 - 1
"""torch takes no larger one."""

HITS = 100
"""Hits kept a topic: the figures look at the first ten."""

RECIPE = Path(__file__).with_name("demo.yaml")


class DemoReport(NamedTuple):
    """The results of the demo; figures are fractions."""

    train_seconds: float
    total_seconds: float
    documents: int
    topics: int
    lexlip: dict[str, float]
    bm25: dict[str, float]
    fused: dict[str, float]
    index_bytes: int


def run_demo(
    output: Path,
    *,
    seed: int,
    force: bool,
    progress: Progress,
    train_scenes: int = TRAIN_SCENES,
    test_scenes: int = TEST_SCENES,
    overrides: Sequence[str] = (),
) -> DemoReport:
    """Run the demo into the folder `output`, which appears whole or not at all.

    Args:
        output: the folder.
        seed: 0 to LARGEST_SEED; draws the scenes and starts the training.
        force: replace `output`.
        progress: shows every stage.
        train_scenes: scenes to train on.
        test_scenes: scenes to search, at least 1.
        overrides: `key=value` for the packaged encoder recipe.

    Raises:
        OutputError: `output` exists and `force` is off, or can't be written.
        InputError: the seed is out of range.
        JavaError: no Java is installed; raised before anything is trained.
    """
    from lexlip_lucene.lucene.jvm.jvm import start_jvm

    require_absent(output, force=force)
    if not 0 <= seed <= LARGEST_SEED:
        raise InputError(f"--seed must be in 0..{LARGEST_SEED}, got {seed}")
    begun = time.monotonic()
    start_jvm()
    partial = temporary_name(output)
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    scenes = make_scenes(train=train_scenes, test=test_scenes, captions=CAPTIONS, seed=seed)
    report = _job(partial, scenes, [*overrides, f"training.seed={seed}"], progress, begun=begun)
    replace_folder(partial, output)
    return report


def _job(
    folder: Path, scenes: Sequence[Scene], overrides: Sequence[str], progress: Progress, *, begun: float
) -> DemoReport:
    captions = write_scenes(folder / "scenes", scenes, progress)
    train_seconds = _train(captions, folder / "model", overrides, progress)
    images = read_captions(captions, split="test")
    found = run_lexlip(
        folder / "model", images, folder / "lexlip", direction="t2i", held_out=1, k=HITS, progress=progress
    )
    texts = run_bm25(images, folder / "bm25", held_out=1, k=HITS, progress=progress)
    fused = evaluate(found.topics.qrels, reciprocal_rank_fusion([found.run, texts.run], depth=HITS))
    report = DemoReport(
        train_seconds=train_seconds,
        total_seconds=time.monotonic() - begun,
        documents=found.documents,
        topics=len(found.topics.topics),
        lexlip=found.figures,
        bm25=texts.figures,
        fused=fused,
        index_bytes=found.index_bytes,
    )
    _show(folder / "report.html", report, images, found, texts)
    return report


def _train(captions: Path, model: Path, overrides: Sequence[str], progress: Progress) -> float:
    """Train on split train as the packaged recipe says; returns the seconds it took."""
    recipe = read_recipe(RECIPE, EncoderRecipe, [f"roots.scenes={captions.parent.absolute()}", *overrides])
    from lexlip_lucene.training.run.train import train

    return train(recipe, model, progress=progress).seconds


def _show(path: Path, report: DemoReport, images: list[CaptionedImage], found: Experiment, texts: Experiment) -> None:
    figures = {
        "LexLIP (images, Lucene impact index)": report.lexlip,
        "BM25 (one caption a scene)": report.bm25,
        "both, fused (RRF)": report.fused,
    }
    facts = {
        "scenes searched": f"{report.documents:,}",
        "queries (captions the index has not seen)": f"{report.topics:,}",
        "index": f"{report.index_bytes:,} bytes",
        "training": f"{report.train_seconds:.0f} s of {report.total_seconds:.0f} s in all",
        "search": f"{1000 * found.seconds_search / report.topics:.2f} ms a query, one thread, {HITS} hits",
    }
    write_report(path, figures=figures, facts=facts, queries=shown_queries(images, found, texts))


def shown_queries(images: list[CaptionedImage], found: Experiment, texts: Experiment) -> list[ShownQuery]:
    """Return a dozen queries evenly spread over the topics, whether LexLIP or BM25 is better at them."""
    from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher

    pictures = {image.id: image.path for image in images}
    vectors = {query.id: query.vector for query in read_queries(found.folder / "queries.jsonl")}
    wanted = {qrel.qid: qrel.docid for qrel in found.topics.qrels}
    topics = found.topics.topics[:: max(1, len(found.topics.topics) // QUERIES_SHOWN)][:QUERIES_SHOWN]
    shown = []
    with ImpactSearcher(found.folder / "index") as searcher:
        for topic in topics:
            hits, others = found.run.get(topic.qid, []), texts.run.get(topic.qid, [])
            target, vector = wanted[topic.qid], vectors[topic.qid]
            reasons = {hit.docid: searcher.explain(vector, hit.docid).terms for hit in hits[:HITS_SHOWN]}
            shown.append(
                ShownQuery(
                    text=topic.text,
                    weights=vector,
                    rank=_rank(hits, target),
                    bm25_rank=_rank(others, target),
                    lexlip=_shown_hits(hits, pictures, target, reasons),
                    bm25=_shown_hits(others, pictures, target, {}),
                )
            )
    return shown


def _shown_hits(
    hits: Sequence[Hit], pictures: dict[str, Path], target: str, reasons: "dict[str, list[Term]]"
) -> list[ShownHit]:
    return [
        ShownHit(
            rank=hit.rank,
            docid=hit.docid,
            score=str(hit.score) if isinstance(hit.score, int) else f"{hit.score:.2f}",
            picture=picture_uri(pictures[hit.docid]),
            relevant=hit.docid == target,
            terms=reasons.get(hit.docid, []),
        )
        for hit in hits[:HITS_SHOWN]
    ]


def _rank(hits: Sequence[Hit], docid: str) -> int | None:
    return next((hit.rank for hit in hits if hit.docid == docid), None)
