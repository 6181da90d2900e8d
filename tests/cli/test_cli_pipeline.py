"""The whole job, verb by verb: the records that --json prints, and how they fit together."""

import math
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from support.cli_run import CAPTIONS, TEST, TRAIN, Job, done, lexlip, whole_job
from support.oracle import rank

from lexlip_lucene.data.qrels import read_qrels
from lexlip_lucene.data.topics import read_topics
from lexlip_lucene.data.trec_id import encode_id
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.evaluate.fuse import interpolate, reciprocal_rank_fusion
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.evaluate.run import read_run
from lexlip_lucene.records import Run
from lexlip_lucene.vectors.collection import read_collection, read_queries
from lexlip_lucene.words.function_words import capped
from lexlip_lucene.words.inflections import widened
from lexlip_lucene.words.read_query import OTHER_FORM

CONTRACT = {
    "model": {"steps", "seconds", "loss", "dev"},
    "t2i": {"topics", "documents", "qrels"},
    "i2t": {"topics", "documents", "qrels"},
    "images": {"documents", "rejected", "empty", "postings", "seconds", "images_per_second"},
    "image queries": {"documents", "rejected", "empty", "postings", "seconds", "images_per_second"},
    "queries": {"documents", "empty", "postings", "seconds"},
    "texts": {"documents", "empty", "postings", "seconds"},
    "images index": {"documents", "empty", "postings", "index_bytes", "seconds"},
    "texts index": {"documents", "empty", "postings", "index_bytes", "seconds"},
    "bm25 index": {"documents", "empty", "postings", "index_bytes", "seconds"},
    "run": {"topics", "seconds", "queries_per_second"},
    "i2t run": {"topics", "seconds", "queries_per_second"},
    "bm25 run": {"topics", "seconds", "queries_per_second"},
    "fused run": {"topics"},
}


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return whole_job(tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("name", CONTRACT)
def test_every_record_has_the_keys_of_the_contract(name: str, job: Job) -> None:
    assert CONTRACT[name] <= set(job.records[name])


def test_every_path_in_a_record_is_absolute_and_there(job: Job) -> None:
    named = {**job.records, "fused run": {**job.records["fused run"], "method": None}}
    paths = [value for record in named.values() for value in record.values() if isinstance(value, str)]
    assert len(paths) == len(job.records)
    assert all(Path(path).is_absolute() and Path(path).exists() for path in paths)


def test_the_counts_of_text_to_image_fit_together(job: Job) -> None:
    topics, images, index = job.records["t2i"], job.records["images"], job.records["images index"]
    assert (topics["topics"], topics["documents"], topics["qrels"]) == (TEST * (CAPTIONS - 1), TEST, topics["topics"])
    assert (images["documents"], images["rejected"]) == (TEST - 1, 1)
    assert [index[key] for key in ("documents", "empty", "postings")] == [
        images[key] for key in ("documents", "empty", "postings")
    ]
    assert job.records["queries"]["documents"] == job.records["run"]["topics"] == topics["topics"]
    assert job.records["bm25 index"]["documents"] == TEST
    assert job.records["bm25 run"]["topics"] == job.records["fused run"]["topics"] == topics["topics"]


def test_the_counts_of_image_to_text_fit_together(job: Job) -> None:
    topics, texts, index = job.records["i2t"], job.records["texts"], job.records["texts index"]
    assert (topics["topics"], topics["documents"], topics["qrels"]) == (TEST, TEST * CAPTIONS, TEST * CAPTIONS)
    assert texts["documents"] == topics["documents"] and texts["empty"] == 0
    assert [index[key] for key in ("documents", "empty", "postings")] == [
        texts[key] for key in ("documents", "empty", "postings")
    ]
    assert job.records["image queries"]["documents"] == job.records["i2t run"]["topics"] == TEST - 1


def test_a_training_image_that_is_missing_is_left_out_and_counted(job: Job, tmp_path: Path) -> None:
    record = job.records["model"]
    assert (record["images"], record["rejected"]) == (TRAIN - 1, 1)
    ran = lexlip("train", job.root / "tiny.yaml", "--output", tmp_path / "model", "--set", "training.epochs=1")
    assert ran.status == 0
    left_out = f"left out: {job.captions}:{TRAIN}: image é train-{TRAIN - 1:05}%: No such file or directory"
    assert left_out in ran.err.splitlines()
    assert f"{TRAIN - 1} images (1 left out as unreadable)" in ran.out


def test_an_image_that_is_missing_is_rejected_in_the_manifest(job: Job) -> None:
    manifest = orjson.loads((job.root / "images.manifest.json").read_bytes())
    file = str(job.root / "phötos 1%" / f"é {TRAIN + TEST - 1}%20.png")
    assert manifest["rejected"] == [[f"é test-{TEST - 1:05}%", file, "No such file or directory"]]
    assert manifest["inputs"] == TEST and manifest["documents"] == TEST - 1
    assert f"é test-{TEST - 1:05}%" not in {document.id for document in read_collection(job.root / "images")}


def oracle_run(collection: Path, queries: Path) -> Run:
    """Return the run as a file gives it, with ids in their written form."""
    documents = list(read_collection(collection))
    found = {query.id: rank(query.vector, documents, 1000) for query in read_queries(queries)}
    written = {qid: [hit._replace(docid=encode_id(hit.docid)) for hit in hits] for qid, hits in found.items()}
    return {encode_id(qid): hits for qid, hits in written.items() if hits}


def test_search_is_the_integer_dot_product_of_the_two_files(job: Job) -> None:
    found = read_run(job.root / "run é.txt")
    assert found == oracle_run(job.root / "images", job.root / "queries.jsonl")
    assert len(found) == job.records["run"]["topics"] - job.records["run"]["without_hits"]


def test_search_by_encoded_images_is_the_integer_dot_product(job: Job) -> None:
    found = read_run(job.root / "i2t run.txt")
    assert found == oracle_run(job.root / "texts", job.root / "image queries.jsonl")
    assert all(qid.endswith("#img") for qid in found)


def test_encoded_queries_give_the_same_run_as_topics_with_the_model(job: Job, tmp_path: Path) -> None:
    encoded = ("--encoded", job.root / "queries.jsonl", "--threads", 2)
    done("search", job.root / "images index", *encoded, "--output", tmp_path / "run.txt")
    assert (tmp_path / "run.txt").read_bytes() == (job.root / "run é.txt").read_bytes()


def test_one_query_gives_the_hits_of_the_typed_words_weights(job: Job) -> None:
    topic = read_topics(job.root / "t2i" / "topics.tsv")[5]
    asked = ("--query", topic.text, "--model", job.root / "modèle")
    record = done("search", job.root / "images index", *asked, "-k", 4)
    assert record["query"] == topic.text and record["milliseconds"] > 0
    hits = rank(record["weights"], list(read_collection(job.root / "images")), 4)
    assert record["hits"] == [hit._asdict() for hit in hits]
    model = LexLip.from_pretrained(job.root / "modèle")
    weights = widened(capped(model.encode_texts([topic.text])[0]), model.lexicon.tokens, OTHER_FORM)
    assert record["weights"] == weights and record["unknown"] == []


def test_an_explanation_adds_up_to_the_score_of_the_search(job: Job) -> None:
    topic = read_topics(job.root / "t2i" / "topics.tsv")[0]
    asked = ("--query", topic.text, "--model", job.root / "modèle")
    documents = {encode_id(document.id): document for document in read_collection(job.root / "images")}
    vectors = {written: document.vector for written, document in documents.items()}
    for hit in read_run(job.root / "run é.txt")[encode_id(topic.qid)][:3]:
        record = done("explain", job.root / "images index", *asked, "--docid", documents[hit.docid].id)
        assert record["score"] == hit.score == sum(term["contribution"] for term in record["terms"])
        for term in record["terms"]:
            assert term["contribution"] == term["query_weight"] * term["impact"]
            assert term["impact"] == vectors[hit.docid][term["token"]]
        assert not {term["token"] for term in record["missing"]} & set(vectors[hit.docid])


def test_fuse_takes_scores_on_demand(job: Job, tmp_path: Path) -> None:
    first, second = job.root / "run é.txt", job.root / "bm25 run.txt"
    asked = ("--output", tmp_path / "run.txt", "--method", "interpolation", "--alpha", 0.25, "-k", 5)
    assert done("fuse", first, second, *asked)["topics"] == job.records["t2i"]["topics"]
    wanted = interpolate(read_run(first), read_run(second), alpha=0.25, depth=5)
    assert read_run(tmp_path / "run.txt") == wanted
    fused = reciprocal_rank_fusion([read_run(first), read_run(second)])
    assert read_run(job.root / "fused run.txt") == fused


def test_fuse_chooses_its_weight_on_topics_that_are_judged(job: Job, tmp_path: Path) -> None:
    first, second, qrels = job.root / "run é.txt", job.root / "bm25 run.txt", job.root / "t2i" / "qrels.txt"
    some = [line for line in qrels.read_text(encoding="utf-8").splitlines(keepends=True)][::2]
    (tmp_path / "some.txt").write_text("".join(some), encoding="utf-8")
    record = done("fuse", first, second, "--output", tmp_path / "run.txt", "--tune", tmp_path / "some.txt")
    assert record["method"] == "interpolation" and record["tuned_on"] == len(some)
    runs = (read_run(first), read_run(second))

    def figure(share: float) -> float:
        found = evaluate(read_qrels(tmp_path / "some.txt"), interpolate(*runs, alpha=share, depth=10))
        return sum(found[name] for name in ("R@1", "R@5", "R@10")) / 3

    shares = {share: figure(share) for share in map(float, record["shares"])}
    assert record["shares"] == {str(share): value for share, value in shares.items()}
    assert record["alpha"] == max(shares, key=lambda share: shares[share])
    assert read_run(tmp_path / "run.txt") == interpolate(*runs, alpha=record["alpha"])


@pytest.mark.parametrize(
    ("qrels", "run"), [("t2i", "run é.txt"), ("t2i", "bm25 run.txt"), ("t2i", "fused run.txt"), ("i2t", "i2t run.txt")]
)
def test_eval_gives_fractions_of_the_topics_that_were_judged(qrels: str, run: str, job: Job) -> None:
    judged = job.root / qrels / "qrels.txt"
    record = done("eval", judged, job.root / run)
    assert list(record) == ["R@1", "R@5", "R@10", "MRR@10", "nDCG@10"]
    assert record == evaluate(read_qrels(judged), read_run(job.root / run))
    topics = job.records[qrels]["topics"]
    assert all(0 <= value <= 1 for value in record.values())
    assert math.isclose(record["R@5"] * topics, round(record["R@5"] * topics), abs_tol=1e-9)
    assert f"(percent, {topics} topics)" in lexlip("eval", judged, job.root / run).out


def test_white_space_in_ids_is_percent_encoded_in_trec_files_and_nowhere_else(job: Job) -> None:
    columns = (job.root / "run é.txt").read_text(encoding="utf-8").splitlines()[0].split(" ")
    assert len(columns) == 6 and columns[0] == "é%20test-00000%#1"
    assert (job.root / "t2i" / "qrels.txt").read_text(encoding="utf-8").startswith("é%20test-00000%#1 0 é%20test-0")
    assert (job.root / "t2i" / "topics.tsv").read_text(encoding="utf-8").startswith("é test-00000%#1\t")
    assert next(iter(read_collection(job.root / "images"))).id == "é test-00000%"


ALL_IN_ONE = """
import json, sys
from lexlip_lucene.cli.main import main
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["lexlip", *arguments, "--json"]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
"""


def test_the_locale_c_changes_nothing(job: Job, tmp_path: Path) -> None:
    root, new = job.root, tmp_path / "ünder C"
    model = ["--model", str(root / "modèle")]
    verbs = [
        ["encode", "images", str(job.captions), str(new / "é"), "--split", "test", *model],
        ["index", str(new / "é"), str(new / "ï ndex")],
        [
            "search",
            str(new / "ï ndex"),
            "--topics",
            str(root / "t2i" / "topics.tsv"),
            "--output",
            str(new / "rün"),
            *model,
        ],
        ["explain", str(new / "ï ndex"), "--query", "a red circle", "--docid", "é test-00000%", *model],
    ]
    ran = subprocess.run(
        [sys.executable, "-c", ALL_IN_ONE, orjson.dumps(verbs).decode()],
        env=os.environ | {"LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    records = [orjson.loads(line) for line in ran.stdout.splitlines()]
    assert records[0]["output"] == str(new / "é") and records[3]["docid"] == "é test-00000%"
    assert (new / "rün").read_bytes() == (root / "run é.txt").read_bytes()
