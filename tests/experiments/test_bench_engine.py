"""`lexlip bench-engine` as a whole: run once on 300 vectors beside stock, and what it leaves."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.cli_run import lexlip

from lexlip_lucene.lucene.jvm.java import find_jar

SMALL = ("--documents", "300", "--queries", "5", "--repeats", "1")
REPORT = f"report-lucene-{find_jar().lucene}"


class Bench(NamedTuple):
    output: Path
    record: dict[str, Any]


def run(output: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run the verb in a separate process: Pyserini's import warns of things that are errors here."""
    command = [sys.executable, "-m", "lexlip_lucene", "bench-engine", str(output), *SMALL, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    output = tmp_path_factory.mktemp("bench engine") / "engines é"
    done = run(output, "--json", "--executions")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    return Bench(output, json.loads(done.stdout))


def test_every_bound_is_a_row(bench: Bench) -> None:
    rows = bench.record["bounds"]
    assert len(rows) == 12
    measured = [row for row in rows if row["against"] == "stock" and row["what"] != "index after ordering"]
    assert len(measured) == 9
    assert all(row["ratio"] == pytest.approx(row["theirs"] / row["ours"]) for row in measured)
    assert all(row["held"] is (row["ratio"] >= float(row["bound"].removeprefix("≥ "))) for row in measured)


def test_every_cell_is_timed_for_ours_and_stock(bench: Bench) -> None:
    timed = {
        (cell["terms"], cell["k"], cell["mode"], cell["system"])
        for cell in bench.record["milliseconds"]
        if cell["system"] in ("ours", "stock")
    }
    assert len(timed) == 2 * 2 * 2 * 2
    assert all(0 < cell["low"] <= cell["median"] <= cell["high"] for cell in bench.record["milliseconds"])


def test_our_hits_were_compared_with_stocks(bench: Bench) -> None:
    assert bench.record["agreed_queries"] == 5 * 2 * 2


def test_an_optional_engine_is_measured_or_named_as_missing(bench: Bench) -> None:
    missing = bench.record["settings"]["missing"]
    assert all(remedy == "not installed: pip install 'lexlip-lucene[bench]'" for remedy in missing.values())
    for system in ("seismic", "sindi", "bmp", "pisa"):
        assert (system in missing) != (system in bench.record["builds"])
    assert ("dense" in missing) == (bench.record["dense"] is None)
    if "seismic" not in missing:
        whole = [
            point for point in bench.record["operating_points"] if point["name"] == "query_cut=32, heap_factor=0.5"
        ]
        assert [point["recall"] for point in whole] == [1.0]


def test_single_queries_have_times_of_the_thread_and_a_ratio_to_ours(bench: Bench) -> None:
    times = {(each["terms"], each["k"], each["system"]): each for each in bench.record["query_milliseconds"]}
    assert {(terms, k, "ours") for terms in (8, 32) for k in (10, 1000)} < times.keys()
    for (terms, k, _), each in times.items():
        assert 0 < each["cpu_median"] <= each["cpu_p99"] and 0 < each["median"] <= each["p99"]
        assert each["cpu_ratio"] == pytest.approx(each["cpu_median"] / times[terms, k, "ours"]["cpu_median"])


def test_every_engine_that_claims_to_be_exact_is_compared_with_ours(bench: Bench) -> None:
    counted = [each for each in bench.record["disagreements"] if each["system"] != "bmp"]
    assert {each["system"] for each in counted} >= {"stock", "ours, windows", "ours, lucene"}
    assert all(each["compared"] == 5 and each["otherwise"] == 0 for each in counted)
    assert all(each["in_ties"] == 0 for each in counted if each["system"].startswith(("stock", "ours")))


def test_the_report_says_where_it_was_measured_and_on_what(bench: Bench) -> None:
    assert bench.record["machine"]["cores"] >= 1 and bench.record["machine"]["lucene"] == find_jar().lucene
    assert bench.record["data"]["shape"]["documents"] == 300
    assert {"before", "after"} == bench.record["memory"]["ours"].keys()
    assert bench.record["builds"]["stock"]["index_bytes"] > 0
    written = json.loads((bench.output / f"{REPORT}.json").read_text())
    assert bench.record == {**written, "report": str(bench.output / f"{REPORT}.json")}
    table = (bench.output / f"{REPORT}.md").read_text()
    assert all(f"| {row['what']} |" in table for row in bench.record["bounds"])


def test_a_report_is_not_replaced_without_force(bench: Bench) -> None:
    assert "--force" in lexlip("bench-engine", bench.output, *SMALL).error


def test_a_second_run_uses_vectors_and_builds_again_and_check_fails_on_what_is_not_held(bench: Bench) -> None:
    done = run(bench.output, "--systems", "ours", "--check", "--force")
    assert done.returncode == 1
    assert f"vectors taken from {bench.output}/data" in done.stderr and "built in" not in done.stderr
    error = done.stderr.splitlines()[-1]
    assert error.startswith("error: ") and "build, one segment against stock: not measured" in error
    assert "| build, one segment |" in done.stdout


def test_other_vectors_are_not_replaced_without_force(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(bench.output / "data")
    ran = lexlip("bench-engine", tmp_path, "--documents", "301", "--systems", "ours")
    assert "holds the vectors of" in ran.error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--documents", "0"], "documents must be at least 1, got 0"),
        (["--queries", "0"], "queries must be at least 1, got 0"),
        (["--model", "m"], "--model and --images belong together"),
        (["--model", "m", "--images", "c", "--shape", "photos"], "--shape is for made-up vectors"),
        (["--split", "val"], "--split val is for the photos of --images"),
        (["--systems", "stock"], "systems must be 'ours'"),
        (["--model", "m", "--images", "c.jsonl"], "no such file: m/model.safetensors"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: list[str], message: str, tmp_path: Path) -> None:
    assert message in lexlip("bench-engine", tmp_path / "out", *options).error
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "photo.jpg").touch()
    assert "is no data of bench-engine" in lexlip("bench-engine", tmp_path, "--force").error
    assert [path.name for path in tmp_path.rglob("*")] == ["data", "photo.jpg"]
