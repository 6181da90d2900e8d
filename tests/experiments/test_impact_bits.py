"""Impacts of fewer bits: the two ways to scale them, against plain arithmetic, and the table through Lucene."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from lexlip_lucene.data.qrels import write_qrels
from lexlip_lucene.experiments.engine.impact_bits import FINE, Vectors, a_scale_a_token, main, one_scale, overlap
from lexlip_lucene.records import Document, Hit, Qrel
from lexlip_lucene.vectors.collection import write_queries


def vectors_of(documents: list[list[int]], queries: list[list[int]]) -> Vectors:
    return Vectors(csr_array(np.array(documents)), csr_array(np.array(queries)))


def test_a_token_s_largest_impact_fills_the_bits_and_the_query_carries_its_scale() -> None:
    found = a_scale_a_token(vectors_of([[240, 30], [120, 10]], [[2, 2]]), 4)
    assert found.documents.toarray().tolist() == [[15, 15], [8, 5]]
    assert found.queries.toarray().tolist() == [[2 * 240 * FINE / 15, 2 * 30 * FINE / 15]]


def test_one_scale_divides_all_by_the_same_and_loses_no_posting() -> None:
    found = one_scale(vectors_of([[240, 30], [120, 1]], [[2, 2]]), 4)
    assert found.documents.toarray().tolist() == [[15, 2], [8, 1]]
    assert found.queries.toarray().tolist() == [[2, 2]]


@given(st.integers(1, 6), st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_a_scale_a_token_is_never_further_from_the_score_than_its_rounding_allows(
    tokens: int, bits: int, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    documents, queries = chance.integers(1, 256, (5, tokens)), chance.integers(1, 256, (3, tokens))
    found = a_scale_a_token(Vectors(csr_array(documents), csr_array(queries)), bits)
    scores = found.queries.toarray() @ found.documents.toarray().T / FINE
    most = documents.max(axis=0) / (2**bits - 1)
    # an impact is off by half a step, or by a whole one where it would have been 0; a weight by half of one of its own
    bound = queries @ np.broadcast_to(most[:, None], (tokens, 5)) + (2**bits - 1) * tokens / (2 * FINE)
    assert (np.abs(scores - queries @ documents.T) <= bound + 1e-9).all()


def test_overlap_is_of_the_hits_that_are_there() -> None:
    one = {"a": [Hit("x", 2, 1), Hit("y", 1, 2)], "b": []}
    assert overlap(one, {"a": [Hit("y", 9, 1), Hit("z", 8, 2)], "b": [Hit("x", 1, 1)]}) == 0.5


def test_the_table_has_a_row_for_each_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = np.random.default_rng(0)
    documents = [
        Document(f"d{n:02d}", "", {f"t{t}": int(chance.integers(1, 256)) for t in chance.choice(30, 8, replace=False)})
        for n in range(40)
    ]
    queries = [Document(f"q{n}", "", dict(documents[n].vector)) for n in range(5)]
    folder = tmp_path / "collection"
    folder.mkdir()
    write_queries(folder / "00000.jsonl", documents)
    write_queries(tmp_path / "queries.jsonl", queries)
    write_qrels(tmp_path / "qrels.txt", [Qrel(f"q{n}", f"d{n:02d}", 1) for n in range(5)])
    paths = [str(folder), str(tmp_path / "queries.jsonl"), str(tmp_path / "qrels.txt")]
    main([*paths, "--output", str(tmp_path / "out"), "--bits", "4"])
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in capsys.readouterr().out.splitlines()[2:]]
    assert [row[0] for row in rows] == ["as they are", "4 bits, one scale", "4 bits, a scale a token"]
    assert rows[0][4:] == ["100.00", "100.00", "100.00", "1.000"]
    assert all(0 < float(row[2]) <= float(rows[0][2]) for row in rows), "fewer bits take no more bytes"
