"""`examples/add_a_searcher.py`: another engine in one file, behind the page and the Protocol."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from fastapi.testclient import TestClient
from support import searched
from support.oracle import rank
from support.served import Place, make

from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.search.searcher import Searcher
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.http.limits import Limits
from lexlip_lucene.serve.image_files import find_image_files
from lexlip_lucene.serve.query_model import QueryModel
from lexlip_lucene.serve.searching import Searching
from lexlip_lucene.serve.served import Served

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "add_a_searcher.py"
QUERIES = [{"w1": 3, "w2": 200}, {"all": 1}, {"tie": 2, "w0": 1}, {"|": 7, "🙂": 255, "absent": 9}, {"absent": 1}, {}]


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("add_a_searcher", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    searched.build(folder, searched.make_documents(), merge=True)
    return folder


@pytest.fixture(scope="module")
def both(example: ModuleType, root: Path) -> Iterator[tuple[Searcher, ImpactSearcher]]:
    with example.MatrixSearcher(root / "collection") as matrix, ImpactSearcher(root / "index") as lucene:
        yield matrix, lucene


@pytest.mark.parametrize("query", QUERIES, ids=str)
@pytest.mark.parametrize("without", [(), ("w0",), ("absent", "w3")], ids=str)
def test_it_answers_as_lucene_and_the_oracle_do(
    both: tuple[Searcher, ImpactSearcher], query: dict[str, int], without: tuple[str, ...]
) -> None:
    matrix, lucene = both
    assert matrix.search(query, 50, without=without) == list(lucene.search(query, 50, without=without))
    if not without:
        assert matrix.search(query, 50) == rank(query, searched.make_documents(), 50)
    batches = [searcher.search_batch({"q": query}, 7, without=without) for searcher in both]
    assert {qid: list(hits) for qid, hits in batches[0].items()} == {q: list(hits) for q, hits in batches[1].items()}


def test_its_vectors_counts_and_explanations_are_those_of_lucene(both: tuple[Searcher, ImpactSearcher]) -> None:
    matrix, lucene = both
    assert matrix.documents == lucene.documents
    tokens = ["w0", "all", "absent", "🙂"]
    assert matrix.frequencies(tokens) == lucene.frequencies(tokens)
    for document in searched.make_documents()[::200]:
        assert matrix.vector(document.id) == lucene.vector(document.id)
        assert matrix.explain(QUERIES[0], document.id) == lucene.explain(QUERIES[0], document.id)


def test_a_user_can_run_it_beside_lucene(root: Path) -> None:
    command = [
        sys.executable,
        str(EXAMPLE),
        str(root / "collection"),
        "w1:3 w2:200",
        "--like-index",
        str(root / "index"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "Lucene finds the same"
    wrong = subprocess.run([*command[:3], "words"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stderr) == (1, "error: a query like 'red:57 circle:31' is needed, got 'words'\n")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return make(tmp_path_factory.mktemp("served"))


def test_the_page_works_with_it(example: ModuleType, place: Place) -> None:
    limits = Limits()
    found = []
    for images in (example.MatrixSearcher(place.root / "collection"), ImpactSearcher(place.index)):
        searching = Searching(images, QueryModel(place.model), vectors=limits.vectors)
        served = Served(searching, lambda: find_image_files(place.images, place.captions), limits)
        with TestClient(create_app(served), base_url="http://localhost") as client:
            answer = client.get("/api/search", params={"query": "a red circle -blue", "k": 3}).raise_for_status().json()
            assert client.get("/", params={"query": "red circle"}).status_code == 200
        found.append((answer["hits"], answer["weights"], answer["postings"]))
    assert found[0] == found[1]
    assert found[0][0][0]["docid"] == "val/red-circle-0"
