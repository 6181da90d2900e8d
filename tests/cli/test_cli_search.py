"""`lexlip search` and `lexlip explain`: the forms of a query, and the message when nothing is found."""

import re
from pathlib import Path

import numpy as np
import pytest
from support import tiny
from support.cli_run import Job, done, lexlip, whole_job
from support.oracle import rank

from lexlip_lucene.cli.narrowing import lost_nothing, parse_filters, what_may_be_lost
from lexlip_lucene.cli.search_one import LISTED, _listed
from lexlip_lucene.lucene.search.hits import Hits
from lexlip_lucene.records import Impacts
from lexlip_lucene.vectors.collection import read_collection

# The model of two epochs knows few words of a picture; of so many, some are in every index.
MANY_WORDS = "a red circle and two small blue squares above a large green triangle on a dark background with stripes"


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return whole_job(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a model with another vocabulary than the job's."""
    model = tmp_path_factory.mktemp("other") / "model"
    tiny.lexlip().save_pretrained(model)
    return model


def weighted(query: Impacts) -> str:
    return " ".join(f"{token}:{weight}" for token, weight in query.items())


def test_tokens_with_weights_need_no_model(job: Job) -> None:
    documents = list(read_collection(job.root / "images"))
    query = dict.fromkeys(list(documents[0].vector)[:3], 7) | {"nosuchtoken": 2}
    record = done("search", job.root / "images index", "--query", weighted(query))
    assert record["weights"] == query
    assert record["hits"] == [hit._asdict() for hit in rank(query, documents, 10)]


def test_a_token_may_hold_a_colon_and_the_last_one_parts_it_from_its_weight(job: Job) -> None:
    assert done("search", job.root / "images index", "--query", "a:b:3")["weights"] == {"a:b": 3}


def test_words_search_a_bm25_index_without_a_model(job: Job) -> None:
    record = done("search", job.root / "bm25 index", "--query", "the circles", "-k", 3)
    assert record["weights"] == {"circl": 1}  # the analyser drops stop words and stems
    assert [hit["rank"] for hit in record["hits"]] == list(range(1, 1 + len(record["hits"])))
    assert all(isinstance(hit["score"], float) for hit in record["hits"])


def test_hits_are_printed_by_rank_with_score_and_docid(job: Job) -> None:
    asked = ("search", job.root / "images index", "--query", MANY_WORDS, "--model", job.root / "modèle", "-k", 2)
    first, second = done(*asked)["hits"]
    ran = lexlip(*asked)
    lines = ran.out.splitlines()
    assert ran.status == 0 and ran.err == "" and lines[0].startswith("query  ") and "red:" in lines[0]
    assert lines[1].split(maxsplit=2) == ["1", str(first["score"]), first["docid"]]
    assert lines[2].split(maxsplit=2) == ["2", str(second["score"]), second["docid"]]
    assert lines[3].startswith("2 hits in ")
    assert [line.partition(": not among the words of this model")[0] for line in lines[4:]] == done(*asked)["unknown"]


@pytest.mark.parametrize(("query", "unknown"), [("☃ ☃", ""), ("", ""), ("   ", ""), ("日本", "日本")])
def test_a_query_without_a_known_token_finds_nothing_and_says_so(query: str, unknown: str, job: Job) -> None:
    asked = ("search", job.root / "images index", "--model", job.root / "modèle", "--query", query)
    told, machine = lexlip(*asked), lexlip(*asked, "--json")
    said = f"no hits: the query {query!r} has no known token that could be searched for\n"
    assert told == (0, said + "".join(f"{word}: not among the words of this model\n" for word in unknown), "")
    assert machine.status == 0 and machine.err == said
    assert (machine.record["weights"], machine.record["hits"]) == ({}, [])


def many_tokens(job: Job) -> Impacts:
    return {token: 3 for document in read_collection(job.root / "images") for token in document.vector}


def test_an_approximate_search_says_what_it_may_have_lost(job: Job) -> None:
    asked = ("search", job.root / "images index", "--query", weighted(many_tokens(job)), "-k", 3)
    exact = done(*asked)
    assert "approximate" not in exact and "unseen" not in exact
    all_of_it = done(*asked, "--postings", 10**6)
    assert all_of_it["approximate"] == {
        "terms": None,
        "postings": 10**6,
        "candidates": 200,
        "document_terms": None,
        "blocks": None,
    }
    assert all_of_it["hits"] == exact["hits"] and all_of_it["unseen"] <= exact["hits"][-1]["score"]
    little = done(*asked, "--postings", 1, "--candidates", 1, "--terms", 2)
    assert little["approximate"] == {"terms": 2, "postings": 1, "candidates": 1, "document_terms": None, "blocks": None}
    assert little["unseen"] >= exact["hits"][0]["score"] or little["hits"][0] == exact["hits"][0]
    said = lexlip(*asked, "--postings", 1, "--candidates", 1).out.splitlines()[-1]
    assert said.startswith("approximate: a document not shown scores at most ")


def test_an_approximate_run_says_of_how_many_topics_nothing_was_lost(job: Job, tmp_path: Path) -> None:
    asked = ("search", job.root / "images index", "--encoded", job.root / "queries.jsonl", "-k", 2)
    exact = done(*asked, "--output", tmp_path / "exact.txt")
    assert "approximate" not in exact
    record = done(*asked, "--postings", 10**6, "--output", tmp_path / "all.txt")
    assert (tmp_path / "all.txt").read_bytes() == (tmp_path / "exact.txt").read_bytes()
    assert record["approximate"]["postings"] == 10**6 and len(record["unseen"]) == record["topics"]
    ran = lexlip(*asked, "--candidates", 1, "--output", tmp_path / "little.txt")
    assert re.search(r"\napproximate: for \d+ of \d+ topics it is sure that nothing was lost\n$", ran.out)


@pytest.mark.parametrize(
    ("scores", "unseen", "k", "sure", "said"),
    [
        ([901, 850], 812, 2, True, "at most 812 (the last hit has 850, so nothing was lost)"),
        ([901, 850], 850, 2, False, "at most 850 (the last hit has as much, so at most ties with it were lost)"),
        ([901, 850], 870, 2, False, "at most 870 (the last hit has 850, so better ones may be lost; the first 1 hits"),
        ([901, 850], 812, 3, False, "at most 812: there may be more hits than these 2"),
        ([901, 850], 0, 3, True, "at most 0: nothing was lost"),
        ([], 4, 3, False, "at most 4: there may be more hits than these 0"),
        ([], 0, 3, True, "at most 0: nothing was lost"),
    ],
)
def test_what_may_be_lost_follows_from_the_bound(scores: list[int], unseen: int, k: int, sure: bool, said: str) -> None:
    hits = Hits(
        np.array(scores), np.arange(2, 2 * len(scores) + 2, 2, dtype=np.int32), b"a\nb\nc\n"[: 2 * len(scores)], unseen
    )
    assert f"scores {said}" in what_may_be_lost(hits, k) and lost_nothing(hits, k) == sure


def test_a_filter_may_come_again_and_its_value_may_hold_an_equals_sign() -> None:
    assert parse_filters(["a=1", "b=x=y", "a=é 2"]) == {"a": ["1", "é 2"], "b": ["x=y"]}


def test_only_stop_words_find_nothing_in_a_bm25_index_and_that_is_said(job: Job) -> None:
    ran = lexlip("search", job.root / "bm25 index", "--query", "of the")
    assert ran.status == 0 and "'of the' has no known token" in ran.out


def test_tokens_that_no_document_has_are_named(job: Job) -> None:
    ran = lexlip("search", job.root / "images index", "--query", "nosuchtoken:3")
    assert ran == (0, "no hits: no document has any of the tokens nosuchtoken\n", "")


def test_a_topic_without_a_known_token_is_counted_and_leaves_no_line(job: Job, tmp_path: Path) -> None:
    (tmp_path / "topics.tsv").write_text(f"q1\t{MANY_WORDS}\nq2\t☃\n", encoding="utf-8")
    asked = ("--topics", tmp_path / "topics.tsv", "--model", job.root / "modèle", "--output", tmp_path / "run.txt")
    ran = lexlip("search", job.root / "images index", *asked)
    assert ran.status == 0 and "2 topics (1 without hits)" in ran.out
    assert {line.split()[0] for line in (tmp_path / "run.txt").read_text(encoding="utf-8").splitlines()} == {"q1"}


@pytest.mark.parametrize(
    ("index", "options", "message"),
    [
        ("images index", ["--query", "red:0"], "query token 'red' needs a positive integer weight, got 0"),
        ("images index", ["--query", "red:-3"], "query token 'red' needs a positive integer weight, got -3"),
        ("images index", ["--query", "red:1 red:2"], "query token 'red' occurs twice"),
        ("images index", ["--query", "red:²"], "images index is an impact index: give --model MODEL"),
        ("images index", ["--query", "red:" + 5000 * "9"], "images index is an impact index: give --model MODEL"),
        ("images index", ["--query", "red:16777216"], "'red' needs an integer weight in 1..16777215, got 16777216"),
        ("images index", ["--query", "a red circle"], "give --model MODEL to encode words, or a query like 'red:57"),
        ("images index", ["--query", "red:1", "-k", "0"], "-k must be at least 1, got 0"),
        ("images index", ["--query", "red:1", "-k", "-5"], "-k must be at least 1, got -5"),
        ("images index", ["--query", "red:1", "--threads", "0"], "--threads must be at least 1, got 0"),
        ("images index", ["--query", "\udcff"], r"query must be valid UTF-8, got '\udcff'"),
        (
            "images index",
            ["--query", "red:1", "--postings", "0"],
            "approximation: postings must be in 1..2147483647, got 0",
        ),
        ("images index", ["--query", "red:1", "--candidates", "-1"], "approximation: candidates must be in 1.."),
        ("images index", ["--query", "red:1", "--terms", "99999999999"], "approximation: terms must be in 1.."),
        ("images index", ["--query", "red:1", "--filter", "colour"], "--filter needs KEY=VALUE, got 'colour'"),
        ("images index", ["--query", "red:1", "--filter", "=red"], "--filter needs KEY=VALUE, got '=red'"),
        ("images index", ["--query", "red:1", "--filter", "colour="], "--filter needs KEY=VALUE, got 'colour='"),
        ("images index", ["--query", "red:1", "--filter", "colour=red"], "filter 'colour' must be a keyword field of"),
        ("bm25 index", ["--query", "red", "--filter", "colour=red"], "filter 'colour' must be a keyword field of"),
        ("bm25 index", ["--query", "red", "--postings", "10"], "bm25 index is searched by BM25, which is always exact"),
        (
            "bm25 index",
            ["--topics", "x.tsv", "--output", "r", "--candidates", "10"],
            "bm25 index is searched by BM25, which is always exact: --postings, --candidates, --terms and",
        ),
        ("images index", [], "search needs --query, --image or both, or one of --topics and --encoded"),
        (
            "images index",
            ["--query", "red:1", "--topics", "x.tsv"],
            "needs --query, --image or both, or one of --topics and --encoded",
        ),
        ("images index", ["--query", "red:1", "--output", "run.txt"], "--output is for a run"),
        ("images index", ["--topics", "x.tsv"], "say where with --output RUN"),
        ("images index", ["--topics", "x.tsv", "--output", "r"], "got impact: give --model MODEL to encode the topics"),
        ("bm25 index", ["--encoded", "x.jsonl", "--output", "r"], "got bm25: search it with --topics"),
        (
            "bm25 index",
            ["--topics", "x.tsv", "--model", "m", "--output", "r"],
            "got bm25: BM25 takes words as they are",
        ),
        ("bm25 index", ["--query", "red", "--model", "m"], "got bm25: BM25 takes words as they are"),
        ("images index", ["--encoded", "x.jsonl", "--model", "m", "--output", "r"], "leave --model out"),
        ("no index", ["--query", "red:1"], "index: no such folder"),
        ("images", ["--query", "red:1"], "images is not a Lucene index"),
        ("tiny.yaml", ["--query", "red:1"], "index: a folder is needed, but this is a file"),
    ],
)
def test_a_search_that_can_not_be_is_refused(index: str, options: list[str], message: str, job: Job) -> None:
    assert message in lexlip("search", job.root / index, *options).error


@pytest.mark.parametrize(
    ("index", "options", "message"),
    [
        ("images index", ["--query", "red:1", "--docid", "nobody"], "images index has no document 'nobody'"),
        ("images index", ["--query", "red", "--docid", "x"], "images index is an impact index: give --model MODEL"),
        ("bm25 index", ["--query", "red", "--docid", "x"], "got bm25: a BM25 score is not explained"),
        ("no index", ["--query", "red:1", "--docid", "x"], "index: no such folder"),
    ],
)
def test_what_can_not_be_explained_is_refused(index: str, options: list[str], message: str, job: Job) -> None:
    assert message in lexlip("explain", job.root / index, *options).error


def test_an_explanation_is_printed_as_a_sum(job: Job) -> None:
    document = next(read_collection(job.root / "images"))
    token, impact = next(iter(document.vector.items()))
    query = f"{token}:3 nosuchtoken:2"
    ran = lexlip("explain", job.root / "images index", "--query", query, "--docid", document.id)
    lines = ran.out.splitlines()
    assert lines[0] == f"{document.id}: score {3 * impact}"
    assert lines[1].split() == [str(3 * impact), "=", "3", "×", str(impact), token]
    assert lines[2].split() == ["0", "=", "2", "×", "0", "nosuchtoken"]


def test_an_explanation_of_a_query_without_a_known_token_says_so(job: Job) -> None:
    asked = ("--query", "☃", "--model", job.root / "modèle", "--docid", "é test-00000%")
    assert lexlip("explain", job.root / "images index", *asked).out.endswith("the query '☃' has no known token\n")


@pytest.mark.parametrize("options", [["--query", "a red dog"], ["--topics", "t2i/topics.tsv", "--output", "never.txt"]])
def test_another_vocabulary_than_the_models_is_refused(options: list[str], job: Job, other_model: Path) -> None:
    asked = [str(job.root / option) if "." in option else option for option in options]
    error = lexlip("search", job.root / "images index", *asked, "--model", other_model).error
    assert "images index was made with vocabulary " in error and f"but {other_model} has " in error
    assert "search it with the model that encoded its collection" in error
    assert not (job.root / "never.txt").exists()


def test_another_vocabulary_than_that_of_encoded_queries_is_refused(
    job: Job, other_model: Path, tmp_path: Path
) -> None:
    done("encode", "texts", job.root / "t2i" / "topics.tsv", tmp_path / "q.jsonl", "--model", other_model)
    asked = ("--encoded", tmp_path / "q.jsonl", "--output", tmp_path / "run.txt")
    assert f"but {tmp_path / 'q.jsonl'} has " in lexlip("search", job.root / "images index", *asked).error


def test_another_vocabulary_is_refused_by_explain(job: Job, other_model: Path) -> None:
    asked = ("--query", "red", "--docid", "é test-00000%", "--model", other_model)
    assert "was made with vocabulary" in lexlip("explain", job.root / "images index", *asked).error


def test_docids_that_a_run_could_not_tell_apart_are_refused_before_the_search(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    lines = [
        '{"id": "a b", "vector": {"x": 9}}',
        '{"id": "a%20b", "vector": {"x": 3}}',
        '{"id": "c", "vector": {"x": 1}}',
    ]
    (tmp_path / "c" / "a.jsonl").write_text("\n".join(lines))
    done("index", tmp_path / "c", tmp_path / "index")
    (tmp_path / "q.jsonl").write_text('{"id": "q", "vector": {"x": 1}}')
    run = ("search", tmp_path / "index", "--encoded", tmp_path / "q.jsonl", "--output", tmp_path / "run", "-k", 1)
    assert "the document ids 'a b' and 'a%20b' are both written as 'a%20b'" in lexlip(*run).error
    (tmp_path / "ids").write_text("a%20b\n")
    done("index", "--delete", tmp_path / "ids", tmp_path / "index")
    assert lexlip(*run).status == 0
    assert (tmp_path / "run").read_text().startswith("q Q0 a%20b 1 9 ")


def test_of_the_tokens_that_a_querys_words_call_for_the_first_few_are_printed() -> None:
    weights = {"dog": 90, **{f"further{number}": 80 - number for number in range(LISTED + 2)}, "the": 5}
    called = [token for token in weights if token.startswith("further")]
    named = " ".join(f"{token}:{weights[token]}" for token in called[:LISTED])
    assert _listed(weights, called) == f"dog:90 the:5; also {named} and 2 more"
    assert _listed({"dog": 90}, []) == "dog:90"
