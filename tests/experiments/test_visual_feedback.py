"""Pseudo-relevance by looks, against plain loops."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.data.qrels import write_qrels
from lexlip_lucene.experiments.visual.feedback import columns_of, main, run_of, with_feedback
from lexlip_lucene.records import Document, Qrel
from lexlip_lucene.vectors.collection import write_queries
from lexlip_lucene.vectors.vector_matrix import matrix_of

DOCUMENTS = [
    Document("beach", "", {"sand": 9, "v00001": 5, "v00002": 1}),
    Document("dune", "", {"sand": 4, "v00003": 7}),
    Document("shore", "", {"sea": 3, "v00001": 4}),
    Document("plain", "", {"grass": 8}),
]


def by_loops(first: list[list[float]], looks: list[list[float]], hits: int, share: float) -> list[list[float]]:
    scores = []
    for row in first:
        order = sorted(range(len(row)), key=lambda d: (-row[d], d))
        chosen = [d for d in order[:hits] if row[d] > 0]
        feedback = [sum(looks[d][word] for d in chosen) for word in range(len(looks[0]))]
        alike = [sum(a * b for a, b in zip(feedback, each, strict=True)) for each in looks]
        most = [max(each) or 1 for each in (row, alike)]
        scores.append([(1 - share) * a / most[0] + share * b / most[1] for a, b in zip(row, alike, strict=True)])
    return scores


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_scores_are_those_of_plain_loops(queries: int, documents: int, hits: int, share: float, seed: int) -> None:
    chance = np.random.default_rng(seed)
    first = chance.integers(0, 5, (queries, documents)).astype(float)
    vectors = [
        Document(str(number), "", {f"v{word:05d}": int(impact) for word, impact in enumerate(row) if impact})
        for number, row in enumerate(chance.integers(0, 4, (documents, 3)))
    ]
    looks = matrix_of(vectors, {f"v{word:05d}": word for word in range(3)})
    wanted = by_loops(first.tolist(), looks.toarray().tolist(), hits, share)
    np.testing.assert_allclose(with_feedback(first, looks, hits, share), wanted, atol=1e-12)


def test_words_and_looks_are_columns_apart() -> None:
    assert list(columns_of(DOCUMENTS, visual=True)) == ["v00001", "v00002", "v00003"]
    assert list(columns_of(DOCUMENTS, visual=False)) == ["grass", "sand", "sea"]


def test_what_looks_like_a_hit_is_found_and_what_has_no_score_is_not() -> None:
    first = matrix_of([Document("q", "", {"sand": 1})], columns_of(DOCUMENTS, visual=False))
    words = (first @ matrix_of(DOCUMENTS, columns_of(DOCUMENTS, visual=False)).T).toarray().astype(float)
    looks = matrix_of(DOCUMENTS, columns_of(DOCUMENTS, visual=True))
    run = run_of(with_feedback(words, looks, hits=1, share=0.9), ["q"], [each.id for each in DOCUMENTS], 10)
    assert [hit.docid for hit in run["q"]] == ["beach", "shore", "dune"]


def test_the_command_prints_a_row_without_feedback_and_one_a_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_queries(tmp_path / "documents.jsonl", DOCUMENTS)
    folder = tmp_path / "collection"
    folder.mkdir()
    (tmp_path / "documents.jsonl").rename(folder / "00000.jsonl")
    write_queries(tmp_path / "queries.jsonl", [Document("q", "", {"sea": 2, "sand": 1})])
    write_qrels(tmp_path / "qrels.txt", [Qrel("q", "shore", 1)])
    given_paths = [str(tmp_path / name) for name in ("collection", "queries.jsonl", "qrels.txt")]
    main([*given_paths, "--hits", "1", "--shares", "0.5"])
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split("|")[1:4] for row in rows] == [[" 0 ", " 0 ", " 0.00 "], [" 1 ", " 0.5 ", " 0.00 "]]
