"""The engines of `lexlip bench-engine` against sums of integers; those that are not installed are passed over."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from lexlip_lucene.experiments.engine.systems.engine import Engine, Queries, Ranking
from lexlip_lucene.experiments.engine.systems.ours import Ours, other_executions
from lexlip_lucene.experiments.engine.systems.registry import SYSTEMS
from lexlip_lucene.experiments.engine.systems.system import Job, System
from lexlip_lucene.experiments.engine.systems.token_matrix import token_matrix
from lexlip_lucene.progress import SILENT
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.vectors.collection import read_collection, write_shards

TOKENS = [f"{'##' if number % 5 == 0 else ''}wörd{number}" for number in range(40)]


class Data(NamedTuple):
    home: Path
    documents: list[Document]
    queries: Queries

    def exact(self, query: Impacts, k: int) -> Ranking:
        scores = {document.id: score(query, document.vector) for document in self.documents}
        ranked = sorted((-score, docid) for docid, score in scores.items() if score)[:k]
        return Ranking([docid for _, docid in ranked], [-score for score, _ in ranked])


def score(query: Impacts, vector: Impacts) -> int:
    return sum(weight * vector.get(token, 0) for token, weight in query.items())


def vectors(chance: np.random.Generator, count: int, tokens: int, most: int) -> list[Impacts]:
    drawn = [chance.choice(len(TOKENS), tokens, replace=False).tolist() for _ in range(count)]
    return [{TOKENS[place]: int(chance.integers(1, most + 1)) for place in places} for places in drawn]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    home, chance = tmp_path_factory.mktemp("engines"), np.random.default_rng(1)
    documents = [Document(f"d{number:03d}", "", vector) for number, vector in enumerate(vectors(chance, 700, 8, 255))]
    (home / "collection").mkdir()
    write_shards(home / "collection", documents)
    queries = {f"q{number}": vector for number, vector in enumerate(vectors(chance, 12, 5, 255))}
    return Data(home, documents, {**queries, "unknown": {"nowhere": 3, TOKENS[1]: 2}})


def built(data: Data, system: System) -> Path:
    if not system.installed:
        pytest.skip(f"{system.name} is not installed")
    return system.build(Job(data.home / "collection", 1, SILENT), data.home / system.name)


def require_exact(engine: Engine, data: Data) -> None:
    """Require the right scores rank by rank, of documents that have them."""
    vectors = {document.id: document.vector for document in data.documents}
    for k in (10, 1000):
        found = engine.rankings(data.queries, k)
        for query, ranking in zip(data.queries.values(), found, strict=True):
            assert ranking.scores == data.exact(query, k).scores
            assert [score(query, vectors[docid]) for docid in ranking.docids] == ranking.scores
            assert len(set(ranking.docids)) == len(ranking.docids)
        assert engine.batch_rankings(data.queries, k, 2) == found


@pytest.mark.parametrize("name", ["ours", "sindi", "pisa"])
def test_exact_engines_answer_with_the_integers_that_a_loop_adds_up(name: str, data: Data) -> None:
    opened = SYSTEMS[name].open(built(data, SYSTEMS[name]))
    assert opened.exact
    for engine in opened.exact.values():
        require_exact(engine, data)
    opened.close()


def test_pisa_gives_ties_to_the_document_that_comes_first(data: Data) -> None:
    opened = SYSTEMS["pisa"].open(built(data, SYSTEMS["pisa"]))
    for engine in opened.exact.values():
        assert engine.rankings(data.queries, 10) == [data.exact(query, 10) for query in data.queries.values()]


def test_bmp_is_exact_but_for_ties_where_the_largest_weight_of_a_query_is_32(data: Data) -> None:
    bmp = SYSTEMS["bmp"].open(built(data, SYSTEMS["bmp"])).ordinary
    chance = np.random.default_rng(2)
    for query in vectors(chance, 8, 5, 31):
        query = {**query, next(iter(query)): 32}
        (found,) = bmp.rankings({"q": query}, 10)
        assert found.scores == data.exact(query, 10).scores
    assert bmp.rankings({"none": {}}, 10) == [Ranking([], [])]
    assert bmp.all_at_once(data.queries, 10, 1) is None


def test_each_execution_of_ours_is_an_engine_of_its_own_with_the_same_hits(data: Data) -> None:
    path = built(data, SYSTEMS["ours"])
    opened = Ours(other_executions()).open(path)
    assert {"ours", "ours, windows", "ours, lucene"} <= opened.exact.keys()
    wanted = [data.exact(query, 10) for query in data.queries.values()]
    assert all(engine.rankings(data.queries, 10) == wanted for engine in opened.exact.values())
    opened.close()


def test_passes_answer_their_query(data: Data) -> None:
    for system in SYSTEMS.values():
        if system.installed and system.name not in ("stock", "seismic"):
            opened = system.open(built(data, system))
            for engine in opened.exact.values():
                assert len([answer() for answer in engine.one_by_one(data.queries, 10)]) == len(data.queries)
            opened.close()


def test_a_matrix_of_tokens_is_the_collection(data: Data) -> None:
    ids, matrix, tokens = token_matrix(data.home / "collection", SILENT, "the test")
    assert tokens == sorted(TOKENS, key=str.encode)
    rows = [{tokens[place]: int(impact) for place, impact in zip(row.indices, row.data, strict=True)} for row in matrix]
    documents = list(read_collection(data.home / "collection"))
    assert dict(zip(ids, rows, strict=True)) == {document.id: document.vector for document in documents}


def test_the_names_of_what_a_system_builds_begin_with_its_own() -> None:
    for name, system in SYSTEMS.items():
        assert name == system.name and "," not in name
        assert all(made.partition(",")[0] == name for made in system.makers())
