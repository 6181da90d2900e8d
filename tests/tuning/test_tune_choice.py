"""The proposal and the words of a tuning, on figures made by hand."""

import numpy as np
import pytest

from lexlip_lucene.lucene.search.approximation import EVERYTHING, Approximation
from lexlip_lucene.lucene.search.hits import Hits
from lexlip_lucene.tuning.choice import Verdict, choose, pareto_front
from lexlip_lucene.tuning.figures import Figures, Measured, figures_of, mean_recall, recall_of
from lexlip_lucene.tuning.report import described, in_python, options, record, table, verdict
from lexlip_lucene.tuning.tune import Tuning

EXACT = Figures(1.0, 0.0, 2.0, 3.0)


def setting(number: int, recall: float, milliseconds: float, *, other: tuple[float, float] | None = None) -> Measured:
    """Return a setting with its figures; `other`: recall and milliseconds of the half for reporting, if they differ."""
    reported = other or (recall, milliseconds)
    return Measured(
        Approximation(postings=number, candidates=100),
        Figures(recall, 0.001, milliseconds, 2 * milliseconds),
        Figures(reported[0], 0.001, reported[1], 2 * reported[1]),
    )


def tuned(*measured: Measured, wanted: float = 0.99, queries: int = 500) -> Tuning:
    choice = choose(measured, EXACT, wanted)
    return Tuning(
        k=10,
        wanted=wanted,
        repeats=5,
        queries=queries,
        without_hits=0,
        documents=1000,
        postings=62_000,
        first_seconds=4.0,
        exact=(EXACT, EXACT),
        measured=list(measured),
        choice=choice,
    )


def hits(*scores: int) -> Hits:
    lines = [f"{place}\n" for place in range(len(scores))]
    ends = np.cumsum([len(line) for line in lines], dtype=np.int32)
    return Hits(np.array(scores, dtype=np.int64), ends, "".join(lines).encode(), 0)


@pytest.mark.parametrize(
    ("found", "exact", "recall"),
    [
        ((9, 7, 5), (9, 7, 5), 1),
        ((9, 5), (9, 7, 5), 2 / 3),  # 7 was lost; which document has 5 does not matter
        ((9, 7, 4), (9, 7, 5), 2 / 3),
        ((5, 5, 5), (5, 5, 5), 1),
        ((4, 4, 4), (5, 5, 5), 0),
        ((), (5,), 0),
        ((9, 7), (9, 7), 1),  # fewer documents match than were asked for
    ],
)
def test_recall_is_the_share_of_hits_that_score_as_much_as_the_last_exact_one(
    found: tuple[int, ...], exact: tuple[int, ...], recall: float
) -> None:
    assert recall_of(hits(*found), hits(*exact)) == recall


def test_a_mean_of_tenths_is_what_it_says() -> None:
    assert mean_recall(np.array([0.9] * 5 + [1.0] * 5 + [0.98, 0.92])) == pytest.approx(0.95, abs=1e-12)
    assert mean_recall(np.full(250, 0.99)) >= 0.99


def test_latency_of_a_query_is_the_median_of_its_repeats() -> None:
    milliseconds = np.array([[1.0, 2.0, 9.0], [1.0, 50.0, 9.0], [30.0, 2.0, 9.0]])  # (repeats, queries) → 1, 2, 9
    figures = figures_of(np.array([1.0, 0.5, 0.0]), milliseconds)
    assert figures.recall == 0.5 and figures.median_ms == 2.0
    assert figures.p95_ms == pytest.approx(8.3)  # a tenth of the way from 9 to 2
    assert figures.margin == pytest.approx(1.96 * 0.5 / 3**0.5)  # the standard deviation of 1, 0.5, 0 is 0.5


def test_one_query_says_nothing_about_others() -> None:
    assert figures_of(np.array([1.0]), np.array([[1.0]])).margin == 1.0


def test_the_front_has_what_nothing_beats_in_both() -> None:
    fast, good, beaten, best, slow = (
        setting(1, 0.90, 0.3),
        setting(2, 0.97, 0.5),
        setting(3, 0.96, 0.6),
        setting(4, 0.99, 0.8),
        setting(5, 0.99, 0.9),
    )
    assert pareto_front([slow, best, beaten, good, fast]) == [fast, good, best]


def test_of_equal_settings_the_first_is_on_the_front() -> None:
    assert [one.setting.postings for one in pareto_front([setting(1, 0.9, 0.5), setting(2, 0.9, 0.5)])] == [1]


def test_at_one_speed_only_the_higher_recall_is_on_the_front() -> None:
    assert [one.setting.postings for one in pareto_front([setting(1, 0.9, 0.5), setting(2, 0.95, 0.5)])] == [2]


def test_the_fastest_that_reaches_the_recall_is_chosen() -> None:
    choice = choose([setting(1, 0.95, 0.3), setting(2, 0.99, 0.6), setting(3, 0.999, 0.7)], EXACT, 0.99)
    assert choice.verdict == "faster" and choice.proposed == choice.best and choice.best.setting.postings == 2


def test_of_two_as_fast_the_one_with_more_recall_is_chosen() -> None:
    assert choose([setting(1, 0.991, 0.6), setting(2, 0.995, 0.6)], EXACT, 0.99).best.setting.postings == 2


def test_only_the_choosing_half_chooses() -> None:
    deceived = setting(1, 0.992, 0.5, other=(0.90, 1.9))
    passed_over = setting(2, 0.98, 0.6, other=(1.0, 0.1))
    assert choose([deceived, passed_over], EXACT, 0.99).best is deceived


@pytest.mark.parametrize(
    ("milliseconds", "said"), [(1.79, "faster"), (1.81, "exact is as fast"), (4.0, "exact is as fast")]
)
def test_exact_search_is_kept_when_nothing_is_clearly_faster(milliseconds: float, said: Verdict) -> None:
    choice = choose([setting(1, 1.0, milliseconds)], EXACT, 0.99)  # exact search takes 2 ms
    assert choice.verdict == said and (choice.proposed is None) == (said != "faster")


def test_when_none_reaches_the_recall_the_best_is_named_and_exact_search_kept() -> None:
    choice = choose([setting(1, 0.95, 0.3), setting(2, 0.97, 0.9), setting(3, 0.97, 0.8)], EXACT, 0.99)
    assert choice.verdict == "none reaches" and choice.best.setting.postings == 3 and choice.proposed is None


def test_a_proposal_is_told_with_the_figures_of_the_other_half() -> None:
    said = verdict(tuned(setting(82_000, 0.992, 0.5, other=(0.9911, 0.4))))
    assert "Proposed: 82,000 postings, 100 candidates, the fastest of 1 settings that reaches recall@10 0.99" in said
    assert "On the other 250: recall@10 0.9911 ± 0.0010, median 0.400 ms (p95 0.800)" in said
    assert "exact search 2.000 ms (p95 3.000): 5.0 times as fast." in said
    assert "below" not in said and "few" not in said
    # 4 s are 2,500 times the 1.6 ms that a query gains
    assert said.endswith("here in 4.0 s: it pays in a process that searches more than about 2,500 times.")


def test_a_proposal_that_falls_short_on_the_other_half_says_so() -> None:
    said = verdict(tuned(setting(1, 0.992, 0.5, other=(0.985, 0.5))))
    assert "recall@10 0.9850" in said and "below the wanted 0.99: ask for a little more" in said


def test_the_honest_words_where_exact_search_is_kept() -> None:
    as_fast = verdict(tuned(setting(1, 1.0, 1.95)))
    assert as_fast.startswith("Search exactly: the fastest setting that reaches recall@10 0.99 (1 postings, 100 ca")
    assert "takes 1.950 ms where exact search takes 2.000 ms" in as_fast
    missed = verdict(tuned(setting(1, 0.97, 0.5)))
    assert missed.startswith("Search exactly: none of 1 settings reaches recall@10 0.99") and "has 0.9700." in missed


def test_few_queries_are_told() -> None:
    assert "9 queries on each side are few" in verdict(tuned(setting(1, 1.0, 0.5), queries=19))


def test_the_table_has_a_row_for_each_setting_and_one_for_exact_search() -> None:
    one = Measured(Approximation(8, 1234, 50), *setting(1, 0.95, 0.25)[1:])
    lines = table(tuned(one, setting(82_000, 0.995, 0.5), setting(90_000, 0.99, 0.6))).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len({len(line) for line in lines}) == 1, "columns are aligned"
    assert cells[0][3:5] == ["blocks", "recall@10"] and set("".join(cells[1])) == {"-", ":"}
    assert cells[2] == ["8", "1,234", "50", "", "0.9500", "0.0010", "0.250", "0.500", "8.00×", "on the front"]
    assert cells[3] == ["all", "82,000", "100", "", "0.9950", "0.0010", "0.500", "1.000", "4.00×", "proposed"]
    assert cells[4][-1] == "" and cells[5][:5] == ["all", "all", "all", "all", "1.0000"] and cells[5][-1] == "exact"


def test_a_setting_is_told_in_words_as_options_and_as_python() -> None:
    some, every = Approximation(8, 82_000, 100), Approximation(EVERYTHING, 82_000, 1000)
    assert described(some) == "8 terms, 82,000 postings, 100 candidates"
    assert described(every) == "82,000 postings, 1,000 candidates"
    assert options(some) == "--terms 8 --postings 82000 --candidates 100"
    assert options(every) == "--postings 82000 --candidates 1000"
    assert eval(in_python(some)) == some and eval(in_python(every)) == every
    blocks = Approximation(blocks=1200)
    assert (described(blocks), options(blocks), in_python(blocks)) == (
        "1,200 blocks",
        "--blocks 1200",
        "Approximation(blocks=1200)",
    )


def test_the_record_has_the_proposal_or_none() -> None:
    found = record(tuned(setting(82_000, 0.992, 0.5, other=(0.991, 0.4))))
    assert found["verdict"] == "faster"
    assert found["proposal"] | {"p95_ms": 0, "margin": 0} == {
        "terms": None,
        "postings": 82_000,
        "candidates": 100,
        "document_terms": None,
        "blocks": None,
        "recall": 0.991,
        "margin": 0,
        "median_ms": 0.4,
        "p95_ms": 0,
    }
    assert record(tuned(setting(1, 0.5, 0.5)))["proposal"] is None
