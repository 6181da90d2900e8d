"""`lexlip bench` on a ladder: every system on the same topics at every rung."""

import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from support.cli_run import CAPTIONS, TEST, TRAIN, Job, Ran, whole_job
from support.ladder_bench import ASIDE, LADDER, RUNGS, Bench, write_ladder_files

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.data.qrels import read_qrels
from lexlip_lucene.data.topics import make_topics, read_topics
from lexlip_lucene.data.trec_id import encode_id
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.dense_search import Embeddings, dense_run
from lexlip_lucene.evaluate.fuse import interpolate
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.experiments.ladder.documents.document_store import DocumentStore, read_store
from lexlip_lucene.experiments.ladder.documents.encode_topics import encode_topics
from lexlip_lucene.experiments.ladder.documents.queries import Queries
from lexlip_lucene.experiments.ladder.rung_figures import RungFigures, measured_rung
from lexlip_lucene.experiments.ladder.systems import dense as dense_systems
from lexlip_lucene.experiments.ladder.systems.bm25 import BM25, Bm25System
from lexlip_lucene.experiments.ladder.systems.clip import CLIP_FLAT, CLIP_HNSW
from lexlip_lucene.experiments.ladder.systems.dense import FLAT, HNSW
from lexlip_lucene.experiments.ladder.systems.fused import INTERPOLATED, RRF
from lexlip_lucene.experiments.ladder.systems.late import LATE, PATCHES, OpenPatches, PatchIndex
from lexlip_lucene.experiments.ladder.systems.lexlip import LexlipSystem
from lexlip_lucene.experiments.ladder.systems.one_field import ONE_FIELD
from lexlip_lucene.experiments.ladder.systems.rung import Rung, rung_of, rung_without_targets
from lexlip_lucene.experiments.ladder.systems.seismic import SEISMIC
from lexlip_lucene.experiments.ladder.systems.two_step import TWO_STEP
from lexlip_lucene.late.clusters import clustered
from lexlip_lucene.late.late_reranker import LateReranker
from lexlip_lucene.late.late_score import late_scores
from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher
from lexlip_lucene.lucene.search.frequencies import document_frequencies
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.progress import SILENT
from lexlip_lucene.recipes.ladder_recipe import PointSpec
from lexlip_lucene.records import Hit, Qrel
from lexlip_lucene.training.examples.teacher import load_teacher

MAIN, SHORT, SPARSER = "LexLIP 24 × 8 bit", "LexLIP 6 × 4 bit", "LexLIP 24 × 8 bit, FLOPS 3"
TOWER = "LexLIP 24 × 8 bit, tower"
SYSTEMS = {
    BM25,
    MAIN,
    SHORT,
    SPARSER,
    TOWER,
    TWO_STEP,
    FLAT,
    HNSW,
    CLIP_FLAT,
    CLIP_HNSW,
    SEISMIC,
    RRF,
    INTERPOLATED,
    ONE_FIELD,
    LATE,
}

WITH_POSTINGS = {BM25, MAIN, SHORT, SPARSER, TOWER, ONE_FIELD}


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = whole_job(tmp_path_factory.getbasetemp())
    write_ladder_files(job.root)
    return job


@pytest.fixture(scope="module")
def bench(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("ladder"), job.root)


@pytest.fixture(scope="module")
def ran(bench: Bench) -> Ran:
    """The whole ladder, once."""
    found = bench.run("--judge-pool", bench.home / "pool.jsonl")
    assert found.status == 0, found.err
    return found


@pytest.fixture(scope="module")
def record(ran: Ran) -> dict[str, Any]:
    return ran.record


@pytest.fixture(scope="module")
def store(bench: Bench, ran: Ran) -> DocumentStore:
    return read_store(bench.folder / "store")


def test_every_system_is_at_every_rung_that_the_recipe_gives_it(record: dict[str, Any]) -> None:
    small, large = (set(record["rungs"][str(rung)]["systems"]) for rung in RUNGS)
    assert small == SYSTEMS and large == SYSTEMS - {SEISMIC, CLIP_FLAT, CLIP_HNSW}, "no mix has a vector of CLIP"


def test_photos_that_are_missing_are_in_no_system_and_said(record: dict[str, Any], store: DocumentStore) -> None:
    facts = record["documents"]
    assert facts["targets"] == TEST - 1 and facts["kept"] == ASIDE and facts["photos"] == TEST - 1 + TRAIN - 1
    assert len(facts["rejected"]) == 2 and facts["documents"] == RUNGS[-1] == len(store.ids)
    assert record["topics"] == (TEST - 1) * (CAPTIONS - 1)


def test_every_figure_is_there_and_possible(record: dict[str, Any]) -> None:
    for rung in record["rungs"].values():
        for name, system in rung["systems"].items():
            assert all(0 <= value <= 1 for value in system["quality"].values()), name
            assert system["index_bytes"] > 0 and system["resident_bytes"] > 10e6, name
            for times in (system["search"], system["encode_and_search"]):
                assert 0 < times["p50_ms"]["median"] <= times["p95_ms"]["high"] <= times["p99_ms"]["high"], name
            assert system["batch_queries_per_second"]["low"] <= system["batch_queries_per_second"]["high"]
            assert (system["postings_touched"] is None) == (name not in WITH_POSTINGS), name
        assert system["encode_and_search"]["p50_ms"]["median"] > system["search"]["p50_ms"]["median"]


@pytest.mark.parametrize(
    ("name", "top_k", "bits", "store_at", "model_at"),
    [
        (SHORT, 6, 4, "store", "tiny/model"),
        (SPARSER, 24, 8, "models/flops-3/store", "tiny/flops-3/model"),
        (TOWER, 24, 8, "models/tower/store", "tower/model"),
    ],
)
def test_the_quality_of_lexlip_is_that_of_the_integer_products(
    name: str, top_k: int, bits: int, store_at: str, model_at: str, record: dict[str, Any], bench: Bench
) -> None:
    store = read_store(bench.folder / store_at)
    ids, tokens = store.ids, store.tokens
    matrix = store.matrix(np.arange(RUNGS[-1]), top_k=top_k, bits=bits)
    place = {token: column for column, token in enumerate(tokens)}
    topics = read_topics(bench.folder / "topics" / "topics.tsv")
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.evaluate.run import rank_hits

    model = LexLip.from_pretrained(bench.home / "encode" / model_at)
    run = {}
    for topic, vector in zip(topics, model.encode_texts([topic.text for topic in topics], bits=8), strict=True):
        query = np.zeros(len(tokens), dtype=np.int64)
        for token, weight in vector.items():
            query[place[token]] = weight
        scores = matrix @ query
        scored = ((encode_id(ids[row]), int(scores[row])) for row in np.flatnonzero(scores))
        run[encode_id(topic.qid)] = rank_hits(scored, RUNGS[-1])
    qrels = read_qrels(bench.folder / "topics" / "qrels.txt")
    found = record["rungs"][str(RUNGS[-1])]["systems"][name]["quality"]
    worst, best = (evaluate(qrels, _with_ties(run, qrels, sign)) for sign in (1, -1))
    assert all(worst[name] - 1e-9 <= value <= best[name] + 1e-9 for name, value in found.items())


def _with_ties(run: dict[str, list[Hit]], qrels: list[Qrel], sign: int) -> dict[str, list[Hit]]:
    """Put the relevant document last (sign 1) or first (-1) among equal scores: docids of a rung are drawn."""
    relevant = {qrel.qid: qrel.docid for qrel in qrels}

    def key(qid: str, hit: Hit) -> tuple[float, int]:
        return -hit.score, sign * (hit.docid == relevant[qid])

    ordered = {qid: sorted(hits, key=partial(key, qid)) for qid, hits in run.items()}
    return {qid: [hit._replace(rank=rank) for rank, hit in enumerate(hits, 1)] for qid, hits in ordered.items()}


def test_two_steps_that_look_at_everything_are_exact(record: dict[str, Any]) -> None:
    for rung in record["rungs"].values():
        assert rung["systems"][TWO_STEP]["quality"] == rung["systems"][MAIN]["quality"]
        assert rung["systems"][TWO_STEP]["index_bytes"] == rung["systems"][MAIN]["index_bytes"]


def test_hits_by_patches_are_the_first_stage_s_in_the_order_of_both_scores(
    record: dict[str, Any], bench: Bench, store: DocumentStore
) -> None:
    from lexlip_lucene.encoders.model.lexlip import LexLip

    topics = read_topics(bench.folder / "topics" / "topics.tsv")
    queries = encode_topics(LexLip.from_pretrained(bench.home / "encode" / "tiny" / "model"), topics, SILENT)
    assert queries.late is not None and store.patches is not None
    tokens = dict(zip(queries.qids, queries.late, strict=True))
    folder, rung = bench.folder / str(RUNGS[-1]), rung_of(store, RUNGS[-1], bench.folder / str(RUNGS[-1]))
    with PatchStore.open(folder / PATCHES) as patches, ImpactSearcher(folder / "lexlip-24-8-bit") as searcher:
        docids = rung.docids
        for place in (0, len(docids) - 1):
            vectors = store.patches[rung.order[place]].astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            assert patches.vectors([docids[place]])[0] == pytest.approx(clustered(vectors, 4), abs=2e-2)
        second = LateReranker(patches, tokens.__getitem__, k=20, mix=0.5)
        asked = zip(queries.qids, queries.impacts, strict=True)
        run = {qid: second.rerank(qid, searcher.search(impacts, 20)) for qid, impacts in asked}
        alone = OpenPatches(patches, queries).one(0, 5)
        best = late_scores(queries.late[0].vectors, queries.late[0].weights, patches.vectors(docids))
        assert list(alone.scores) == pytest.approx(sorted(best.tolist(), reverse=True)[:5])
    answers = {qid: ([hit.docid for hit in hits[:10]], [hit.score for hit in hits[:10]]) for qid, hits in run.items()}
    quality = evaluate(read_qrels(bench.folder / "topics" / "qrels.txt"), rung.run(answers))
    assert record["rungs"][str(RUNGS[-1])]["systems"][LATE]["quality"] == pytest.approx(quality)
    with pytest.raises(InputError, match="have no patches"):
        PatchIndex("int8", 4).build(rung._replace(store=replace(store, patches=None)), folder / "no", 1, SILENT)


def test_hnsw_of_few_documents_finds_what_flat_search_finds(record: dict[str, Any]) -> None:
    systems = record["rungs"][str(TEST)]["systems"]
    assert systems[HNSW]["quality"] == pytest.approx(systems[FLAT]["quality"])


def test_postings_touched_are_those_of_the_querys_tokens(
    record: dict[str, Any], bench: Bench, store: DocumentStore
) -> None:
    index = bench.folder / str(RUNGS[-1]) / "lexlip-6-4-bit"
    counts = store.frequencies(RUNGS[-1], 6)
    expected = {token: int(count) for token, count in zip(store.tokens, counts, strict=True)}
    assert document_frequencies(index, [*store.tokens, "no such token"]) == {**expected, "no such token": 0}
    system = record["rungs"][str(RUNGS[-1])]["systems"][SHORT]
    assert system["expected_flops"] == pytest.approx(system["postings_touched"] / RUNGS[-1])


def test_one_field_holds_both_the_image_and_its_text(bench: Bench, store: DocumentStore) -> None:
    rung = rung_of(store, TEST, bench.folder)
    images, texts = store.matrix(rung.order, top_k=24, bits=8).toarray(), store.text_matrix(rung.order).toarray()
    both = LexlipSystem(PointSpec(top_k=24), ONE_FIELD, caption_share=0.25).vectors(rung).matrix
    assert both.has_sorted_indices
    assert (both.toarray() == images + np.where(texts > 0, np.maximum(np.rint(0.25 * texts), 1), 0)).all()


def test_bm25_searches_the_photos_first_captions_and_the_mixes_real_ones(bench: Bench, store: DocumentStore) -> None:
    with Bm25Searcher(bench.folder / str(RUNGS[-1]) / "bm25") as searcher:
        assert searcher.documents == RUNGS[-1]
        hits = searcher.search("stars", 90)
    pairs = zip(store.ids, store.texts, strict=True)
    with_stars = {docid for docid, text in pairs if re.search(r"\bstars?\b", text.lower())}
    rung = rung_of(store, RUNGS[-1], bench.folder)
    assert {hit.docid for hit in rung.hits(hits.docids, hits.scores)} == with_stars


def test_the_index_of_a_point_is_one_that_anybody_can_search(bench: Bench, ran: Ran) -> None:
    with ImpactSearcher(bench.folder / str(TEST) / "lexlip-24-8-bit") as searcher:
        assert searcher.documents == TEST


def test_both_directions_make_rsum(record: dict[str, Any]) -> None:
    assert set(record["image_to_text"]) == set(record["rsum"]) == {MAIN, SHORT, SPARSER, TOWER, FLAT, CLIP_FLAT}
    for name, back in record["image_to_text"].items():
        there = record["rungs"][str(TEST)]["systems"][name]["quality"]
        recalls = [figures[measure] for figures in (there, back) for measure in ("R@1", "R@5", "R@10")]
        assert record["rsum"][name] == pytest.approx(100 * sum(recalls))


def test_shares_are_chosen_from_candidates_that_are_all_reported(record: dict[str, Any]) -> None:
    assert list(record["shares"]) == [str(rung) for rung in RUNGS]
    for shares in record["shares"].values():
        for chosen, figures in (("interpolation", "interpolation_figures"), ("caption", "caption_figures")):
            best = max(shares[figures].values())
            assert shares[figures][str(shares[chosen])] == best


def test_shares_are_tried_on_what_the_systems_would_find_among_documents_without_the_photos_asked_for(
    record: dict[str, Any], bench: Bench, store: DocumentStore, tmp_path: Path
) -> None:
    rung = rung_without_targets(store, RUNGS[0], tmp_path)
    assert sorted(rung.order.tolist()) == list(range(TEST - 1, TEST - 1 + RUNGS[0]))
    topics = read_topics(bench.folder / "tuning" / "topics" / "topics.tsv")
    assert len(topics) == ASIDE * (CAPTIONS - 1)
    from lexlip_lucene.encoders.model.lexlip import LexLip

    model = LexLip.from_pretrained(bench.home / "encode" / "tiny" / "model")
    queries = encode_topics(model, topics, SILENT)
    qrels = read_qrels(bench.folder / "tuning" / "topics" / "qrels.txt")
    shares = record["shares"][str(RUNGS[0])]
    for share, figure in shares["caption_figures"].items():
        run = _run_of(LexlipSystem(PointSpec(top_k=24), ONE_FIELD, caption_share=float(share)), rung, queries, 10)
        assert _mean_recall(run, qrels) == pytest.approx(figure), share
    lexlip, bm25 = (
        _run_of(system, rung, queries, 100) for system in (LexlipSystem(PointSpec(top_k=24), MAIN), Bm25System())
    )
    for share, figure in shares["interpolation_figures"].items():
        run = interpolate(lexlip, bm25, alpha=float(share), depth=100)
        assert _mean_recall(run, qrels) == pytest.approx(figure), share


def _run_of(system: Bm25System | LexlipSystem, rung: Rung, queries: Queries, k: int) -> dict[str, list[Hit]]:
    folder = rung.folder / "index"
    shutil.rmtree(folder, ignore_errors=True)
    system.build(rung, folder, 1, SILENT)
    opened = system.open(folder, queries)
    found = {qid: opened.one(place, k) for place, qid in enumerate(queries.qids)}
    opened.close()
    return rung.run(found)


def _mean_recall(run: dict[str, list[Hit]], qrels: list[Qrel]) -> float:
    figures = evaluate(qrels, run)
    return sum(figures[measure] for measure in ("R@1", "R@5", "R@10")) / 3


def test_clip_searches_with_its_own_vectors_in_both_directions(
    record: dict[str, Any], bench: Bench, store: DocumentStore
) -> None:
    images = {image.id: image for image in read_captions(bench.scenes / "ladder.jsonl")}
    topics = read_topics(bench.folder / "topics" / "topics.tsv")
    photos = [images[docid] for docid in store.ids[:TEST]]
    folder = str(bench.scenes / "clip")
    there = load_teacher(folder, photos, [topic.text for topic in topics])
    documents = Embeddings([photo.id for photo in photos], there.images.float().numpy())
    queries = dict(zip([topic.qid for topic in topics], there.captions.float().numpy(), strict=True))
    expected = evaluate(read_qrels(bench.folder / "topics" / "qrels.txt"), dense_run(queries, documents, 10))
    assert record["rungs"][str(TEST)]["systems"][CLIP_FLAT]["quality"] == pytest.approx(expected)

    targets = photos[: TEST - 1]
    back = make_topics(targets, held_out=0, direction="i2t")
    captions = [(f"{photo.id}#{number}", text) for photo in targets for number, text in enumerate(photo.captions)]
    here = load_teacher(folder, targets, [text for _, text in captions])
    texts = Embeddings([docid for docid, _ in captions], here.captions.float().numpy())
    pictures = zip([topic.qid for topic in back.topics], here.images.float().numpy(), strict=True)
    expected = evaluate(back.qrels, dense_run(dict(pictures), texts, 10))
    assert record["image_to_text"][CLIP_FLAT] == pytest.approx(expected)


def test_a_sparser_model_is_one_of_its_own_with_the_same_documents(bench: Bench, store: DocumentStore) -> None:
    sparser = read_store(bench.folder / "models" / "flops-3" / "store")
    assert sparser.ids == store.ids and sparser.texts == store.texts and (sparser.parents == store.parents).all()
    assert (np.sort(sparser.weights) != np.sort(store.weights)).any()
    assert sparser.dense is None and store.dense is not None


def test_the_judge_pool_has_every_topic_whose_image_is_not_first(
    record: dict[str, Any], bench: Bench, store: DocumentStore
) -> None:
    lines = [orjson.loads(line) for line in (bench.home / "pool.jsonl").read_bytes().splitlines()]
    first = record["rungs"][str(RUNGS[-1])]["systems"][MAIN]["quality"]["R@1"]
    assert len(lines) == round(record["topics"] * (1 - first))
    for line in lines:
        ranks = [found["rank"] for found in line["before"]]
        assert ranks == list(range(1, len(ranks) + 1)) and line["rank"] != 1
        assert all(found["docid"] != line["image"] and found["tokens"] for found in line["before"])
        for found in line["before"]:
            assert bool(found["mix_of"]) == found["docid"].startswith("mix")
            assert set(found["mix_of"]) <= set(store.ids[TEST - 1 + ASIDE : store.facts["photos"]])


def test_the_report_and_its_pictures_are_written(bench: Bench, record: dict[str, Any]) -> None:
    report = (bench.folder / "report.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in report for name in SYSTEMS)
    for name in ("quality-latency.svg", "quality-bytes.svg", "ladder.svg"):
        assert f"({name})" in report and (bench.folder / name).read_bytes().startswith(b"<?xml")
    written = orjson.loads((bench.folder / "report.json").read_bytes())
    assert {key: record[key] for key in written} == written


def test_a_second_run_builds_nothing_and_finds_the_same(bench: Bench, record: dict[str, Any]) -> None:
    again = bench.run("--set", "timing.repeats=1", "--set", "timing.topics=1")
    assert "building" not in again.err and "mixes through the model" not in again.err
    for rung in map(str, RUNGS):
        for name, system in again.record["rungs"][rung]["systems"].items():
            assert system["quality"] == record["rungs"][rung]["systems"][name]["quality"]
            assert system["build_seconds"] == record["rungs"][rung]["systems"][name]["build_seconds"]


def test_what_was_changed_since_it_was_built_is_built_again_and_nothing_else(
    bench: Bench, record: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rung = bench.folder / str(TEST)
    shutil.rmtree(rung / "lexlip-24-8-bit")
    shutil.copytree(bench.folder / str(RUNGS[-1]) / "lexlip-24-8-bit", rung / "lexlip-24-8-bit")
    (rung / "bm25.built" / "facts.json").write_bytes(b'{"seconds": 0, "index_bytes": 1}')
    weights = bench.folder / "store" / "weights.npy"
    kept = weights.read_bytes()
    weights.unlink()  # not in place: it is mapped into memory
    weights.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    monkeypatch.setattr(dense_systems, "package_version", lambda name: f"another {name}")
    few = ("--set", f"rungs=[{TEST}]", "--set", "timing.repeats=1", "--set", "seismic=null", "--set", "clip=null")
    ran = bench.run(*few)
    assert ran.status == 0, ran.err
    built = {line.partition("building ")[2] for line in ran.err.splitlines() if "building " in line}
    assert built == {MAIN, BM25, FLAT, HNSW}
    assert read_store(bench.folder / "store").facts["wanted"] == 2 * TEST, "made again, for this rung and its tuning"
    for name, system in ran.record["rungs"][str(TEST)]["systems"].items():
        assert system["quality"] == record["rungs"][str(TEST)]["systems"][name]["quality"], name


def test_a_figure_off_by_more_than_the_tolerance_fails_and_so_does_one_that_nobody_measured(
    bench: Bench, record: dict[str, Any]
) -> None:
    system = record["rungs"][str(TEST)]["systems"][MAIN]
    rung = ("--set", f"rungs=[{TEST}, {TEST + 1}]", "--set", "timing.repeats=1")
    of_main = {
        "R@10": {"value": system["quality"]["R@10"], "tolerance": 0.001},
        "R@5": {"value": system["quality"]["R@5"] + 0.1, "tolerance": 0.01},
        "bytes": {"value": system["index_bytes"], "tolerance": 0},
        "R@7": {"value": 0.5, "tolerance": 1},
    }
    figures = {
        "source": "a test",
        str(TEST): {MAIN: of_main},
        "topics": {"value": record["topics"] + 1, "tolerance": 0},
        str(RUNGS[-1]): {MAIN: {"R@5": {"value": 0.5, "tolerance": 0, "source": "a rung that is not asked for"}}},
    }
    other = Bench(bench.home.with_name("expecting"), bench.scenes)
    recipe = other.home / "indexes" / "ladder.yaml"
    recipe.write_text(f"{LADDER}\nexpect: {orjson.dumps(figures).decode()}\n", encoding="utf-8")
    few = ("--set", "two_step=null", "--set", "seismic=null", "--set", "dense=null", "--set", "clip=null")
    ran = other.run(*rung, *few, "--set", f"encoder={bench.home / 'encode' / 'tiny.yaml'}")
    assert ran.status == 1
    assert [found["holds"] for found in ran.record["expected"]] == [True, False, True, False, False]
    assert (
        "R@7 was not measured" in ran.err
        and f"topics: {record['topics']}, expected" in ran.err
        and "bytes" not in ran.err.splitlines()[-1]
    )


def test_a_rung_that_fails_leaves_the_report_of_those_before_it(
    bench: Bench, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*arguments: Any) -> RungFigures:
        figures = measured_rung(*arguments)
        if figures.documents > TEST:
            raise InputError("the second rung")
        return figures

    monkeypatch.setattr("lexlip_lucene.experiments.ladder.run.measured_rung", stopped)
    other = Bench(bench.home.with_name("stopped"), bench.scenes)
    few = ("two_step=null", "seismic=null", "dense=null", "clip=null", "timing.repeats=1")
    encoder = f"encoder={bench.home / 'encode' / 'tiny.yaml'}"
    found = other.run(*(part for setting in (*few, encoder) for part in ("--set", setting)))
    assert found.error == "error: the second rung"
    record = orjson.loads((other.folder / "report.json").read_bytes())
    assert list(record["rungs"]) == list(record["shares"]) == [str(TEST)]
    assert set(record["image_to_text"]) == set(record["rsum"]) == {MAIN, SHORT, SPARSER, TOWER}
    report = (other.folder / "report.md").read_text(encoding="utf-8")
    assert f"## {TEST} documents" in report and f"## {RUNGS[-1]} documents" not in report
