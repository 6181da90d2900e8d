"""The explanation of a score: one line for each token that a document shares with the query; and two compared.

Query {"red": 3, "cat": 2, "dog": 1} and document {"red": 10, "cat": 7} give the contributions 30 and 14, the score
44 and the missing token ("dog", 1). Against the document {"red": 12, "dog": 5}, whose score is 41, the differences
are cat +14, red −6 and dog −5, which add up to 3.
"""

from collections.abc import Mapping
from typing import NamedTuple

from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Impacts


class Term(NamedTuple):
    """A shared token; `contribution` is `query_weight` × `impact`."""

    token: str
    query_weight: int
    impact: int
    contribution: int


class Explanation(NamedTuple):
    """The exact score of document `docid` as the sum of its `terms`, heaviest first.

    `missing` has the query's tokens that the document lacks, with their query weight, heaviest first.
    """

    docid: str
    score: int
    terms: list[Term]
    missing: list[tuple[str, int]]


class TermDifference(NamedTuple):
    """The contributions of a query token to two documents, 0 for one that lacks it.

    `difference` is `contribution` − `against_contribution`.
    """

    token: str
    query_weight: int
    contribution: int
    against_contribution: int
    difference: int


class Comparison(NamedTuple):
    """Two documents under one query: the differences of `terms` add up to `difference`, that of the scores, exactly.

    `terms` has every token of the query that one of the two has, the largest difference first, whatever its sign;
    `missing` those that neither has, with their query weight.
    """

    docid: str
    against: str
    score: int
    against_score: int
    difference: int
    terms: list[TermDifference]
    missing: list[tuple[str, int]]


def explanation_of(query: Impacts, docid: str, impacts: Mapping[str, int]) -> Explanation:
    """Return the explanation of a document's score.

    Args:
        query: token → query weight, an integer of at least 1.
        docid: the document.
        impacts: token → impact of the document; a token of the query that is missing, or is 0, is not in it.
    """
    heaviest = sorted(query.items(), key=lambda item: (-item[1] * (impacts.get(item[0]) or 1), item[0]))
    terms = [
        Term(token, weight, impacts[token], weight * impacts[token]) for token, weight in heaviest if impacts.get(token)
    ]
    missing = [(token, weight) for token, weight in heaviest if not impacts.get(token)]
    return Explanation(docid, sum(term.contribution for term in terms), terms, missing)


def compare(explanation: Explanation, against: Explanation) -> Comparison:
    """Compare the document of `explanation` with that of `against`, which has the same query.

    Raises:
        InputError: they are not of the same query.
    """
    first, second = _contributions(explanation), _contributions(against)
    if first.keys() != second.keys():
        raise InputError(
            f"two explanations of one query are needed, but those of {explanation.docid} and {against.docid} differ "
            "in the query's tokens or weights: explain both with the same query"
        )
    terms = [TermDifference(*key, here, second[key], here - second[key]) for key, here in first.items()]
    terms.sort(key=lambda term: (-abs(term.difference), -term.contribution, term.token))
    return Comparison(
        docid=explanation.docid,
        against=against.docid,
        score=explanation.score,
        against_score=against.score,
        difference=explanation.score - against.score,
        terms=[term for term in terms if term.contribution or term.against_contribution],
        missing=[token for token in explanation.missing if token in against.missing],
    )


def _contributions(explanation: Explanation) -> dict[tuple[str, int], int]:
    """(token, query weight) → contribution, for every token of the query."""
    found = {(term.token, term.query_weight): term.contribution for term in explanation.terms}
    return found | dict.fromkeys(explanation.missing, 0)
