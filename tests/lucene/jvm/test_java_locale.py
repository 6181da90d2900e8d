"""Paths with letters beyond ASCII, under every locale setting, installed or not."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from support.bridge_collections import write_collection
from support.java_process import run, said

from lexlip_lucene.lucene.jvm.java_locale import locale_settings
from lexlip_lucene.records import Document

NOT_INSTALLED = "xx_XX.UTF-8"
SETTINGS: list[dict[str, str]] = [
    {"LC_ALL": "C"},
    {"LC_ALL": "POSIX"},
    {"LC_ALL": "C.UTF-8"},
    {"LC_ALL": NOT_INSTALLED},
    {"LC_ALL": "xx_XX.ISO-8859-1"},
    {"LC_ALL": "no locale"},
    {"LC_ALL": "", "LANG": NOT_INSTALLED},
    {"LC_ALL": "", "LANG": "C"},
    {"LC_ALL": "", "LC_CTYPE": NOT_INSTALLED},
    {"LC_ALL": "", "LC_CTYPE": "POSIX", "LANG": "C.UTF-8"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},  # Python itself reads paths as ASCII
    {"LC_ALL": NOT_INSTALLED, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]

EVERYTHING = """
import locale, os
from pathlib import Path
from lexlip_lucene import Bm25Searcher, ImpactIndex, ImpactSearcher
from lexlip_lucene.lucene.index.bm25_index import build_bm25
before = dict(os.environ), locale.setlocale(locale.LC_ALL)
folder = {file.name.encode("utf-8", "surrogateescape"): file for file in Path.cwd().iterdir()}
collection, texts = (folder[name.encode()] for name in ("sämmlung", "téxte"))
name = os.fsdecode("índice-雪".encode())
ImpactIndex.build(collection, Path(name))
with ImpactIndex.open(Path(name)) as index:
    index.merge()
build_bm25(texts, Path(name + "-bm25"))
with ImpactSearcher(name) as searcher, Bm25Searcher(name + "-bm25") as bm25:
    print([hit.docid for hit in searcher.search({"red": 1})], searcher.refresh(), len(bm25.search("red")))
after = dict(os.environ), locale.setlocale(locale.LC_ALL)
for name in ("JAVA_HOME", "OPENAI_API_KEY"):
    before[0].pop(name, None), after[0].pop(name, None)
print(before == after)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_collection(tmp_path / "sämmlung", [Document("a", "", {"red": 1})])
    (tmp_path / "téxte").mkdir()
    (tmp_path / "téxte" / "é.jsonl").write_text('{"id": "a", "contents": "a red cat"}\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: " ".join(map("=".join, settings.items())))
def test_names_beyond_ascii_are_built_searched_and_merged_and_the_process_keeps_its_locale(
    settings: dict[str, str], folder: Path
) -> None:
    assert said(EVERYTHING, **settings) == ["['a'] False 1", "True"]
    assert {"índice-雪", "índice-雪-bm25"} < {path.name for path in folder.iterdir()}


def test_java_starts_in_the_encoding_that_python_reads_paths_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locale of Latin-1 that is installed is one in which each byte is a letter, to Python as to Java."""
    for encoding, settings in (("utf-8", {"LC_ALL": "C.UTF-8"}), ("ascii", {"LC_ALL": "C.UTF-8"}), ("iso8859-1", {})):
        monkeypatch.setattr(sys, "getfilesystemencoding", lambda encoding=encoding: encoding)
        assert locale_settings() == settings


@pytest.mark.parametrize(
    "call",
    [
        "ImpactSearcher(index)",
        "ImpactIndex.build(collection, Path('new'))",
        "ImpactIndex.build(Path('sämmlung'), index.with_name(index.name + '2'))",
        "build_bm25(texts, Path('new'))",
        "build_bm25(Path('téxte'), index.with_name(index.name + '2'))",
    ],
)
def test_a_name_that_is_not_utf_8_is_a_clear_error_and_no_index_appears(call: str, folder: Path) -> None:
    for source, name in (("sämmlung", b"coll-\xfc"), ("téxte", b"texts-\xfc"), ("sämmlung", b"index-\xfc")):
        shutil.copytree(folder / source, folder / os.fsdecode(name))
    before = {path.name for path in folder.iterdir()}
    script = f"""
import os
from pathlib import Path
from lexlip_lucene import ImpactIndex, ImpactSearcher, LexlipError
from lexlip_lucene.lucene.index.bm25_index import build_bm25
collection, texts, index = (Path(os.fsdecode(name + b"-\\xfc")) for name in (b"coll", b"texts", b"index"))
try:
    {call}
except LexlipError as error:
    print(type(error).__name__, error)
"""
    (line,) = said(script, LC_ALL="C.UTF-8")
    assert line.startswith("InputError Java can't open '") and "\\udcfc" in line
    assert line.endswith("since paths must be valid UTF-8 here: give it another name")
    left = {path.name for path in folder.iterdir()} - before
    assert all(name.endswith(".partial") for name in left)  # as after any error: replaced by the next try


def test_the_command_searches_an_index_whose_name_the_locale_lacks(folder: Path) -> None:
    script = "import sys; from lexlip_lucene.cli.main import main; main()"
    built = run(script, "index", "sämmlung", "neu-ü", LC_ALL=NOT_INSTALLED)
    found = run(script, "search", "neu-ü", "--query", "red:1", LC_ALL=NOT_INSTALLED)
    assert (built.returncode, found.returncode) == (0, 0), built.stderr + found.stderr
    assert " a" in found.stdout
