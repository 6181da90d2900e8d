"""The difficulty of each kind of documents: shares before the right photo, and relatives among the hits."""

import numpy as np
import pytest
from support.handmade_store import TOKENS, a_store

from lexlip_lucene.data.topics import TopicSet
from lexlip_lucene.experiments.ladder.difficulty import RELATIVES, relatives, shares_before
from lexlip_lucene.experiments.ladder.documents.queries import EncodingTimes, LadderTopics, Queries
from lexlip_lucene.experiments.ladder.systems.dense import FLAT
from lexlip_lucene.recipes.ladder_recipe import PointSpec, TimingSpec, lexlip_name
from lexlip_lucene.records import Hit, Qrel, Topic

POINT = PointSpec(top_k=3)


def asking(queries: list[dict[str, int]], right: list[str], timed: list[int]) -> LadderTopics:
    qids = [f"q{number}" for number in range(len(queries))]
    dense = np.array([[query.get("red", 0), query.get("blue", 0)] for query in queries], dtype=np.float32)
    topics = TopicSet(
        [Topic(qid, "") for qid in qids], [Qrel(qid, docid, 1) for qid, docid in zip(qids, right, strict=True)], []
    )
    times = EncodingTimes(np.zeros((1, 1)), None)
    return LadderTopics(topics, Queries(qids, [""] * len(qids), queries, dense), timed, times, TimingSpec())


def test_a_share_is_of_the_documents_that_score_higher_and_of_half_of_those_that_score_the_same() -> None:
    weights = [[9, 0, 1], [5, 0, 0], [9, 0, 0], [3, 0, 0], [8, 0, 0], [7, 0, 0]]
    store = a_store(weights, targets=2, photos=4, parents=[[-1]] * 6)
    asked = asking([{"red": 2}], ["d1"], [0])
    expected = {"targets": 1.0, "photos": 0.5, "mixes": 1.0}
    assert shares_before(store, asked, POINT) == {lexlip_name(POINT): expected, FLAT: expected}
    first = asking([{"red": 2}], ["d0"], [0])
    assert shares_before(store, first, POINT)[FLAT] == {"targets": 0.0, "photos": 0.25, "mixes": 0.0}


def test_a_figure_is_the_median_of_the_timed_topics() -> None:
    weights = [[1, 0, 0], [2, 0, 0], [3, 0, 0], [4, 0, 0], [9, 9, 0]]
    store = a_store(weights, targets=4, photos=4, parents=[[-1]] * 5)
    asked = asking([{"red": 1}] * 4, ["d0", "d1", "d2", "d3"], [0, 1, 3])
    found = shares_before(store, asked, POINT)[lexlip_name(POINT)]
    assert found == {"targets": pytest.approx(2 / 3), "mixes": 1.0}


def test_a_photo_that_no_token_of_the_topic_finds_is_level_with_all_others_that_none_finds() -> None:
    store = a_store([[0, 5, 0], [0, 5, 0], [0, 5, 0], [5, 0, 0]], targets=1, photos=2, parents=[[-1]] * 4)
    found = shares_before(store, asking([{"red": 1}], ["d0"], [0]), POINT)[lexlip_name(POINT)]
    assert found == {"targets": 0.0, "photos": 0.5, "mixes": 0.75}


def test_the_shares_are_those_of_all_scores_sorted() -> None:
    chance = np.random.default_rng(0)
    weights = chance.integers(1, 256, size=(60, 3)).tolist()
    store = a_store(weights, targets=20, photos=35, parents=[[-1]] * 60)
    queries = [{"red": int(a), "cat": int(b)} for a, b in chance.integers(1, 9, size=(20, 2))]
    asked = asking(queries, [f"d{number}" for number in range(20)], list(range(20)))
    found = shares_before(store, asked, POINT)[lexlip_name(POINT)]
    impacts = store.matrix(np.arange(60), top_k=3, bits=8).toarray()
    scores = np.array([[query.get(token, 0) for token in TOKENS] for query in queries]) @ impacts.T
    for kind, rows in store.kinds.items():
        shares = []
        for topic, row in enumerate(scores):
            others = [document for document in rows if document != topic]
            shares.append(np.mean([(row[o] > row[topic]) + (row[o] == row[topic]) / 2 for o in others]))
        assert found[kind] == pytest.approx(np.median(shares)), kind


def test_relatives_are_mixes_of_one_photo_that_many_of_the_hits_share() -> None:
    parents = [[-1, -1]] + [[0, number] for number in range(1, RELATIVES + 1)] + [[7, 7]] * (RELATIVES - 1)
    store = a_store([[1, 1, 1]] * len(parents), targets=1, photos=1, parents=parents)

    def hits(rows: list[int]) -> list[Hit]:
        return [Hit(f"d{row}", 1, rank) for rank, row in enumerate(rows, start=1)]

    run = {
        "many": hits(list(range(RELATIVES + 1))),
        "one fewer": hits(list(range(RELATIVES))),
        "twice the same photo": hits(list(range(RELATIVES + 1, len(parents)))),
        "none": [],
    }
    assert relatives(store, run) == 0.25
    assert relatives(store, {}) == 0
