import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.fuse import interpolate, reciprocal_rank_fusion
from lexlip_lucene.evaluate.run import rank_hits
from lexlip_lucene.records import Hit, Run

SCORED = st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 5)).map(lambda scores: list(scores.items()))
RUNS = st.dictionaries(st.sampled_from("pqr"), SCORED.map(lambda scored: rank_hits(scored, 9)))


def run_of(*docids: str) -> Run:
    return {"q": rank_hits([(docid, 100 - place) for place, docid in enumerate(docids)], 100)}


def test_reciprocal_ranks_are_summed() -> None:
    hits = reciprocal_rank_fusion([run_of("a", "b", "c"), run_of("b", "d")])["q"]
    assert hits == [Hit("b", 1 / 62 + 1 / 61, 1), Hit("a", 1 / 61, 2), Hit("d", 1 / 62, 3), Hit("c", 1 / 63, 4)]


def test_same_ranks_in_another_order_of_runs_tie_and_go_to_the_smaller_docid() -> None:
    runs = [run_of("c", "b", "a"), run_of("b", "a", "c"), run_of("a", "c", "b")]
    hits = reciprocal_rank_fusion(runs)["q"]
    assert [hit.docid for hit in hits] == ["a", "b", "c"]
    assert len({hit.score for hit in hits}) == 1


def test_ranks_from_nought_fuse_like_ranks_from_one() -> None:
    from_nought = {"q": [Hit("a", 9, 0), Hit("b", 8, 1)]}
    assert reciprocal_rank_fusion([from_nought]) == reciprocal_rank_fusion([run_of("a", "b")])


@given(st.lists(RUNS, min_size=1, max_size=4), st.integers(0, 99))
def test_fusion_is_the_formula_for_every_document(runs: list[Run], k: int) -> None:
    fused = reciprocal_rank_fusion(runs, k=k)
    assert set(fused) == {qid for run in runs for qid in run}
    for qid, hits in fused.items():
        for hit in hits:
            ranks = [other.rank for run in runs for other in run.get(qid, []) if other.docid == hit.docid]
            # a few additions in another order
            assert hit.score == pytest.approx(sum(1 / (k + rank) for rank in ranks), rel=1e-12)


@given(st.lists(RUNS, min_size=1, max_size=4))
def test_order_of_runs_changes_no_hit(runs: list[Run]) -> None:
    assert reciprocal_rank_fusion(runs) == reciprocal_rank_fusion(runs[::-1])


def test_scores_are_normalised_per_run_and_topic_before_they_are_added() -> None:
    bm25 = {"q": [Hit("a", 12.5, 1), Hit("b", 10.0, 2), Hit("c", 7.5, 3)]}
    impact = {"q": [Hit("c", 5000, 1), Hit("b", 4000, 2), Hit("d", 1000, 3)]}
    # a: 0.25 × 1; b: 0.25 × 0.5 + 0.75 × 0.75; c: 0.25 × 0 + 0.75 × 1; d: 0
    assert interpolate(bm25, impact, alpha=0.25) == {
        "q": [Hit("c", 0.75, 1), Hit("b", 0.6875, 2), Hit("a", 0.25, 3), Hit("d", 0.0, 4)]
    }


def test_hits_of_one_score_count_one_each() -> None:
    single = {"q": [Hit("b", 3, 1), Hit("c", 3, 2)]}
    assert interpolate(single, run_of("a", "b"), alpha=0.5)["q"] == [
        Hit("a", 0.5, 1),
        Hit("b", 0.5, 2),
        Hit("c", 0.5, 3),
    ]


@given(RUNS, st.floats(0, 1))
def test_run_interpolated_with_itself_keeps_its_order(run: Run, alpha: float) -> None:
    # Two products of rounded weights may swap what is tied by now, so only documents of different scores are compared.
    score_of = {(qid, hit.docid): hit.score for qid, hits in run.items() for hit in hits}
    for qid, hits in interpolate(run, run, alpha=alpha).items():
        scores = [score_of[qid, hit.docid] for hit in hits]
        assert scores == sorted(scores, reverse=True)


def test_topic_of_only_one_run_is_kept() -> None:
    a, b = {"p": [Hit("a", 1, 1)]}, {"q": [Hit("b", 1, 1)]}
    assert list(reciprocal_rank_fusion([a, b])) == ["p", "q"]
    assert interpolate(a, b, alpha=0.3) == {"p": [Hit("a", 0.3, 1)], "q": [Hit("b", 0.7, 1)]}


def test_depth_cuts_the_hits() -> None:
    a, b = run_of("a", "b", "c"), run_of("d")
    assert len(reciprocal_rank_fusion([a, b], depth=2)["q"]) == 2
    assert len(interpolate(a, b, alpha=0.5, depth=3)["q"]) == 3


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_alpha_out_of_range_is_refused(alpha: float) -> None:
    with pytest.raises(InputError, match="alpha must be from 0 to 1"):
        interpolate({}, {}, alpha=alpha)


def test_negative_k_is_refused() -> None:
    with pytest.raises(InputError, match="at least 0, but it is -1"):
        reciprocal_rank_fusion([run_of("a")], k=-1)


def test_depth_below_one_is_refused() -> None:
    with pytest.raises(InputError, match="at least 1, but it is 0"):
        reciprocal_rank_fusion([run_of("a")], depth=0)
