"""BM25 against its formula, computed here term by term."""

import math
from collections import Counter
from pathlib import Path

import pytest

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.index.commit import commit_facts
from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher

TEXTS = {
    "d10": "Two dogs are running across the grass",
    "d2": "Two dogs are running across the grass",
    "d1": "A dog runs after a red ball; the ball is red, red, red",
    "café": "The man in the café, drinking his coffee",
    "long": "dog " + " ".join(f"word{number}" for number in range(39)),
    "stop": "of the and",
    "blank": " \t ",
    "none": "",
}


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Bm25Searcher:
    root = tmp_path_factory.mktemp("bm25")
    (root / "captions").mkdir()
    lines = [f'{{"id": "{docid}", "contents": "{text}"}}\n'.replace("\t", "\\t") for docid, text in TEXTS.items()]
    (root / "captions" / "a.jsonl").write_text("".join(lines[:4]), encoding="utf-8")
    (root / "captions" / "b.jsonl").write_text("".join(lines[4:]), encoding="utf-8")
    report = build_bm25(root / "captions", root / "index")
    assert (report.documents, report.empty) == (8, 2)
    return Bm25Searcher(root / "index")


def expected(searcher: Bm25Searcher, query: str) -> list[tuple[str, float]]:
    """Compute the hits by the formula of the module; its N counts the documents that have a term."""
    vectors = {docid: Counter(searcher.terms(text)) for docid, text in TEXTS.items() if searcher.terms(text)}
    average = sum(map(Counter.total, vectors.values())) / len(vectors)
    scores: dict[str, float] = {}
    for token, count in searcher.terms(query).items():
        frequency = sum(token in vector for vector in vectors.values())
        idf = math.log(1 + (len(vectors) - frequency + 0.5) / (frequency + 0.5))
        for docid, vector in vectors.items():
            if found := vector[token]:
                part = found / (found + 0.9 * (0.6 + 0.4 * vector.total() / average))
                scores[docid] = scores.get(docid, 0.0) + count * idf * part
    return sorted(scores.items(), key=lambda item: (-item[1], item[0].encode()))


@pytest.mark.parametrize("query", ["dog", "Running dogs!", "red red ball", "coffee café dog", "word3 word3 word4"])
def test_scores_are_the_formula(query: str, searcher: Bm25Searcher) -> None:
    hits, wanted = searcher.search(query), expected(searcher, query)
    assert wanted and [hit.docid for hit in hits] == [docid for docid, _ in wanted]
    assert [hit.rank for hit in hits] == list(range(1, len(wanted) + 1))
    # Lucene computes in float32: 2^-24 relative for each of a few operations.
    assert [hit.score for hit in hits] == pytest.approx([score for _, score in wanted], rel=1e-6)


def test_ties_go_to_the_smaller_docid(searcher: Bm25Searcher) -> None:
    assert [hit.docid for hit in searcher.search("grass", 1)] == ["d10"]
    assert [hit.docid for hit in searcher.search("grass", 9)] == ["d10", "d2"]


def test_terms_are_lower_cased_stemmed_and_without_stop_words(searcher: Bm25Searcher) -> None:
    assert searcher.terms("The Dogs, running; a DOG!") == {"dog": 2, "run": 1}


@pytest.mark.parametrize("query", ["", "the of and", "!?", "zebra"])
def test_a_query_without_a_known_term_gives_no_hits(query: str, searcher: Bm25Searcher) -> None:
    assert searcher.search(query) == []


def test_a_batch_is_the_single_searches(searcher: Bm25Searcher) -> None:
    queries = {"q1": "dog", "q2": "", "q3": "coffee"}
    assert searcher.search_batch(queries, 3, threads=2) == {q: searcher.search(t, 3) for q, t in queries.items()}


def test_blank_texts_are_not_in_the_index_and_texts_of_stop_words_are(searcher: Bm25Searcher) -> None:
    assert searcher.documents == 6
    facts = commit_facts(searcher.path)
    postings = sum(len(searcher.terms(text)) for text in TEXTS.values())
    assert facts == {"kind": "bm25", "schema_version": "1", "documents": "8", "empty": "2", "postings": str(postings)}


def test_a_bm25_index_is_not_an_impact_index(searcher: Bm25Searcher) -> None:
    with pytest.raises(SearchError, match="an index of kind impact is needed, got bm25"):
        ImpactSearcher(searcher.path)


def test_a_broken_caption_line_is_named_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.jsonl").write_text('{"id": "1", "contents": "a"}\n{"id": "2"}\n')
    with pytest.raises(InputError, match=r"a\.jsonl:2: "):
        build_bm25(tmp_path / "c", tmp_path / "index")
