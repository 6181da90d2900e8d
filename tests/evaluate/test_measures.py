import math
import random
from pathlib import Path

import ir_measures
import pytest

from lexlip_lucene.data.qrels import read_qrels
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.evaluate.run import rank_hits, read_run, write_run
from lexlip_lucene.records import Hit, Qrel, Run

NAMES = ["R@1", "R@5", "R@10", "MRR@10", "nDCG@10"]


def brute_force(qrels: list[Qrel], run: Run) -> dict[str, float]:
    """Compute the measures as their definitions have them, from ranks only."""
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


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("ranks", ["0", "1", "the place", "the place from behind", "any"])
def test_figures_of_a_run_file_are_those_of_ir_measures_whatever_its_ranks_say(
    tmp_path: Path, seed: int, ranks: str
) -> None:
    random_ = random.Random(seed)
    lines = []
    for qid in ("q%20", "Caf%C3%A9", "100%"):
        docids = random_.sample([f"d%2{n}" for n in range(30)], 20)
        for place, docid in enumerate(docids):
            rank = {"the place": place, "the place from behind": 20 - place, "any": random_.randint(-3, 3)}.get(
                ranks, ranks
            )
            lines.append(f"{qid} Q0 {docid} {rank} {100 - 3.5 * place} other\n")
    random_.shuffle(lines)
    (tmp_path / "run").write_text("".join(lines))
    judged = [f"{line.split()[0]} 0 {line.split()[2]} {random_.randint(0, 2)}\n" for line in lines[::3]]
    (tmp_path / "qrels").write_text("".join([*judged, "q%20 0 relevant 1\n"]))
    measures = {"R@1": ir_measures.Success @ 1, "MRR@10": ir_measures.RR @ 10, "nDCG@10": ir_measures.nDCG @ 10}
    stock = ir_measures.calc_aggregate(
        list(measures.values()),
        ir_measures.read_trec_qrels(str(tmp_path / "qrels")),
        ir_measures.read_trec_run(str(tmp_path / "run")),
    )
    ours = evaluate(read_qrels(tmp_path / "qrels"), read_run(tmp_path / "run"))
    for name, measure in measures.items():
        assert ours[name] == pytest.approx(stock[measure], abs=1e-9), name


def test_a_run_of_ours_goes_with_qrels_of_other_tools_and_the_other_way_round(tmp_path: Path) -> None:
    write_run(tmp_path / "run", {"q 1": [Hit("Caf%C3%A9.jpg", 9, 1), Hit("a b.jpg", 3, 2)]})
    (tmp_path / "qrels").write_text("q%201 0 Caf%C3%A9.jpg 1\n")
    perfect = dict.fromkeys(NAMES, 1.0)
    assert evaluate(read_qrels(tmp_path / "qrels"), read_run(tmp_path / "run")) == perfect
    found = ir_measures.read_trec_run(str(tmp_path / "run"))
    stock = ir_measures.calc_aggregate([ir_measures.RR], ir_measures.read_trec_qrels(str(tmp_path / "qrels")), found)
    assert list(stock.values()) == [1.0]
    in_memory = [Qrel("q 1", "Caf%C3%A9.jpg", 1)]
    assert evaluate(in_memory, read_run(tmp_path / "run")) == perfect


def test_scores_decide_before_ranks_and_docids() -> None:
    run = {"q": [Hit("b", 1, 1), Hit("a", 2, 2), Hit("c", 2, 1)]}
    assert evaluate([Qrel("q", "c", 1)], run)["R@1"] == 1
    assert evaluate([Qrel("q", "a", 1)], run)["MRR@10"] == 0.5


def test_ranks_decide_when_all_scores_are_equal() -> None:
    # trec_eval by itself would put "z" first.
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
