"""The field of a document's impacts: how the cluster keeps them, and how a query scores them.

Both kinds score query weight × impact. A scripted similarity over term frequencies (`impact_text.py`) takes impacts of
any size. `rank_features` (`rank_features.py`) needs no script, and takes nine bits.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from lexlip_lucene.records import Impacts

IMPACTS = "impacts"
"""The field's name."""


class ImpactField(Protocol):
    """A kind of field.

    Attributes:
        name: of the kind, as the facts of an index keep it.
        mapping: of the field.
        analysis: that the mapping names, of the index's settings.
        similarities: that the mapping names.
    """

    name: ClassVar[str]
    mapping: ClassVar[Mapping[str, Any]]
    analysis: ClassVar[Mapping[str, Any]]
    similarities: ClassVar[Mapping[str, Any]]

    def require(self, vector: Impacts, where: str) -> None:
        """Raise InputError, which begins with `where`, if the field can't hold impacts as large as these."""
        ...

    def value(self, vector: Impacts, where: str) -> Any:
        """Return the value of a document's field.

        Args:
            vector: token → impact, as `json_vector.parse_line` has checked it.
            where: begins an error message: file:line and docid.

        Raises:
            InputError: the field can't hold the vector.
        """
        ...

    def vector(self, value: Any) -> Impacts:
        """Return the vector of a value that `value` returned."""
        ...

    def scored(self, token: str, weight: int) -> dict[str, Any]:
        """Return the query that gives a document weight × its impact of the token."""
        ...

    def any_of(self, tokens: Sequence[str]) -> dict[str, Any]:
        """Return the query that matches the documents with one of `tokens`."""
        ...
