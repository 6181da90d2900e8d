import math
import random

import pytest

from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.evaluate.run import rank_hits
from lexlip_lucene.records import Hit, Qrel, Run

NAMES = ["R@1", "R@5", "R@10", "MRR@10", "nDCG@10"]


def brute_force(qrels: list[Qrel], run: Run) -> dict[str, float]:
    """The measures as their definitions have them, from ranks alone."""
    sums = dict.fromkeys(NAMES, 0.0)
    qids = {qrel.qid for qrel in qrels}
    for qid in qids:
        grade_of = {qrel.docid: qrel.grade for qrel in qrels if qrel.qid == qid}
        grades = [grade_of.get(hit.docid, 0) for hit in run.get(qid, [])][:10]
        first = next((rank for rank, grade in enumerate(grades, start=1) if grade >= 1), math.inf)
        for k in (1, 5, 10):
            sums[f"R@{k}"] += first <= k
        sums["MRR@10"] += 1 / first
        ideal = sum(
            grade / math.log2(rank + 1) for rank, grade in enumerate(sorted(grade_of.values())[:-11:-1], start=1)
        )
        gain = sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))
        sums["nDCG@10"] += gain / ideal if ideal else 0.0
    return {name: total / len(qids) for name, total in sums.items()}


def hits(*docids: str) -> list[Hit]:
    return [Hit(docid, 7, rank) for rank, docid in enumerate(docids, start=1)]


@pytest.mark.parametrize("seed", range(20))
def test_measures_equal_their_definitions_on_random_runs(seed: int) -> None:
    random_ = random.Random(seed)
    documents = [f"d{number}" for number in range(30)]
    topics = [f"q{number}" for number in range(12)]
    qrels = [
        Qrel(qid, docid, random_.choice([0, 1, 1, 2, 3]))
        for qid in topics
        for docid in random_.sample(documents, random_.randint(1, 14))
    ]
    # Few different scores, so most hits are tied; the last topic has no hits, one of the run has no judgements.
    run = {
        qid: rank_hits([(docid, random_.randint(0, 2)) for docid in random_.sample(documents, 20)], 15)
        for qid in [*topics[:-1], "unjudged"]
    }
    expected = brute_force(qrels, run)
    assert list(evaluate(qrels, run)) == NAMES
    assert evaluate(qrels, run) == pytest.approx(expected, abs=1e-9)  # sums of a few floats in another order


def test_ranks_decide_when_all_scores_are_equal() -> None:
    # trec_eval alone would put "z" first.
    figures = evaluate([Qrel("q", "a", 1)], {"q": hits("a", "z", "m")})
    assert figures == dict.fromkeys(NAMES, 1.0)


def test_one_of_five_relevant_captions_at_the_top_is_a_full_hit() -> None:
    qrels = [Qrel("dog#img", f"dog#{number}", 1) for number in range(5)]
    figures = evaluate(qrels, {"dog#img": hits("dog#3", "cat#0")})
    assert (figures["R@1"], figures["R@5"], figures["MRR@10"]) == (1.0, 1.0, 1.0)
    # 1 / (1 + 1/log2(3) + 1/2 + 1/log2(5) + 1/log2(6)) = 1 / 2.9485
    assert figures["nDCG@10"] == pytest.approx(0.33916, abs=1e-5)


def test_first_relevant_hit_at_rank_four() -> None:
    figures = evaluate([Qrel("q", "a", 1)], {"q": hits("x", "y", "z", "a")})
    # 1 / log2(4 + 1) = 0.43068
    assert figures == pytest.approx({"R@1": 0, "R@5": 1, "R@10": 1, "MRR@10": 0.25, "nDCG@10": 0.43068}, abs=1e-5)


def test_topic_without_hits_counts_nought() -> None:
    figures = evaluate([Qrel("q", "a", 1), Qrel("p", "a", 1)], {"q": hits("a")})
    assert figures == dict.fromkeys(NAMES, 0.5)


def test_topic_without_judgements_does_not_count() -> None:
    assert evaluate([Qrel("q", "a", 1)], {"q": hits("a"), "p": hits("b")}) == dict.fromkeys(NAMES, 1.0)


def test_run_that_shares_no_topic_with_the_qrels_is_refused() -> None:
    with pytest.raises(InputError, match="the run begins with '1' and the qrels with 'q'"):
        evaluate([Qrel("q", "a", 1)], {"1": hits("a")})


def test_empty_run_is_refused() -> None:
    with pytest.raises(InputError, match="the run begins with nothing"):
        evaluate([Qrel("q", "a", 1)], {})


@pytest.mark.parametrize("qrels", [[], [Qrel("q", "a", 0)]])
def test_qrels_without_a_relevant_document_are_refused(qrels: list[Qrel]) -> None:
    with pytest.raises(InputError, match=f"none of {len(qrels)} is"):
        evaluate(qrels, {"q": hits("a")})
