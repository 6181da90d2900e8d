"""Two versions of Lucene on one index. LEXLIP_OTHER_LUCENE names a folder with the other version's Anserini jar, as
`tests/other_lucene` fetches it; each version runs in separate processes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.bridge_collections import adversarial, adversarial_queries
from support.oracle import rank

from lexlip_lucene.lucene.jvm.java import find_jar
from lexlip_lucene.records import Document

CHILD = """
import json, sys
from pathlib import Path
from support.bridge_collections import adversarial, adversarial_queries, create, rows
from lexlip_lucene.errors import LexlipError
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.lucene.index.impact_index import ImpactIndex

what, index = sys.argv[1], Path(sys.argv[2])
whole = {document.id: document.vector for document in adversarial()}
said = {}
try:
    if what == "create":
        create(index, [dict(list(whole.items())[start::2]) for start in range(2)])
    if what == "merge":
        with ImpactIndex.open(index) as writing:
            writing.merge()
    if what == "append":
        with ImpactIndex.open(index) as writing:
            writing.add(*rows({"new": {"all": 1}, "gone": {"all": 9}}))
        with ImpactIndex.open(index) as writing:
            writing.add(*rows({"new": {"all": 1000}}), replace=True)
            writing.delete(["gone"])
    with ImpactSearcher(index) as searcher:
        for qid, query in adversarial_queries().items():
            hits = searcher.search(query, 100)
            said[qid] = [(hit.docid, hit.score) for hit in hits]
        said["documents"] = searcher.documents
except LexlipError as error:
    said = {"error": type(error).__name__, "message": str(error)}
print(json.dumps(said))
"""


class Lucenes(NamedTuple):
    """Folders of the jars."""

    older: Path
    newer: Path


@pytest.fixture(scope="module")
def lucenes() -> Lucenes:
    other = os.environ.get("LEXLIP_OTHER_LUCENE")
    if not other:
        pytest.skip("LEXLIP_OTHER_LUCENE names no folder with another Anserini jar: fetch one by tests/other_lucene")
    with pytest.MonkeyPatch.context() as patch:
        found = [find_jar()]
        patch.setenv("ANSERINI_CLASSPATH", other)
        found.append(find_jar())
    jars = sorted(found, key=lambda jar: [int(part) for part in jar.lucene.split(".")])
    assert jars[0].lucene.split(".")[0] != jars[1].lucene.split(".")[0], "the two jars have the same Lucene"
    return Lucenes(*(jar.path.parent for jar in jars))


def at(jar: Path, what: str, index: Path) -> dict[str, Any]:
    """Carry out `what` to `index` in a process on that jar; return its report on the index."""
    path = os.pathsep.join(sys.path)
    environment = os.environ | {"ANSERINI_CLASSPATH": str(jar), "PYTHONPATH": path}
    command = [sys.executable, "-c", CHILD, what, str(index)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def wanted(documents: list[Document]) -> dict[str, Any]:
    said = {
        qid: [[hit.docid, hit.score] for hit in rank(query, documents, 100)]
        for qid, query in adversarial_queries().items()
    }
    return {**said, "documents": len(documents)}


@pytest.fixture(scope="module")
def older_index(lucenes: Lucenes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    index = tmp_path_factory.mktemp("older") / "index"
    assert at(lucenes.older, "create", index) == wanted(adversarial())
    return index


def test_the_later_lucene_searches_an_index_of_the_earlier(lucenes: Lucenes, older_index: Path) -> None:
    assert at(lucenes.newer, "search", older_index) == wanted(adversarial())


@pytest.mark.parametrize("change", ["append", "merge"])
def test_the_later_lucene_changes_an_index_of_the_earlier_and_keeps_it(
    change: str, lucenes: Lucenes, older_index: Path, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    shutil.copytree(older_index, index)
    documents = [*adversarial(), *([Document("new", "", {"all": 1000})] if change == "append" else [])]
    assert at(lucenes.newer, change, index) == wanted(documents)
    refused = at(lucenes.older, "search", index)
    assert refused["error"] == "SearchError"
    assert f"{index} was written by a later Lucene than the " in refused["message"]


@pytest.mark.parametrize("what", ["search", "append"])
def test_the_earlier_lucene_names_an_index_of_the_later(what: str, lucenes: Lucenes, tmp_path: Path) -> None:
    index = tmp_path / "index"
    assert at(lucenes.newer, "create", index) == wanted(adversarial())
    files = sorted(path.name for path in index.iterdir())
    refused = at(lucenes.older, what, index)
    assert refused["error"] == "SearchError"
    assert f"{index} was written by a later Lucene than the " in refused["message"]
    assert sorted(path.name for path in index.iterdir()) == files
    assert at(lucenes.newer, "search", index) == wanted(adversarial())
