"""`lexlip demo` with few scenes and one epoch: the same job as the real one, but for its figures."""

import functools
import re
import shutil
import threading
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
from support.cli_run import Ran, lexlip

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.data.topics import read_topics
from lexlip_lucene.demo import demo
from lexlip_lucene.demo.demo import LARGEST_SEED, run_demo
from lexlip_lucene.demo.report import QUERIES_SHOWN
from lexlip_lucene.evaluate.run import read_run
from lexlip_lucene.serve.server import Announcing

TRAIN, TEST = 150, 60
small_demo = functools.partial(
    run_demo,
    train_scenes=TRAIN,
    test_scenes=TEST,
    overrides=["training.epochs=1", "training.evaluations=1", "data.keep_aside=30", "vocabulary.train_size=200"],
)
FOLDERS = ("collection", "index", "bm25_index", "model", "images")
FILES = ("report", "captions", "topics_file", "qrels_file", "run_file", "bm25_run_file")


class Demo(NamedTuple):
    folder: Path
    ran: Ran

    @property
    def record(self) -> dict[str, Any]:
        return self.ran.record


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    root = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "run_demo", small_demo)
        patch.chdir(root)
        return Demo(root / "my démo #1: scenes", lexlip("demo", "--output", "my démo #1: scenes", "--json"))


def test_the_record_has_the_keys_of_the_contract(made: Demo) -> None:
    assert made.ran.status == 0
    record = made.record
    assert (record["documents"], record["topics"]) == (TEST, TEST * 4)
    assert record["index_bytes"] > 0 and 0 < record["train_seconds"] < record["total_seconds"]
    for system in ("lexlip", "bm25", "fused"):
        assert {"R@1", "R@5", "R@10"} <= set(record[system])
        assert 0 <= record[system]["R@1"] <= record[system]["R@5"] <= record[system]["R@10"] <= 1


def test_every_path_in_the_record_is_absolute_and_there(made: Demo) -> None:
    for key in FOLDERS + FILES:
        path = Path(made.record[key])
        assert path.is_absolute() and path.is_relative_to(made.folder), key
        assert path.is_dir() if key in FOLDERS else path.is_file(), key


def test_progress_is_told_on_stderr(made: Demo) -> None:
    said = made.ran.err
    for stage in ("drawing scenes", "training", "encoding images", "indexing", "searching"):
        assert stage in said
    assert "error" not in said


def test_the_folder_appears_whole_with_nothing_left_beside_it(made: Demo) -> None:
    assert sorted(path.name for path in made.folder.iterdir()) == [
        "bm25",
        "lexlip",
        "model",
        "model.training",
        "report.html",
        "scenes",
    ]
    assert [path.name for path in made.folder.parent.iterdir()] == [made.folder.name]


def test_the_other_verbs_take_what_the_demo_left(made: Demo) -> None:
    record = made.record
    evaluated = lexlip("eval", record["qrels_file"], record["run_file"], "--json").record
    assert evaluated == record["lexlip"]
    assert lexlip("eval", record["qrels_file"], record["bm25_run_file"], "--json").record == record["bm25"]
    asked = ("--query", "a red circle", "--model", record["model"], "-k", 3)
    assert len(lexlip("search", record["index"], *asked, "--json").record["hits"]) == 3


def test_bm25_searches_one_caption_of_each_scene_with_the_same_topics(made: Demo) -> None:
    record = made.record
    topics = {topic.qid for topic in read_topics(Path(record["topics_file"]))}
    # A model of one epoch may know no word of some topic, which then has no hits.
    for run in ("bm25_run_file", "run_file"):
        found = set(read_run(Path(record[run])))
        assert found <= topics and len(found) > len(topics) / 2
    contents = (made.folder / "bm25" / "topics" / "captions" / "captions.jsonl").read_text(encoding="utf-8")
    first = read_captions(Path(record["captions"]), split="test")[0].captions[0]
    assert first in contents.splitlines()[0] and len(contents.splitlines()) == TEST
    assert first not in (made.folder / "lexlip" / "topics" / "topics.tsv").read_text(encoding="utf-8").splitlines()[0]


def test_the_report_has_the_table_and_a_dozen_queries(made: Demo) -> None:
    page = Path(made.record["report"]).read_text(encoding="utf-8")
    rows = re.findall(r"<tr><td>(.*?)</td>(.*?)</tr>", page)
    figures = {name: re.findall(r"<td>(.*?)</td>", cells) for name, cells in rows}
    for name, system in (("LexLIP", "lexlip"), ("BM25", "bm25")):
        (cells,) = (cells for row, cells in figures.items() if row.startswith(name))
        assert cells == [f"{100 * value:.1f}" for value in made.record[system].values()]
    assert page.count("<h2>") == page.count("with LexLIP,") == QUERIES_SHOWN == 12
    assert page.count('<div class="term">') > QUERIES_SHOWN
    queries = re.findall(r"<h2>“(.*?)”</h2>", page)
    captions = {caption for image in read_captions(Path(made.record["captions"])) for caption in image.captions}
    assert len(set(queries)) == QUERIES_SHOWN and set(queries) <= captions


def test_the_report_tells_nothing_of_the_machine(made: Demo) -> None:
    page = Path(made.record["report"]).read_text(encoding="utf-8")
    assert str(made.folder) not in page and str(Path.home()) not in page and made.folder.name not in page


def test_the_result_is_told_with_a_command_that_can_be_pasted(
    made: Demo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    figures = {"R@1": 0.5, "R@5": 0.6, "R@10": 0.75}
    report = demo.DemoReport(
        train_seconds=1.0,
        total_seconds=2.0,
        documents=3,
        topics=12,
        lexlip=figures,
        bm25=figures,
        fused=figures,
        index_bytes=1000,
    )
    monkeypatch.setattr(demo, "run_demo", lambda *_, **__: report)
    out = lexlip("demo", "--output", tmp_path / "a b").out
    assert "  LexLIP  R@1 50.00  R@5 60.00  R@10 75.00\n" in out
    index, model = f"'{tmp_path}/a b/lexlip/index'", f"'{tmp_path}/a b/model'"
    assert out.splitlines()[-1] == f'search it: lexlip search {index} --model {model} --query "a red circle"'


@pytest.mark.parametrize("seed", [-1, LARGEST_SEED + 1])
def test_a_seed_out_of_range_is_refused(seed: int, tmp_path: Path) -> None:
    error = lexlip("demo", "--output", tmp_path / "out", "--seed", seed).error
    assert error == f"error: --seed must be in 0..{LARGEST_SEED}, got {seed}"
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_demo_is_kept_without_force(made: Demo) -> None:
    error = lexlip("demo", "--output", made.folder).error
    assert error == f"error: {made.folder} exists already: choose another name, or overwrite it with --force"


def test_with_serve_it_ends_on_the_page_and_json_stays_one_object(
    made: Demo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def again(output: Path, **_: Any) -> demo.DemoReport:
        shutil.copytree(made.folder, output)
        keys = demo.DemoReport._fields
        return demo.DemoReport(**{key: made.record[key] for key in keys})

    asked: list[httpx2.Response] = []
    ready = Announcing.ready

    def ask_and_interrupt(self: Announcing) -> None:
        ready(self)
        address = f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}/"

        def ask() -> None:
            asked.append(httpx2.get(address, params={"query": "a red circle", "system": "both"}, timeout=60))
            self.should_exit = True

        threading.Thread(target=ask).start()

    monkeypatch.setattr(demo, "run_demo", again)
    monkeypatch.setattr(Announcing, "ready", ask_and_interrupt)
    record = lexlip("demo", "--output", tmp_path / "demo", "--serve", "--port", 0, "--json").record
    assert record["url"].startswith("http://127.0.0.1:") and record["documents"] == TEST
    assert asked[0].status_code == 200 and "BM25 over captions" in asked[0].text


def test_force_does_not_replace_a_folder_that_is_no_demo(tmp_path: Path) -> None:
    (tmp_path / "wedding.jpg").write_bytes(b"the only copy")
    error = lexlip("demo", "--output", tmp_path, "--force").error
    assert f"{tmp_path} is there and is not a folder of the demo (it has no report.html)" in error
    assert (tmp_path / "wedding.jpg").exists()
