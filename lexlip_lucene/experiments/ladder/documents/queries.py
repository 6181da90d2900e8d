"""The topics of a ladder in every form that a system takes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.data.topics import TopicSet
from lexlip_lucene.recipes.ladder_recipe import TimingSpec
from lexlip_lucene.records import Impacts


class Queries(NamedTuple):
    """The topics in each form: a qid, its text, its lexicon vector, and its dense vector where the model has them."""

    qids: list[str]
    texts: list[str]
    impacts: list[Impacts]
    dense: NDArray[np.float32] | None

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
        )


class EncodingTimes(NamedTuple):
    """Seconds (repeats, topics) that encoding one topic takes: its lexicon vector, and the twin's where it has one."""

    lexicon: NDArray[np.float64]
    dense: NDArray[np.float64] | None


class Asked(NamedTuple):
    """What all rungs are asked: the topics with their judgements, in every form; which are timed; and their encoding.

    `encoding` has the times of the timed topics alone; a system that takes text needs none.
    """

    topics: TopicSet
    queries: Queries
    timed_places: Sequence[int]
    encoding: EncodingTimes
    timing: TimingSpec
