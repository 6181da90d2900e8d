"""Loading collections into an OpenSearch cluster.

A push of a collection fills an index of its own and checks it; only then does the alias name it, in one step. Whatever
fails before that leaves what served before. Collections are also added to the index that serves, and documents deleted.
"""

import dataclasses
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import require_file
from lexlip_lucene.integers import as_int
from lexlip_lucene.opensearch.cluster_address import ClusterAddress
from lexlip_lucene.opensearch.connection import Connection, Security
from lexlip_lucene.opensearch.english_terms import EnglishTerms
from lexlip_lucene.opensearch.mapping import field_of, impact_field
from lexlip_lucene.opensearch.push.caption_lengths import measured_fields
from lexlip_lucene.opensearch.push.caption_table import CaptionTable, caption_table
from lexlip_lucene.opensearch.push.caption_tokens import CaptionTokens
from lexlip_lucene.opensearch.push.changes import Change, append_sha256, ids_sha256
from lexlip_lucene.opensearch.push.cluster_index import ClusterIndex
from lexlip_lucene.opensearch.push.document_lines import DocumentLines
from lexlip_lucene.opensearch.push.index_facts import keys_of
from lexlip_lucene.opensearch.push.load import loading_alias, saying_afterwards
from lexlip_lucene.opensearch.push.new_index import NewIndex, free_name, index_name, require_short_alias
from lexlip_lucene.opensearch.push.options import NewIndexOptions, checked_options
from lexlip_lucene.opensearch.push.persistence import Persistence
from lexlip_lucene.opensearch.push.present_ids import PresentIds
from lexlip_lucene.opensearch.push.report import PushReport
from lexlip_lucene.opensearch.push.sending import REQUESTS
from lexlip_lucene.opensearch.push.serving import ServedAlias
from lexlip_lucene.opensearch.push.survey import Survey, survey
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.search.caption_fields import CaptionFields
from lexlip_lucene.search.caption_fields import caption_fields as fields_of
from lexlip_lucene.text_list import as_texts

PATIENCE = 120.0
"""Seconds without any success after which a load ends."""

GREEN_SECONDS = 600.0
"""Seconds that the copies of an index may take."""


class OpenSearchSink:
    """An alias in a cluster, which collections are loaded into.

        with OpenSearchSink("http://localhost:9200/photos") as sink:
            report = sink.push("photos-collection", replicas=1)

    Args:
        address: `http://host:9200/alias`.
        security: by default, what the environment says.
        patience: seconds without any success, from a cluster that is busy or away, after which a load ends.
        green: seconds that the copies of a new index may take.
        progress: what shows how far it is.

    Raises:
        InputError: not an address, `patience` is negative or no number, or opensearch-py is not installed.
    """

    def __init__(
        self,
        address: ClusterAddress | str,
        security: Security | None = None,
        *,
        patience: float = PATIENCE,
        green: float = GREEN_SECONDS,
        progress: Progress = SILENT,
    ) -> None:
        self.address = ClusterAddress.of(address) if isinstance(address, str) else address
        if not patience >= 0:
            raise InputError(f"patience must be a number of seconds, 0 or more, got {patience}")
        self._security = security
        self._connection = Connection(self.address, security, requests=REQUESTS)
        self._persistence = Persistence(patience)
        self._served = ServedAlias(self._connection, self._persistence)
        self._green, self._progress = green, progress

    def push(
        self,
        collection: Path | str,
        *,
        shards: int = 1,
        replicas: int | None = None,
        keywords: Sequence[str] = (),
        store: Sequence[str] = (),
        captions: Path | str | None = None,
        caption_fields: Mapping[str, float] | None = None,
        rank_features: bool = False,
        resume: bool = False,
        force: bool = False,
        drop_old: bool = False,
        verify: bool = True,
    ) -> PushReport:
        """Load a collection into an index of its own, and let the alias name it.

        Args:
            collection: folder of shards (`data/shards.py`).
            shards: of the index, 1 to 1,024.
            replicas: copies of each shard beside the first; by default 1, or 0 in a cluster of one node.
            keywords: keys of the lines to filter by.
            store: keys of the lines whose values are kept.
            captions: a captions file, whose captions are searched as text.
            caption_fields: key of the lines → weight of its texts, which are searched beside the vectors in one
                ranking (`search/caption_fields.py`).
            rank_features: let the cluster score without a script; impacts have nine bits at most then.
            resume: continue a load of this collection that ended early.
            force: delete what such a load left, and begin again.
            drop_old: delete the index that served before.
            verify: compare the collection with its manifest's SHA-256.

        Raises:
            InputError: the collection, a line of it (file:line) or an argument is not what is needed.
            OutputError: the alias can't name a new index, or another load is under way.
            IndexingError: the cluster refuses a document, or does not hold what was sent.
            ClusterError: the cluster can't be reached, or refuses a request.
        """
        begun = time.monotonic()
        collection = Path(collection)
        file = None if captions is None else require_file(Path(captions), "captions")
        options = checked_options(shards, keywords, store, file, caption_fields or {}, rank_features=rank_features)
        require_short_alias(self.address.alias)
        serving = self._served.index()
        replicas = self._replicas(replicas)
        with caption_table(file) as table:
            tokens = self._measured(collection, options, serving)
            lines = DocumentLines(options.keywords, options.store, table, tokens, impact_field(options.field))
            surveyed = survey(collection, lines, verify=verify, progress=self._progress)
            unused = _unused(table, surveyed)
            wanted = index_name(self.address.alias, surveyed.sha256, options)
            index = free_name(self._index, wanted, surveyed, serving=serving, resume=resume, force=force)
            fields = CaptionFields() if tokens is None else tokens.fields
            new = NewIndex(index, surveyed, options, fields, self._persistence, self._progress)
            loading = new.begin(resume=resume, force=force)
            as_before = "nothing serves there yet" if serving is None else f"{serving} serves as before"
            with saying_afterwards(f"{as_before}, and the same command with --resume continues"):
                if loading is not None:
                    new.load(loading, lines)
            with saying_afterwards(f"{as_before}, and the same command with --force loads it again"):
                new.check(self._security)
            with saying_afterwards(f"{as_before}, and the same command with --resume continues"):
                new.copy(replicas, self._green)
                report = self._report(index, begun)
                previous = self._served.take(index.name, loading_alias(index.name))
        if previous and drop_old:
            with saying_afterwards(f"{index.name} serves by now, and {previous} is still there"):
                self._index(previous).delete()
        return dataclasses.replace(
            report,
            previous="" if drop_old else previous,
            unused_captions=unused,
            added=surveyed.total.documents,
            hidden=surveyed.hidden,
        )

    def append(
        self,
        collection: Path | str,
        *,
        replace: bool = False,
        captions: Path | str | None = None,
        resume: bool = False,
        force: bool = False,
        verify: bool = True,
    ) -> PushReport:
        """Add the documents of a collection to the index that serves; arguments and errors as in `push`.

        Keywords, stored keys and caption fields are those of the index.

        Args:
            collection: made by the same model as what is in the index.
            replace: documents take the place of those with their ids; otherwise an id that is there is an error.
            captions: a captions file of the collection.
            resume: complete this append, which ended early.
            force: begin although another change of the index ended early; that stays as it is.
            verify: compare the collection with its manifest's SHA-256.
        """
        begun = time.monotonic()
        change = Change(self._index(self._served.required()), "append", self._persistence, self._progress)
        file = None if captions is None else require_file(Path(captions), "captions")
        with caption_table(file) as table:
            fields = fields_of(change.facts)
            tokens = CaptionTokens(fields, self._terms(change.index.name)) if fields.fields else None
            lines = DocumentLines(*keys_of(change.facts), table, tokens, field_of(change.facts))
            present = PresentIds(change.index)
            change.index.refresh()
            surveyed = survey(Path(collection), lines, verify=verify, each=present.see, progress=self._progress)
            unused = _unused(table, surveyed)
            present.end()
            sha256 = append_sha256(surveyed.sha256, file, replace=replace)
            earlier = change.require_free(sha256, resume=resume, force=force)
            if resume and change.is_complete(sha256):
                return dataclasses.replace(self._report(change.index, begun), hidden=surveyed.hidden)
            if present.first_present is not None and not replace and earlier is None:
                raise InputError(
                    f"document id {present.first_present} is in {change.index.name} already: take another id, or "
                    "replace the document (--replace)"
                )
            done = change.append(surveyed, sha256, lines, present, earlier, self._security)
        self._served.require_still(change.index.name)
        report = self._report(change.index, begun)
        return dataclasses.replace(
            report,
            added=surveyed.total.documents,
            replaced=done.replaced,
            unused_captions=unused,
            hidden=surveyed.hidden,
        )

    def delete(self, ids: Iterable[str], *, resume: bool = False, force: bool = False) -> PushReport:
        """Delete documents from the index that serves; `resume`, `force` and errors as in `append`.

        Raises:
            InputError: an id is not in the index; then none is deleted.
        """
        begun = time.monotonic()
        names = list(dict.fromkeys(as_texts(ids, "ids")))
        change = Change(self._index(self._served.required()), "delete", self._persistence, self._progress)
        change.index.refresh()
        earlier = change.require_free(ids_sha256(names), resume=resume, force=force)
        if resume and change.is_complete(ids_sha256(names)):
            return self._report(change.index, begun)
        gone = change.delete(names, earlier)
        self._served.require_still(change.index.name)
        return dataclasses.replace(self._report(change.index, begun), deleted=gone)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _measured(self, collection: Path, options: NewIndexOptions, serving: str | None) -> CaptionTokens | None:
        if not options.caption_fields:
            return None
        terms = self._terms(serving)
        return CaptionTokens(measured_fields(collection, dict(options.caption_fields), terms, self._progress), terms)

    def _terms(self, index: str | None) -> EnglishTerms:
        """Return what analyses texts, by an index that is there if possible: a user may have no rights without one."""
        where = None if index is None else quote(index, safe="")
        return EnglishTerms(self._connection, self._persistence.ask, where)

    def _index(self, name: str) -> ClusterIndex:
        return ClusterIndex(self._connection, name, self._persistence)

    def _replicas(self, stated: int | None) -> int:
        nodes = int(self._connection.request("GET", "/_cluster/health")["number_of_data_nodes"])
        if stated is None:
            return min(1, nodes - 1)
        replicas = as_int(stated, "replicas")
        if not 0 <= replicas < nodes:
            raise InputError(
                f"replicas must be in 0..{nodes - 1} in a cluster of {nodes} nodes for data, each of which holds "
                f"at most one copy of a shard, got {replicas}"
            )
        return replicas

    def _report(self, index: ClusterIndex, begun: float) -> PushReport:
        counted, settings = index.counted(), index.settings()
        return PushReport(
            documents=counted.documents,
            empty=counted.empty,
            postings=counted.postings,
            captioned=counted.captioned,
            index=index.name,
            alias=self.address.alias,
            shards=int(settings["number_of_shards"]),
            replicas=int(settings["number_of_replicas"]),
            bytes=index.bytes(),
            seconds=time.monotonic() - begun,
        )


def _unused(table: CaptionTable | None, surveyed: Survey) -> int:
    """Return how many images with captions are not in the collection; InputError when none is."""
    if table is None:
        return 0
    if not surveyed.total.captioned:
        raise InputError(
            f"{table.path}: no image with captions has the id of a document of {surveyed.collection}: name the "
            "captions file that it was encoded from"
        )
    return table.images - surveyed.total.captioned
