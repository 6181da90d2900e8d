"""The choice of hits and mix for re-ranking, against a plain computation."""

import random
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from support.patches import pictures, unit_vectors
from support.recorder import Recorder

from lexlip_lucene.errors import InputError
from lexlip_lucene.late.late_reranker import LateReranker
from lexlip_lucene.late.late_score import TextTokens
from lexlip_lucene.records import Hit
from lexlip_lucene.tuning.late import CUTS, MIXES, tune_late

TOPICS, HITS = 30, 40


class Patches:
    """A store in memory."""

    def __init__(self) -> None:
        self.documents = pictures({f"d{place}": 3 for place in range(HITS)})

    def vectors(self, docids: Sequence[str]) -> list[NDArray[np.float32]]:
        return [self.documents[docid] for docid in docids]


def text_of(text: str) -> TextTokens:
    return TextTokens(unit_vectors(3, seed=[int(text)]), np.ones(3, np.float32))


def drawn(seed: int) -> tuple[dict[str, str], dict[str, list[Hit]], dict[str, frozenset[str]]]:
    chance = random.Random(seed)
    texts, hits, relevant = {}, {}, {}
    for topic in range(TOPICS):
        docids = [f"d{place}" for place in range(HITS)]
        chance.shuffle(docids)
        scores = sorted((chance.randint(1, 500) for _ in docids), reverse=True)
        texts[f"q{topic}"] = str(topic)
        hits[f"q{topic}"] = [
            Hit(docid, score, rank) for rank, (docid, score) in enumerate(zip(docids, scores, strict=True), 1)
        ]
        relevant[f"q{topic}"] = frozenset(chance.sample(docids, 2))
    return texts, hits, relevant


def recall(qids: list[str], run: dict[str, list[Hit]], relevant: dict[str, frozenset[str]]) -> dict[str, float]:
    found = {cut: [len({hit.docid for hit in run[qid][:cut]} & relevant[qid]) / 2 for qid in qids] for cut in CUTS}
    return {f"R@{cut}": sum(shares) / len(shares) for cut, shares in found.items()}


@pytest.mark.parametrize("seed", range(3))
def test_each_number_of_hits_gets_the_mix_that_is_best_on_every_second_topic(seed: int) -> None:
    texts, hits, relevant = drawn(seed)
    tuning = tune_late(LateReranker(Patches(), text_of, k=30), texts, hits, relevant)
    choosing, reporting = list(hits)[::2], list(hits)[1::2]
    assert [setting.hits for setting in tuning.settings] == [10, 20, 30]
    assert tuning.first == pytest.approx(recall(reporting, hits, relevant))
    best = {}
    for setting in tuning.settings:
        runs = {
            mix: LateReranker(Patches(), text_of, k=setting.hits, mix=mix).rerank_batch(texts, hits) for mix in MIXES
        }
        means = {mix: sum(recall(choosing, run, relevant).values()) / 3 for mix, run in runs.items()}
        best[setting.hits] = max(means.values())
        assert means[setting.mix] == pytest.approx(best[setting.hits])
        expected = recall(reporting, runs[setting.mix], relevant)
        assert setting.recall == pytest.approx(expected)
    assert tuning.chosen.hits == min(one for one, mean in best.items() if mean >= max(best.values()) - 0.001)


def text_or_pads(text: str) -> TextTokens:
    return text_of(text) if text != "pads" else TextTokens(unit_vectors(2), np.zeros(2, np.float32))


def test_topics_that_can_not_be_re_ranked_are_said_and_none_to_choose_by_is_an_error() -> None:
    texts, hits, relevant = drawn(0)
    said = Recorder()
    some = texts | {"q1": "pads", "q4": "pads"}
    assert tune_late(LateReranker(Patches(), text_or_pads), some, hits, relevant, progress=said).topics == TOPICS
    order = "keep the first stage's order: fewer than two hits, or no word that has a vector"
    assert said.notes == [f"2 of {TOPICS} topics {order}"]
    silent = {qid: "pads" if place % 2 == 0 else text for place, (qid, text) in enumerate(texts.items())}
    with pytest.raises(InputError, match="not one of the 15 topics for choosing has two hits and a word"):
        tune_late(LateReranker(Patches(), text_or_pads), silent, hits, relevant)


def test_topics_without_judgements_are_left_out_and_too_few_are_an_error() -> None:
    texts, hits, relevant = drawn(0)
    some = {qid: relevant[qid] for qid in ("q0", "q1", "q2")}
    assert tune_late(LateReranker(Patches(), text_of, k=30), texts, hits, some).topics == 3
    with pytest.raises(InputError, match="two topics of the run or more, but they share 1"):
        tune_late(LateReranker(Patches(), text_of), texts, hits, {"q0": relevant["q0"]})
