"""The launcher of Pyserini's modules: what it says when a module can't be run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lexlip_lucene.lucene.jvm.java import find_jar

FETCHES = """
from urllib.error import URLError
raise URLError("no net")
"""


def launched(*arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run the launcher where `path` comes first of all that can be imported."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(path), *sys.path]),
        "ANSERINI_CLASSPATH": str(find_jar().path.parent),
    }
    command = [sys.executable, "-m", "lexlip_lucene.pyserini", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def pyserini_that_fetches(tmp_path: Path) -> Path:
    """A stand-in for Pyserini 2 without a net: `import pyserini.search` fetches a list, and fails."""
    search = tmp_path / "pyserini" / "search"
    search.mkdir(parents=True)
    (tmp_path / "pyserini" / "__init__.py").touch()
    (search / "__init__.py").write_text(FETCHES)
    return tmp_path


def test_a_list_that_can_t_be_fetched_is_one_line(pyserini_that_fetches: Path) -> None:
    done = launched("pyserini.search.lucene", "--help", path=pyserini_that_fetches)
    [line] = done.stderr.splitlines()
    assert done.returncode == 1
    assert line.startswith("error: Pyserini 2 fetches a list of prebuilt indexes") and line.endswith(": no net")


def test_a_module_that_pyserini_lacks_is_misuse(pyserini_that_fetches: Path) -> None:
    done = launched("pyserini.nothing", path=pyserini_that_fetches)
    assert done.returncode == 2
    assert "there is no module pyserini.nothing" in done.stderr
