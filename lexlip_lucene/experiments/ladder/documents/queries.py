"""The topics of a ladder in every form that a system takes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.data.topics import TopicSet
from lexlip_lucene.late.late_score import TextTokens
from lexlip_lucene.recipes.ladder_recipe import TimingSpec
from lexlip_lucene.records import Impacts


class Queries(NamedTuple):
    """Topics in each form: qid, text, lexicon vector, and dense vectors (topics, width) if the model has them.

    `late` has the tokens' vectors for late interaction, if the model has them.
    """

    qids: list[str]
    texts: list[str]
    impacts: list[Impacts]
    dense: NDArray[np.float32] | None
    late: list[TextTokens] | None = None

    def impacts_at(self, places: Sequence[int]) -> dict[str, Impacts]:
        """Return qid → lexicon vector of those at `places`."""
        return {self.qids[place]: self.impacts[place] for place in places}

    def some(self, places: Sequence[int]) -> "Queries":
        """Return those at `places`."""
        return Queries(
            [self.qids[place] for place in places],
            [self.texts[place] for place in places],
            [self.impacts[place] for place in places],
            None if self.dense is None else self.dense[list(places)],
            None if self.late is None else [self.late[place] for place in places],
        )


class EncodingTimes(NamedTuple):
    """Seconds (repeats, topics) of the encoding of one topic: its lexicon vector, and its dense vector if any."""

    lexicon: NDArray[np.float64]
    dense: NDArray[np.float64] | None


class LadderTopics(NamedTuple):
    """The topics of all rungs with their judgements, in every form; the places of those that are timed; how to time.

    `encoding` has the times of the timed topics only; a system that takes text needs none.
    """

    topic_set: TopicSet
    queries: Queries
    timed_places: Sequence[int]
    encoding: EncodingTimes
    timing: TimingSpec
