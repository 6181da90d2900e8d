"""The state of an index while documents go in or out, kept in its own `_meta` so that any machine can resume.

It lives and dies with the index, costs no further index, and is as durable as the cluster's own state. Shards are
acknowledged in their order, so a number says which: the entry stays small however many there are.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import orjson

LOADING_FACT = "loading"


class Loading(NamedTuple):
    """A load that is under way, or ended early.

    Attributes:
        kind: a new index, a collection added to one, or ids deleted.
        sha256: of the collection or of the ids.
        run: of the process that began it.
        shards: of the collection, from the first, that the cluster has acknowledged.
        documents: that the index must have in the end; None: as many as the collection.
        replaced: documents that others take the place of.
        refresh: the index's own `refresh_interval`, set again in the end.
    """

    kind: Literal["new", "append", "delete"]
    sha256: str
    run: str
    shards: int = 0
    documents: int | None = None
    replaced: int = 0
    refresh: str | None = None

    def fact(self) -> dict[str, str]:
        """Return it as a fact."""
        return {LOADING_FACT: orjson.dumps(self._asdict()).decode()}


def loading_of(facts: Mapping[str, str]) -> Loading | None:
    """Return what the facts of an index say is under way; None for an index that is complete."""
    if LOADING_FACT not in facts:
        return None
    record: dict[str, Any] = orjson.loads(facts[LOADING_FACT])
    return Loading(**record)
