"""Changes of the index that serves: a collection added to it, or documents deleted from it.

Both are recorded in the index while they are under way. It is not refreshed meanwhile, so searches see the change once
it is complete, unless a node restarts.
"""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.opensearch.connection import Security
from lexlip_lucene.opensearch.entity_spans import entity_spans
from lexlip_lucene.opensearch.loading import Loading, loading_of
from lexlip_lucene.opensearch.push.bulk import batches, deleted
from lexlip_lucene.opensearch.push.cluster_index import ClusterIndex
from lexlip_lucene.opensearch.push.document_lines import DocumentLines
from lexlip_lucene.opensearch.push.index_facts import MAX_IMPACT, counted_facts, of_no_collection
from lexlip_lucene.opensearch.push.load import Load, loading_alias, saying_afterwards
from lexlip_lucene.opensearch.push.persistence import Persistence
from lexlip_lucene.opensearch.push.present_ids import PresentIds
from lexlip_lucene.opensearch.push.serving import set_loading
from lexlip_lucene.opensearch.push.survey import Survey
from lexlip_lucene.opensearch.push.verification import require_counts, require_hits
from lexlip_lucene.progress import Progress
from lexlip_lucene.search.collection_facts import combined

LAST_CHANGE = "last_change"
"""The fact that says which change was completed last: its kind and SHA-256."""


class Change:
    """A change of an index.

    Args:
        index: the index.
        kind: of the change.
        persistence: how long requests are made again.
        progress: what shows how far it is.

    Raises:
        OutputError: no push made the index.
    """

    def __init__(
        self,
        index: ClusterIndex,
        kind: Literal["append", "delete"],
        persistence: Persistence,
        progress: Progress,
    ) -> None:
        self.index, self.kind = index, kind
        self._persistence, self._progress = persistence, progress
        facts = index.facts()
        if not facts:
            raise OutputError(f"{index.name} is an index that no push made, so it is not changed: push a new one")
        self.facts = facts
        self.under_way = loading_of(facts)
        self._ended = dict(facts)

    def require_free(self, sha256: str, *, resume: bool, force: bool) -> Loading | None:
        """Return the change to be resumed, which is of what has `sha256`; None for one that begins.

        Raises:
            OutputError: another change is under way or ended early, or this one did, and neither option was given.
        """
        other = self.under_way
        if other is None or (force and not resume):
            return None
        same = (other.kind, other.sha256) == (self.kind, sha256)
        if same and resume:
            return other
        what = {"new": "the load", "append": "an append", "delete": "a deletion"}[other.kind]
        which = "this" if same else f"{what} of something else (SHA-256 {other.sha256[:12]}…)"
        raise OutputError(
            f"{self.index.name}: {which} is under way, or ended early: --resume with the same arguments completes it, "
            "--force leaves it as it is and begins this one"
        )

    def is_complete(self, sha256: str) -> bool:
        """Return True if this was the last change of the index, and nothing is under way."""
        return self.under_way is None and self.facts.get(LAST_CHANGE) == f"{self.kind} {sha256}"

    def append(
        self,
        survey: Survey,
        sha256: str,
        lines: DocumentLines,
        present: PresentIds,
        earlier: Loading | None,
        security: Security | None,
    ) -> Loading:
        """Add a surveyed collection, and return what was done.

        Args:
            survey: of the collection.
            sha256: identity of the change.
            lines: what becomes of its lines.
            present: has been asked for all its ids.
            earlier: the same append, to be completed.
            security: for a searcher of the index.

        Raises:
            InputError: it was made by another model than what is in the index.
            IndexingError: counts or hits differ.
        """
        facts = combined_facts(self.index, self.facts, survey)
        before = self.index.counted().documents
        begun = earlier or self._begun(
            sha256, documents=before + survey.total.documents - present.count, replaced=present.count
        )
        max_impact = max(survey.max_impact, int(self.facts.get(MAX_IMPACT, "0")))
        with self._frame(begun) as load:
            load.send(survey, lines)
            self._require(begun)
            require_hits(self.index.address, security, survey.probes, whole=False)
            self._ended = counted_facts(facts, self.index.counted(), max_impact)
        return begun

    def delete(self, ids: Sequence[str], earlier: Loading | None) -> int:
        """Delete documents, and return how many.

        Raises:
            InputError: an id is not in the index; then none is deleted.
            IndexingError: the counts differ.
        """
        if not ids and earlier is None:
            return 0
        present = PresentIds(self.index)
        for docid in ids:
            present.see(docid)
        present.end()
        if earlier is None and present.first_absent is not None:
            raise InputError(
                f"{self.index.name} has no document {present.first_absent!r}, so nothing is deleted: leave it out"
            )
        begun = earlier or self._begun(ids_sha256(ids), documents=self.index.counted().documents - len(ids))
        with self._frame(begun) as load:
            entries = ((0, deleted(docid, "ids")) for docid in self._progress.track(ids, "deleting", len(ids)))
            load.send_batches(batches(entries, 1))
            self._require(begun)
            max_impact = int(self.facts.get(MAX_IMPACT, "0"))
            self._ended = counted_facts(of_no_collection(self.facts), self.index.counted(), max_impact)
        return len(ids)

    def _begun(self, sha256: str, *, documents: int, replaced: int = 0) -> Loading:
        refresh = self.under_way.refresh if self.under_way else self.index.settings().get("refresh_interval")
        return Loading(self.kind, sha256, uuid.uuid4().hex, documents=documents, replaced=replaced, refresh=refresh)

    @contextmanager
    def _frame(self, loading: Loading) -> Iterator[Load]:
        """Record the change, and give the load that makes it; the block sets the facts that hold afterwards."""
        with saying_afterwards("the same command with --resume completes it"):
            self.index.put_facts({**self.facts, **loading.fact()})
            self.index.put_settings(refresh_interval="-1")
            self._alias(there=True)
            yield Load(self.index, self.facts, loading, self._persistence, self._progress)
            self.index.put_settings(refresh_interval=loading.refresh)
            self._alias(there=False)
            self.index.put_facts({**self._ended, LAST_CHANGE: f"{self.kind} {loading.sha256}"})

    def _require(self, loading: Loading) -> None:
        require_counts(self.index.name, self.index.counted(), {"documents": loading.documents or 0})

    def _alias(self, *, there: bool) -> None:
        name = self.index.name
        set_loading(self.index.connection, name, loading_alias(name), self._persistence, there=there)


def combined_facts(index: ClusterIndex, facts: dict[str, str], survey: Survey) -> dict[str, str]:
    """Return the facts of `index` once a collection is in it; InputError when another model made that."""
    there = combined(Path(index.name), of_no_collection(facts), survey.collection, survey.facts)
    return there | entity_spans(facts).merged(survey.entities).fact()


def append_sha256(collection: str, captions: Path | None, *, replace: bool) -> str:
    """Return the identity of an append: the collection's own SHA-256, or one of it and further options.

    Args:
        collection: its SHA-256.
        captions: a captions file.
        replace: documents take the place of those with their ids.
    """
    if captions is None and not replace:
        return collection
    return hashlib.sha256(f"{collection} {captions and sha256_of(captions)} {replace}".encode()).hexdigest()


def ids_sha256(ids: Sequence[str]) -> str:
    """Return the identity of ids to be deleted."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()
