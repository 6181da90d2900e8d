"""A document's vector as `rank_features`, for a cluster that forbids scripts.

Lucene keeps a feature's value with nine significant bits, so impacts up to 511 are exact and larger ones are refused.
A query names a feature after the field and a dot, and is cut at its last dot: U+E000 stands for a dot in a token.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.impact_field import IMPACTS
from lexlip_lucene.opensearch.impact_text import DELIMITER
from lexlip_lucene.records import Impacts

MAX_IMPACT = 2**9 - 1


class RankFeatures:
    """The field of such vectors."""

    name: ClassVar[str] = "rank_features"
    mapping: ClassVar[Mapping[str, Any]] = {"type": "rank_features"}
    analysis: ClassVar[Mapping[str, Any]] = {}
    similarities: ClassVar[Mapping[str, Any]] = {}

    def require(self, vector: Impacts, where: str) -> None:
        """Raise InputError, which begins with `where`, if an impact has more than nine bits."""
        if max(vector.values(), default=0) > MAX_IMPACT:
            token = max(vector, key=lambda one: vector[one])
            raise InputError(
                f"{where}: token {token!r} has the impact {vector[token]}, and rank features are exact up to "
                f"{MAX_IMPACT}: encode with --bits 9 or fewer, or push without --rank-features"
            )

    def value(self, vector: Impacts, where: str) -> dict[str, int]:
        """Return the features of a vector.

        Args:
            vector: token → impact.
            where: begins an error message: file:line and docid.

        Raises:
            InputError: an impact has more than nine bits, or a token has U+E000 in it.
        """
        self.require(vector, where)
        if token := next((token for token in vector if DELIMITER in token), None):
            raise InputError(
                f"{where}: token {token!r} has U+E000 in it, which stands for a dot in a cluster: take it out of the "
                "vocabulary"
            )
        return {_feature(token): impact for token, impact in vector.items()}

    def vector(self, value: Mapping[str, int]) -> Impacts:
        """Return the vector of features."""
        return {feature.replace(DELIMITER, "."): impact for feature, impact in value.items()}

    def scored(self, token: str, weight: int) -> dict[str, Any]:
        """Return the query of a token and its weight."""
        return {"rank_feature": {"field": f"{IMPACTS}.{_feature(token)}", "linear": {}, "boost": weight}}

    def any_of(self, tokens: Sequence[str]) -> dict[str, Any]:
        """Return the query that matches the documents with one of `tokens`."""
        return {"bool": {"should": [self.scored(token, 1) for token in tokens]}}


def _feature(token: str) -> str:
    return token.replace(".", DELIMITER)
