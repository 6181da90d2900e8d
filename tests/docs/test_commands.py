"""The commands of README and guide, and the notebook, run in order in a folder where the demo was: each ends well.

Blocks marked `bash` or `console` are commands; a block without a language needs data that this repository has not.
The demo here has the real one's scenes to search, but few to train on, so its figures are others.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from lexlip_lucene.demo.demo import run_demo
from lexlip_lucene.progress import SILENT

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SET_UP = "python3 -m venv"


def commands(kind: str, block: str) -> str:
    """Return what a block runs; of a console, the lines of its prompts, whose output is left out."""
    if kind == "bash":
        return block
    return "\n".join(re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE))


BLOCKS = [
    (page, commands(kind, block))
    for page in ("README.md", "docs/guide.md")
    for kind, block in FENCE.findall((ROOT / page).read_text(encoding="utf-8"))
    if kind in ("bash", "console") and SET_UP not in block
]
PYTHON = [
    block
    for page in ("README.md",)
    for kind, block in FENCE.findall((ROOT / page).read_text(encoding="utf-8"))
    if kind == "python"
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("read")
    short = ["training.epochs=1", "training.evaluations=1", "data.keep_aside=30", "vocabulary.train_size=200"]
    sizes = {"train_scenes": 150, "test_scenes": 1000}
    run_demo(root / "lexlip-demo", seed=0, force=False, progress=SILENT, overrides=short, **sizes)
    return root


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )


def test_there_are_commands_to_run() -> None:
    assert sum(block.count("lexlip ") for _, block in BLOCKS) > 15


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=[f"{page} {block[:40]}" for page, block in BLOCKS])
def test_a_block_of_commands_ends_well(folder: Path, page: str, block: str) -> None:
    done = run(["bash", "-euo", "pipefail", "-c", block], folder)
    assert done.returncode == 0, f"{page}:\n{block}\n{done.stderr}"


@pytest.mark.parametrize("block", PYTHON)
def test_the_python_of_the_readme_runs(folder: Path, block: str) -> None:
    done = run([sys.executable, "-c", block + "\nassert hits and why.score == hits[0].score and run['q1']\n"], folder)
    assert done.returncode == 0, done.stderr


def test_the_notebook_runs(folder: Path) -> None:
    notebook = nbformat.read(ROOT / "examples" / "first_search.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    assert notebook.cells[-1].outputs
