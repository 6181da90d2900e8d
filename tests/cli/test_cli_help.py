"""Help, usage errors and exit statuses: the command before it does any work."""

import re
import shlex
import subprocess
import sys
from typing import Any

import pytest
from support.cli_run import lexlip
from typer.main import get_command

from lexlip_lucene.cli.main import ORDER, app

GROUPS = {"encode": ["images", "texts"], "export": ["onnx"]}
WORKERS = [
    *(verb for verb in ORDER if verb not in GROUPS),
    *(f"{group} {verb}" for group, verbs in GROUPS.items() for verb in verbs),
]
"""Verbs that do something themselves."""


@pytest.mark.parametrize("verb", [*WORKERS, *GROUPS])
def test_every_verb_has_help_with_an_example_on_one_line(verb: str) -> None:
    ran = lexlip(*verb.split(), "--help")
    assert ran.status == 0 and ran.err == ""
    assert ran.out.startswith(f"Usage: lexlip {verb} ")
    (example,) = re.findall(r"^  Example: (.*)$", ran.out, re.MULTILINE)
    assert example.startswith(f"lexlip {verb}")
    _parse(shlex.split(example)[1:])


def _parse(arguments: list[str]) -> None:
    """Let the command's own parser read the arguments, without running anything; it raises on those that are wrong."""
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        command, arguments = command.commands[arguments[0]], arguments[1:]
    with command.make_context("example", arguments) as context:
        assert not context.args


@pytest.mark.parametrize("verb", WORKERS)
def test_every_verb_has_json_and_debug(verb: str) -> None:
    help_text = lexlip(*verb.split(), "--help").out
    assert "--json " in help_text and "--debug " in help_text


def test_every_option_and_argument_says_what_it_is_for() -> None:
    pending: list[Any] = [get_command(app)]
    while pending:
        command = pending.pop()
        pending += getattr(command, "commands", {}).values()
        for parameter in command.params:
            assert parameter.help, (command.name, parameter.name)


def test_the_list_of_verbs_is_in_the_order_of_the_work_and_not_cut_short() -> None:
    ran = lexlip("--help")
    listed = re.findall(r"^  ([\w-]+) +(.*)$", ran.out.partition("Commands:")[2], re.MULTILINE)
    assert [name for name, _ in listed] == ORDER
    assert all(text.endswith(".") and not text.endswith("...") for _, text in listed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Usage: lexlip"),
        (["encode"], "Usage: lexlip encode"),
        (["serach"], "No such command 'serach'"),
        (["encode", "video", "x", "y"], "No such command 'video'"),
        (["search", "index", "--colour", "red"], "No such option: --colour"),
        (["search"], "Missing argument 'index'"),
        (["index", "collection"], "Missing argument 'index'"),
        (["eval", "qrels.txt"], "Missing argument 'run'"),
        (["encode", "images", "a", "b"], "Missing option '--model'"),
        (["train", "recipe.yaml"], "Missing option '--output'"),
        (["fuse", "a", "b"], "Missing option '--output'"),
        (["explain", "index", "--query", "red"], "Missing option '--docid'"),
        (["lexicon", "--text", "red", "--top", "few"], "Invalid value for '--top'"),
        (["search", "index", "--query", "red", "-k", "ten"], "Invalid value for '-k'"),
        (["index", "a", "b", "--threads", "2.5"], "Invalid value for '--threads'"),
        (["encode", "texts", "a", "b", "--model", "m", "--bits", "x"], "Invalid value for '--bits'"),
        (["topics", "a", "b", "--direction", "t2t"], "Invalid value for '--direction'"),
        (["fuse", "a", "b", "--output", "c", "--method", "sum"], "Invalid value for '--method'"),
        (["doctor", "extra"], "Got unexpected extra argument"),
    ],
)
def test_a_usage_error_is_status_2_and_says_what_is_wrong(arguments: list[str], message: str) -> None:
    ran = lexlip(*arguments)
    assert ran.status == 2
    assert message in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_a_known_error_is_status_1_and_exactly_one_line() -> None:
    ran = lexlip("eval", "no qrels.txt", "run.txt")
    assert ran == (1, "", "error: qrels: no such file: no qrels.txt\n")


def test_debug_shows_the_traceback_before_the_error_line() -> None:
    ran = lexlip("eval", "no qrels.txt", "run.txt", "--debug")
    assert ran.status == 1 and ran.out == ""
    assert "Traceback (most recent call last)" in ran.err and "lexlip_lucene.errors.InputError" in ran.err
    assert ran.err.endswith("\nerror: qrels: no such file: no qrels.txt\n")


def test_an_error_of_the_system_is_one_line_that_names_the_file() -> None:
    name = 300 * "q"
    assert f"{name}: File name too long" in lexlip("fuse", "a.txt", "b.txt", "--output", name).error


def test_python_m_gives_the_same_statuses() -> None:
    def status(*arguments: str) -> int:
        return subprocess.run(
            [sys.executable, "-m", "lexlip_lucene", *arguments], capture_output=True, check=False
        ).returncode

    assert [status("--help"), status("eval", "no", "no"), status("no")] == [0, 1, 2]
