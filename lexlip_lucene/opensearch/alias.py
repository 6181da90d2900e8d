"""The index behind an alias, and the facts that its mapping keeps."""

import json
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from lexlip_lucene.errors import ClusterError, InputError, SearchError
from lexlip_lucene.opensearch.connection import Connection
from lexlip_lucene.opensearch.loading import loading_of
from lexlip_lucene.opensearch.mapping import FORMAT


class Behind(NamedTuple):
    """An index that an alias stands for.

    Attributes:
        name: percent-encoded.
        facts: about what made it.
    """

    name: str
    facts: Mapping[str, str]

    @property
    def keywords(self) -> list[str]:
        """The fields to filter by, sorted."""
        return sorted(json.loads(self.facts.get("keywords", "[]")))


def behind(connection: Connection) -> Behind:
    """Return the index that the alias of a connection's address stands for now.

    Raises:
        InputError: the cluster has none of this name.
        SearchError: there are several; or what is there is not whole yet, or was loaded by others or another version;
            or the address is not a cluster's.
        ClusterError: the cluster can't be reached, or refuses.
    """
    address = connection.address
    try:
        found = connection.by_index(quote(address.alias, safe=""), "mappings")
    except ClusterError as error:
        if error.status != 404:
            raise
        raise InputError(f"{address}: the cluster has no index of this name: load one with `lexlip push`") from error
    if len(found) != 1:
        names = ", ".join(sorted(found)) or "none"
        raise SearchError(f"{address}: one index is needed behind an alias, got {names}: search each by its own name")
    [(name, mapping)] = found.items()
    facts = mapping.get("_meta", {})
    if "format" not in facts:
        raise SearchError(
            f"{address} was loaded by others, so its scores are not these: name an alias that `lexlip push` loaded"
        )
    if facts["format"] != FORMAT:
        raise SearchError(
            f"{address} was loaded by another version (format {facts['format']}, needed {FORMAT}): load it again with "
            "`lexlip push`"
        )
    loading = loading_of(facts)
    if loading is not None and loading.kind == "new":
        raise SearchError(f"{address} is not loaded yet: wait for its push, or continue it with `lexlip push --resume`")
    return Behind(quote(name, safe=""), {key: str(value) for key, value in facts.items()})
