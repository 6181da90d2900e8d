"""A process that may not read everything: `tried` runs a script there, and returns its outcome."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534

BEGIN = """
import json, os, sys
from pathlib import Path
from lexlip_lucene.errors import LexlipError
from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.index.commit import commit_facts
from lexlip_lucene.lucene.search.frequencies import document_frequencies
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
root = Path(sys.argv[1])
said = {}
def attempt(name, work):
    try:
        work()
        said[name] = ["", ""]
    except LexlipError as error:
        said[name] = [type(error).__name__, str(error)]
def append(index, collection, replace=False):
    with ImpactIndex.open(index) as writing:
        writing.add_collection(collection, replace=replace)
def search(index):
    with ImpactSearcher(index) as searcher:
        return searcher.search({"x": 1}, 1000)
def unprivileged():  # only once everything that Python imports late is there
    search(root / "sound")
    append(root / "sound", root / "fine", replace=True)
    if os.geteuid() == 0:
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
""".replace("NOBODY", str(NOBODY))
END = "\nprint(json.dumps(said))"


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that every user may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="lexlip-open-"))
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        for path in folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(folder)


def tried(root: Path, script: str) -> dict[str, tuple[str, str]]:
    """Run `script`, which calls `attempt(name, work)`; return name → class and message of its error, or "" twice."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", BEGIN + script + END, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return {name: (kind, message) for name, (kind, message) in json.loads(done.stdout.splitlines()[-1]).items()}
