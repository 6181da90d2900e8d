"""The parts of `lexlip bench-engine` that decide: bounds, order of timing, recall, agreement, settings."""

import struct
import time
from typing import Any

import pytest

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.experiments.engine.agreement import require_same_hits
from lexlip_lucene.experiments.engine.bounds import BATCH, SEARCH, Cell, judged, not_held
from lexlip_lucene.experiments.engine.disagreement import Disagreement, disagreement
from lexlip_lucene.experiments.engine.query_times import times_of_all
from lexlip_lucene.experiments.engine.recall import MeasuredPoint, recall_at_10, with_choice
from lexlip_lucene.experiments.engine.run import Settings
from lexlip_lucene.experiments.engine.systems.engine import Pass, Queries, Ranking
from lexlip_lucene.experiments.engine.systems.own_symbols import with_own_symbols
from lexlip_lucene.experiments.engine.systems.seismic import seismic_points
from lexlip_lucene.experiments.engine.timing import Spread, interleaved, rotated


def same(value: float) -> Spread:
    return Spread(value, value, value)


def test_bounds_are_ratios_that_are_held_or_missed() -> None:
    cells = {Cell(terms, k, mode): {} for terms in (8, 32) for k in (10, 1000) for mode in (SEARCH, BATCH)}
    cells[Cell(8, 1000, SEARCH)] = {"ours": same(2), "stock": same(10)}
    cells[Cell(8, 1000, BATCH)] = {"ours": same(2), "stock": same(9.9)}
    cells[Cell(32, 10, SEARCH)] = {
        "ours": same(5), "stock": same(20), "ours, approximate": same(2), "seismic": same(1.8)
    }  # fmt: skip
    rows = judged({"ours": same(20), "stock": same(204)}, {"ours, ordered": 1.0, "stock": 2.0}, cells)
    told = {(row.what, row.against): (row.ratio, row.bound, row.held) for row in rows}
    approximate = "approximate at recall@10 ≥ 0.99, 32 terms, k=10"
    assert told["build, one segment", "stock"] == (10.2, "≥ 10", True)
    assert told["search, 8 terms, k=1000", "stock"] == (5.0, "≥ 5", True)
    assert told["search_batch, 8 terms, k=1000", "stock"] == (4.95, "≥ 5", False)
    assert told["search, 32 terms, k=10", "stock"] == (4.0, "≥ 2.5", True)
    assert told["search, 8 terms, k=10", "stock"] == (None, "≥ 1.5", None)
    assert told[approximate, "ours"] == (2.5, "≥ 2.5", True)
    assert told[approximate, "seismic"] == (0.9, "≥ 1", False)
    assert told["index after ordering", "stock"] == (0.5, "≤ 0.8", True)
    assert len(rows) == 12


def test_a_bound_missed_or_not_measured_is_named() -> None:
    rows = judged({"ours": same(20), "stock": same(150)}, {"ours, ordered": 1.7, "stock": 2.0}, {})
    missed = not_held(rows)
    assert missed[0] == "build, one segment against stock: 7.50, bound ≥ 10"
    assert missed[-1] == "index after ordering against stock: 0.85, bound ≤ 0.8"
    assert missed[1] == "search, 8 terms, k=1000 against stock: not measured"
    assert len(missed) == len(rows) == 12


def test_every_system_runs_once_a_repeat_and_each_begins_in_turn() -> None:
    ran: list[str] = []
    passes = {name: (lambda name=name: ran.append(name)) for name in "abc"}
    found = interleaved(passes, repeats=4)
    assert "".join(ran) == "abc" + "abc" + "bca" + "cab" + "abc"
    assert list(found) == ["a", "b", "c"]
    assert all(0 <= spread.low <= spread.median <= spread.high for spread in found.values())
    assert rotated(["x"], 3) == ["x"]


def test_a_spread_is_median_and_extremes() -> None:
    assert Spread.of([3.0, 1.0, 8.0]) == (3.0, 1.0, 8.0)


def test_recall_counts_what_ties_with_the_last_hit() -> None:
    exact = Ranking([f"d{n}" for n in range(12)], [20] * 8 + [7, 7, 7, 5])
    assert recall_at_10([exact], [Ranking([f"d{n}" for n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 10)], [])]) == 1.0
    assert recall_at_10([exact], [Ranking([f"d{n}" for n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 11)], [])]) == 0.9
    assert recall_at_10([exact], [Ranking([], [])]) == 0.0


def test_recall_of_fewer_than_ten_hits_is_of_those_there_are() -> None:
    exact, nothing = Ranking(["a", "b"], [2, 1]), Ranking([], [])
    assert recall_at_10([exact, nothing], [Ranking(["b"], []), Ranking(["c"], [])]) == 0.5


def test_the_fastest_point_with_enough_recall_is_chosen() -> None:
    points = [MeasuredPoint("a", 0.98, 1), MeasuredPoint("b", 0.99, 3), MeasuredPoint("c", 1.0, 2)]
    assert [point.name for point in with_choice(points) if point.chosen] == ["c"]
    assert with_choice(points[:1]) == points[:1]


def test_seismic_is_tried_up_to_the_whole_query() -> None:
    assert max(point.query_cut for point in seismic_points(32).values()) == 32
    assert len(seismic_points(8)) == 20


class Fixed:
    """An engine that gives the same answers whatever it is asked."""

    def __init__(self, *answers: Ranking) -> None:
        self.answers = list(answers)

    def one_by_one(self, queries: Queries, k: int) -> list[Pass]:
        return [lambda: None for _ in queries]

    def all_at_once(self, queries: Queries, k: int, threads: int) -> Pass:
        return lambda: None

    def rankings(self, queries: Queries, k: int) -> list[Ranking]:
        return self.answers

    def batch_rankings(self, queries: Queries, k: int, threads: int) -> list[Ranking]:
        return self.answers


def test_a_hit_that_is_not_stocks_stops_the_run() -> None:
    queries = {"q0": {"red": 1}}
    right = Ranking(["a", "b"], [5, 4])
    assert require_same_hits(Fixed(right), Fixed(right), queries, 10, threads=1) == 1
    for wrong in (Ranking(["b", "a"], [5, 4]), Ranking(["a", "b"], [5, 3]), Ranking(["a"], [5])):
        with pytest.raises(SearchError, match=r"query q0: our hits must be stock's, but at rank [12]"):
            require_same_hits(Fixed(wrong), Fixed(right), queries, 10, threads=1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"repeats": 0}, "repeats must be at least 1, got 0"),
        ({"build_repeats": 0}, "build repeats must be at least 1, got 0"),
        ({"threads": 0}, "threads must be at least 1, got 0"),
        ({"systems": ("stock",)}, "systems must be 'ours' and any of 'stock', .*'dense', got stock"),
        ({"executions": ("fastest",)}, "executions must be any of 'auto', .*, got fastest"),
        ({"systems": ("ours", "lucene")}, "got ours,lucene"),
    ],
)
def test_settings_that_can_not_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Settings(**settings)


def test_answers_that_differ_in_ties_only_are_counted_apart() -> None:
    """Ours is a 9, b 7, c 7 of documents in which d has 7 as well and e 6."""
    scores = {"a": 9, "b": 7, "c": 7, "d": 7, "e": 6}
    ours = Ranking(["a", "b", "c"], [9, 7, 7])

    def counted(*docids: str) -> Disagreement:
        found = Fixed(Ranking(list(docids), [0] * len(docids)))
        return disagreement(found, {"q": {"red": 1}}, [ours], 3, lambda _, docid: scores[docid])

    assert counted("a", "b", "c") == (1, 0, 0)
    for ties in (("a", "c", "b"), ("a", "d", "b")):
        assert counted(*ties) == (1, 1, 0)
    for wrong in (("a", "b", "e"), ("b", "a", "c"), ("a", "b"), ("a", "b", "b"), ("a", "b", "c", "d")):
        assert counted(*wrong) == (1, 0, 1)


def test_times_of_single_queries_are_of_the_clock_and_of_the_thread() -> None:
    times = times_of_all({"waits": lambda _: time.sleep(0.002)}, 3, 2)["waits"]
    assert times.shape == (2, 3, 2)
    assert (times[:, :, 0] >= 2).all() and (times[:, :, 1] < times[:, :, 0]).all()


def test_a_copy_of_a_library_shares_no_symbol() -> None:
    """A library of one section, a table of symbols: one is unique (10), one global (1), both objects (1)."""
    symbols = b"".join(struct.pack("<IBBHQQ", 0, binding << 4 | 1, 0, 1, 0, 0) for binding in (10, 1))
    head = bytearray(64)
    struct.pack_into("<Q", head, 40, 64 + len(symbols))
    struct.pack_into("<HH", head, 58, 64, 1)
    section = struct.pack("<IIQQQQIIQQ", 0, 11, 0, 0, 64, len(symbols), 0, 0, 8, 24)
    changed = with_own_symbols(bytes(head) + symbols + section)
    assert [changed[64 + 24 * number + 4] for number in (0, 1)] == [2 << 4 | 1, 1 << 4 | 1]
    assert len(changed) == 64 + len(symbols) + len(section)
