"""The load of an index: documents on their way in or out, recorded in the index, so that the load can be resumed."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from lexlip_lucene.errors import LexlipError
from lexlip_lucene.opensearch.loading import Loading, loading_of
from lexlip_lucene.opensearch.push.bulk import Batch, batches
from lexlip_lucene.opensearch.push.cluster_index import ClusterIndex
from lexlip_lucene.opensearch.push.document_lines import DocumentLines
from lexlip_lucene.opensearch.push.persistence import Persistence
from lexlip_lucene.opensearch.push.sending import entries_of, send_all
from lexlip_lucene.opensearch.push.survey import Survey
from lexlip_lucene.progress import Progress

_SECONDS_BETWEEN = 2.0
"""Records of what the cluster has: each is a change of the cluster's state."""


class Load:
    """The load that is under way in one index.

    Args:
        index: the index.
        facts: of it, without this load.
        loading: the state that it begins with.
        persistence: the rule by which requests are made again.
        progress: what shows how far it is.
    """

    def __init__(
        self,
        index: ClusterIndex,
        facts: Mapping[str, str],
        loading: Loading,
        persistence: Persistence,
        progress: Progress,
    ) -> None:
        self.index, self.facts, self.loading = index, facts, loading
        self._persistence, self._progress = persistence, progress
        self._recorded = time.monotonic()

    def send(self, survey: Survey, lines: DocumentLines) -> None:
        """Send the shards that the cluster has not acknowledged, and let searches see them."""
        first = self.loading.shards
        if first:
            self._progress.note(f"{self.index.name} has {first} of {len(survey.shards)} shards: the others follow")
        left = sum(content.documents for content in list(survey.shards.values())[first:])
        entries = self._progress.track(entries_of(survey.shards, lines, first), "pushing", left)
        self.send_batches(batches(entries, len(survey.shards)))

    def send_batches(self, waiting: Iterable[Batch]) -> None:
        """Send batches, record what the cluster has, and let searches see them."""
        send_all(self.index.connection, loading_alias(self.index.name), waiting, self._persistence, self._acknowledged)
        self._record()
        self.index.refresh()

    def _acknowledged(self, shards: int) -> None:
        if shards > self.loading.shards:
            self.loading = self.loading._replace(shards=shards)
            if time.monotonic() - self._recorded >= _SECONDS_BETWEEN:
                self._record()

    def _record(self) -> None:
        if self.is_under_way():
            self.index.put_facts({**self.facts, **self.loading.fact()})
        self._recorded = time.monotonic()

    def is_under_way(self) -> bool:
        """Return False if another push has completed the same load meanwhile, or the index is gone."""
        return loading_of(self.index.facts() or {}) is not None


@contextmanager
def saying_afterwards(remedy: str) -> Iterator[None]:
    """Add `remedy` to the message of an error of ours."""
    try:
        yield
    except LexlipError as error:
        error.args = (f"{error}; {remedy}", *error.args[1:])
        raise


def loading_alias(index: str) -> str:
    """Return the alias that documents are sent to: once it is gone, none arrives, and nothing is created."""
    return f"{index}.loading"
