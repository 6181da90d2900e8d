"""Asking the cluster which of many ids are in an index."""

from lexlip_lucene.opensearch.push.cluster_index import ClusterIndex

_AT_ONCE = 1_000


class PresentIds:
    """A count of the ids that are in an index, as of its last refresh.

    Attributes:
        count: ids seen that are there.
        first_present: the first of them.
        first_absent: the first that is not there.
    """

    def __init__(self, index: ClusterIndex) -> None:
        self.count = 0
        self.first_present: str | None = None
        self.first_absent: str | None = None
        self._index = index
        self._waiting: list[str] = []

    def see(self, docid: str) -> None:
        """Note an id; call `end` after the last one."""
        self._waiting.append(docid)
        if len(self._waiting) == _AT_ONCE:
            self.end()

    def end(self) -> None:
        """Ask for the ids that still wait."""
        if not self._waiting:
            return
        query = {"ids": {"values": self._waiting}}
        hits = self._index.search({"query": query, "size": len(self._waiting), "_source": False})["hits"]["hits"]
        there = {hit["_id"] for hit in hits}
        self.count += len(there)
        if self.first_present is None:
            self.first_present = next((docid for docid in self._waiting if docid in there), None)
        if self.first_absent is None:
            self.first_absent = next((docid for docid in self._waiting if docid not in there), None)
        self._waiting = []
