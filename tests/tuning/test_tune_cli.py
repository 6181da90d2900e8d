"""`lexlip tune` on an index of 4,000 made-up vectors: what it measures, writes, tells and refuses."""

import random
import re
import shlex
from itertools import accumulate
from pathlib import Path
from xml.etree import ElementTree

import orjson
import pytest
from PIL import Image
from support.cli_run import Job, done, lexlip, whole_job

from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.approximation import Approximation
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.tuning.tune import tune
from lexlip_lucene.vectors.collection import read_queries, write_queries, write_shards

DOCUMENTS, QUERIES, TOKENS = 4000, 41, 300
K = 5


def vector(chance: random.Random, length: int, most: int) -> Impacts:
    """Draw a vector: tokens are as frequent as words are, and few impacts differ, so that scores tie."""
    shares = list(accumulate(1 / rank for rank in range(1, TOKENS + 1)))
    tokens = chance.choices(range(TOKENS), cum_weights=shares, k=length)
    return {f"t{token}": chance.randint(1, most) for token in tokens}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tune 1")
    chance = random.Random(7)
    (root / "collection").mkdir()
    write_shards(root / "collection", (Document(f"d{n}", "", vector(chance, 30, 9)) for n in range(DOCUMENTS)))
    ImpactIndex.build(root / "collection", root / "index")
    queries = [Document(f"q{n}", "", vector(chance, 12, 5)) for n in range(QUERIES)]
    write_queries(root / "queries.jsonl", [*queries, Document("nothing", "", {"nosuchtoken": 1})])
    return root


def asked(root: Path, output: Path) -> tuple[object, ...]:
    options = ("--encoded", root / "queries.jsonl", "--output", output, "-k", K, "--repeats", 2)
    return ("tune", root / "index", *options, "--recall", 0.9)


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    """The folder that one run with --json wrote."""
    record = done(*asked(root, root / "tuned"))
    assert orjson.loads((root / "tuned" / "tune.json").read_bytes()) | {"folder": record["folder"]} == record
    assert record["folder"] == str(root / "tuned")
    return root / "tuned"


def test_counts_and_halves_are_in_the_record(folder: Path) -> None:
    record = orjson.loads((folder / "tune.json").read_bytes())
    assert (record["k"], record["wanted_recall"], record["repeats"]) == (K, 0.9, 2)
    assert (record["queries"], record["without_hits"], record["documents"]) == (QUERIES, 1, DOCUMENTS)
    assert record["exact"]["choosing"]["recall"] == record["exact"]["reporting"]["recall"] == 1
    assert record["verdict"] in ("faster", "exact is as fast", "none reaches")
    assert (record["proposal"] is not None) == (record["verdict"] == "faster")
    assert any(setting["on_front"] for setting in record["settings"])


def test_recall_is_that_of_the_other_half_and_ties_with_the_last_hit_are_found(root: Path, folder: Path) -> None:
    queries = [query.vector for query in read_queries(root / "queries.jsonl")][:QUERIES]
    settings = orjson.loads((folder / "tune.json").read_bytes())["settings"]
    assert len(settings) > 5 and len({setting["candidates"] for setting in settings} - {None}) == 4
    assert {setting["blocks"] is None for setting in settings} == {True, False}
    with ImpactSearcher(root / "index") as searcher:
        for setting in settings:
            numbers = {name: setting[name] for name in Approximation._fields}
            how = Approximation(**{name: number for name, number in numbers.items() if number is not None})
            for half, first in (("choosing", 0), ("reporting", 1)):
                recalls = []
                for query in queries[first::2]:
                    exact = list(searcher.search(query, K))
                    good = {hit.docid for hit in searcher.search(query, DOCUMENTS) if hit.score >= exact[-1].score}
                    found = {hit.docid for hit in searcher.search(query, K, approximate=how)}
                    recalls.append(len(found & good) / len(exact))
                assert setting[half]["recall"] == pytest.approx(sum(recalls) / len(recalls), abs=1e-8)


def test_settings_go_from_below_the_wanted_recall_to_above_it(folder: Path) -> None:
    recalls = [one["choosing"]["recall"] for one in orjson.loads((folder / "tune.json").read_bytes())["settings"]]
    assert min(recalls) < 0.9 <= max(recalls)


def test_the_pictures_are_a_png_and_an_svg(folder: Path) -> None:
    with Image.open(folder / "recall-latency.png") as picture:
        assert picture.format == "PNG" and picture.width > 1000 and picture.getpixel((0, 0))[:3] == (255, 255, 255)
        assert len(picture.convert("RGB").getcolors(2**24) or []) > 20
    assert ElementTree.parse(folder / "recall-latency.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_the_folder_holds_nothing_else_and_the_page_has_picture_table_and_commands(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {"recall-latency.png", "recall-latency.svg", "tune.json", "tune.md"}
    page = (folder / "tune.md").read_text(encoding="utf-8")
    record = orjson.loads((folder / "tune.json").read_bytes())
    assert "![recall and latency](recall-latency.png)" in page
    assert page.count("\n|") == 3 + len(record["settings"])  # heading, rule, settings, exact search
    assert record["command"] in page and record["python"] in page


def test_the_command_that_it_ends_with_runs(folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    record = orjson.loads((folder / "tune.json").read_bytes())
    assert done(*shlex.split(record["command"])[1:])["topics"] == QUERIES + 1
    narrowed = any(option in record["command"] for option in ("--postings", "--blocks"))
    assert narrowed == (record["proposal"] is not None)


def test_for_a_person_it_prints_table_proposal_and_commands_and_progress_goes_to_stderr(
    root: Path, tmp_path: Path
) -> None:
    ran = lexlip(*asked(root, tmp_path / "out"))
    assert ran.status == 0 and "timing" in ran.err and "looking for settings" in ran.err
    assert re.match(r"\| +terms \| +postings \| +candidates \| +blocks \| +recall@5 ", ran.out)
    assert re.search(r"^(Proposed|Search exactly): ", ran.out, re.MULTILINE)
    assert "lexlip search " in ran.out and "searcher.search(query, k=5" in ran.out
    assert ran.out.endswith(f"Look at {tmp_path / 'out' / 'recall-latency.png'}\n")


def test_nothing_is_overwritten_without_force_and_no_folder_of_another_kind_with_it(
    folder: Path, root: Path, tmp_path: Path
) -> None:
    assert lexlip(*asked(root, folder)).error.endswith("or overwrite it with --force")
    (tmp_path / "wedding.jpg").write_bytes(b"the only copy")
    assert "is not a folder of lexlip tune" in lexlip(*asked(root, tmp_path), "--force").error
    assert [path.name for path in tmp_path.iterdir()] == ["wedding.jpg"]


def test_of_many_queries_some_at_even_distances_are_taken(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lexlip_lucene.tuning.tune.QUERIES_AT_MOST", 4)
    queries = {query.id: query.vector for query in read_queries(root / "queries.jsonl")[:QUERIES]}
    with ImpactSearcher(root / "index") as searcher:
        assert tune(searcher, queries, repeats=1).queries == 4


def test_one_query_is_too_few(root: Path, tmp_path: Path) -> None:
    found, nothing = Document("a", "", {"t1": 1}), Document("b", "", {"nosuchtoken": 1})
    write_queries(tmp_path / "few.jsonl", [found, nothing])
    error = lexlip("tune", root / "index", "--encoded", tmp_path / "few.jsonl", "--output", tmp_path / "out").error
    assert "at least 2 queries that find something in" in error
    assert "got 1 (and 1 that find nothing); some hundred are better" in error
    assert not (tmp_path / "out").exists()


def test_two_queries_will_do_and_are_told_to_be_few(root: Path, tmp_path: Path) -> None:
    write_queries(tmp_path / "two.jsonl", [Document(name, "", {"t1": 1, "t2": 2}) for name in "ab"])
    ran = lexlip("tune", root / "index", "--encoded", tmp_path / "two.jsonl", "--output", tmp_path / "out")
    assert ran.status == 0 and "1 queries on each side are few" in ran.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--encoded", "q", "-k", "0"], "-k must be at least 1, got 0"),
        (["--encoded", "q", "--repeats", "0"], "--repeats must be at least 1, got 0"),
        (["--encoded", "q", "--recall", "0"], "--recall must be above 0 and at most 1, got 0.0"),
        (["--encoded", "q", "--recall", "1.01"], "--recall must be above 0 and at most 1, got 1.01"),
        (["--encoded", "q", "--recall", "nan"], "--recall must be above 0 and at most 1, got nan"),
        (["--encoded", "q"], "encoded queries: no such file: q"),
        (["--encoded", "q", "--model", "m"], "leave --model out"),
        (["--encoded", "q", "--topics", "t"], "tune needs either --encoded, or --topics with --model"),
        ([], "tune needs either --encoded, or --topics with --model"),
        (["--topics", "t"], "--topics are texts: give --model MODEL"),
    ],
)
def test_a_tuning_that_can_not_be_is_refused(options: list[str], message: str, root: Path, tmp_path: Path) -> None:
    assert message in lexlip("tune", root / "index", *options, "--output", tmp_path / "out").error


def test_topics_are_encoded_with_the_model_and_bm25_is_refused(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    job: Job = whole_job(tmp_path_factory.getbasetemp())
    options = ("--topics", job.root / "t2i" / "topics.tsv", "--model", job.root / "modèle", "--repeats", 1)
    record = done("tune", job.root / "images index", *options, "--output", tmp_path / "out")
    assert record["queries"] > 2 and "--topics" in record["command"] and "--model" in record["command"]
    error = lexlip("tune", job.root / "bm25 index", *options, "--output", tmp_path / "other").error
    assert "got bm25: BM25 is searched exactly" in error
