"""A document's vector as the text of its field, which the cluster cuts into terms with their frequencies.

The field's similarity is a script that has neither idf nor length norm.

{"red": 3, "##ing": 255} is `red␟3 ##ing␟255`, with U+E000 in the place of ␟: a character of no language, so no
vocabulary has it. The field's analyzer parts the text at white space (tokens of at most 300 UTF-16 units) and takes
what follows the delimiter as the term's frequency.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.impact_field import IMPACTS
from lexlip_lucene.records import Impacts

DELIMITER = "\ue000"

MAX_TOKEN_UNITS = 300
"""UTF-16 units of a token with its delimiter and impact; one of an index has 255 at most, so 264 are never passed."""

MAX_IMPACT_SUM = 2**31 - 1
"""Lucene adds the frequencies of a field up in an int, and refuses the document when it overflows."""


def impact_text(vector: Impacts, where: str) -> str:
    """Return the text of a vector whose tokens and impacts `json_vector.parse_line` has checked; "" for an empty one.

    Args:
        vector: token → impact.
        where: begins an error message: file:line and docid.

    Raises:
        InputError: a token has the delimiter in it, or the impacts add up to 2^31 or more.
    """
    text = " ".join([f"{token}{DELIMITER}{impact}" for token, impact in vector.items()])
    if text.count(DELIMITER) != len(vector):
        token = next(token for token in vector if DELIMITER in token)
        raise InputError(
            f"{where}: token {token!r} has U+E000 in it, which parts token and impact in a cluster: take it out of the "
            "vocabulary"
        )
    require_impact_sum(vector, where)
    return text


def require_impact_sum(vector: Impacts, where: str) -> None:
    """Raise InputError, which begins with `where`, if the impacts add up to 2^31 or more."""
    total = sum(vector.values())
    if total > MAX_IMPACT_SUM:
        raise InputError(
            f"{where}: the impacts add up to {total}, and Lucene takes {MAX_IMPACT_SUM} a document: encode with fewer "
            "--bits or a smaller --top-k"
        )


def vector_of(text: str) -> Impacts:
    """Return the vector of a text that `impact_text` made."""
    pairs = (entry.split(DELIMITER) for entry in text.split(" ") if entry)
    return {token: int(impact) for token, impact in pairs}


class TermFrequencies:
    """The field of such texts."""

    name: ClassVar[str] = "term_frequencies"
    similarities: ClassVar[Mapping[str, Any]] = {
        "impact": {"type": "scripted", "script": {"source": "return query.boost * doc.freq;"}}
    }
    analysis: ClassVar[Mapping[str, Any]] = {
        "tokenizer": {"impacts": {"type": "whitespace", "max_token_length": MAX_TOKEN_UNITS}},
        "filter": {"impacts": {"type": "delimited_term_freq", "delimiter": DELIMITER}},
        "analyzer": {"impacts": {"type": "custom", "tokenizer": "impacts", "filter": ["impacts"]}},
    }
    mapping: ClassVar[Mapping[str, Any]] = {
        "type": "text",
        "analyzer": "impacts",
        "index_options": "freqs",
        "norms": False,
        "similarity": "impact",
    }

    require = staticmethod(require_impact_sum)
    value = staticmethod(impact_text)
    vector = staticmethod(vector_of)

    def scored(self, token: str, weight: int) -> dict[str, Any]:
        """Return the query of a token and its weight."""
        return {"term": {IMPACTS: {"value": token, "boost": weight}}}

    def any_of(self, tokens: Sequence[str]) -> dict[str, Any]:
        """Return the query that matches the documents with one of `tokens`."""
        return {"terms": {IMPACTS: list(tokens)}}
