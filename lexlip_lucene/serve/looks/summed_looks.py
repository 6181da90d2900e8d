"""Visual words summed up: the name of one says nothing to a reader, and a picture has a hundred of them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from lexlip_lucene.search.caption_names import THE_LOOK
from lexlip_lucene.search.explanation import Comparison, Explanation, Term, TermDifference

IsVisual = Callable[[str], bool]
"""A test for visual words: True for a token that is one of the index."""


class SummedLooks(NamedTuple):
    """The visual words of an explanation: how many the document has, what they add up to, and how many it lacks."""

    shared: int
    contribution: int
    missing: int

    def percent(self, score: int) -> int:
        """Return their share of a score, 0 to 100; 0 of a score of 0."""
        return round(100 * self.contribution / score) if score else 0


class Told(NamedTuple):
    """An explanation as it is told: the words one by one, the visual words in one line, None without any."""

    terms: list[Term]
    missing: list[tuple[str, int]]
    looks: SummedLooks | None


def told(explanation: Explanation, is_visual: IsVisual) -> Told:
    """Return an explanation with its visual words summed up; all contributions still add up to the score."""
    terms = [term for term in explanation.terms if not is_visual(term.token)]
    missing = [each for each in explanation.missing if not is_visual(each[0])]
    added = explanation.score - sum(term.contribution for term in terms)
    looks = SummedLooks(len(explanation.terms) - len(terms), added, len(explanation.missing) - len(missing))
    return Told(terms, missing, looks if looks.shared or looks.missing else None)


def differences(comparison: Comparison, is_visual: IsVisual) -> list[TermDifference]:
    """Return the terms of a comparison, the largest difference first, its visual words as one of them."""
    visual = [term for term in comparison.terms if is_visual(term.token)]
    terms = [term for term in comparison.terms if not is_visual(term.token)]
    if visual:
        terms.append(_summed(visual))
    return sorted(terms, key=lambda term: -abs(term.difference))


def _summed(terms: Sequence[TermDifference]) -> TermDifference:
    here, there = sum(term.contribution for term in terms), sum(term.against_contribution for term in terms)
    return TermDifference(THE_LOOK, sum(term.query_weight for term in terms), here, there, here - there)
