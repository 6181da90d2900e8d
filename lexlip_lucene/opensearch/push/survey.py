"""The first reading of a collection: every line is checked before anything of it is sent.

It says what the collection is (a hash of its content), what is in it, and which documents a few queries must find.
Memory does not depend on the collection's size.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.shards import documents_in, find_shards
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.opensearch.entity_spans import EntitySpans
from lexlip_lucene.opensearch.push.document_lines import DocumentLines, Line
from lexlip_lucene.opensearch.push.probes import Probe, Probes, probe_queries
from lexlip_lucene.opensearch.push.repeated_ids import RepeatedIds, hash_of
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.search.collection_facts import (
    OF_ONE_COLLECTION,
    manifest_facts,
    require_manifest_counts,
    stated_sha256,
)
from lexlip_lucene.vectors.json_vector import parse_line
from lexlip_lucene.vectors.manifest import read_manifest


class Content(NamedTuple):
    """The sums of some documents.

    Attributes:
        documents: their number.
        empty: documents without a token.
        postings: tokens of all documents.
        impacts: the sum of all impacts.
        captioned: documents with captions that are searched as text.
        seen_empty: documents whose vector has no token, whatever their captions have.
        seen_postings: tokens of all vectors, without those of captions.
    """

    documents: int = 0
    empty: int = 0
    postings: int = 0
    impacts: int = 0
    captioned: int = 0
    seen_empty: int = 0
    seen_postings: int = 0

    def plus(self, line: Line) -> "Content":
        """Return the sums with one document more."""
        vector = line.document.vector
        return Content(
            self.documents + 1,
            self.empty + (not vector),
            self.postings + len(vector),
            self.impacts + sum(vector.values()),
            self.captioned + line.captioned,
            self.seen_empty + (not line.seen),
            self.seen_postings + line.seen,
        )


class Survey(NamedTuple):
    """A collection that was read once, and may be sent.

    Attributes:
        collection: its folder.
        sha256: of its manifest; of the names and SHA-256 of its shards where it has none.
        facts: what the manifest says.
        shards: in their order, and what is in each.
        total: of all shards.
        max_impact: the largest impact, 0 without any.
        hidden: hidden files and folders, which are passed over.
        probes: queries and the documents that they find.
        entities: kinds and lengths of the names in it.
    """

    collection: Path
    sha256: str
    facts: dict[str, str]
    shards: dict[Path, Content]
    total: Content
    max_impact: int
    hidden: int
    probes: list[Probe]
    entities: EntitySpans


def survey(
    collection: Path,
    lines: DocumentLines,
    *,
    verify: bool = True,
    each: Callable[[str], None] | None = None,
    progress: Progress = SILENT,
) -> Survey:
    """Read a collection once.

    Args:
        collection: folder of shards.
        lines: what becomes of a line.
        verify: compare the shards with the SHA-256 that the manifest says, if there is one.
        each: called with each docid.
        progress: what shows how far it is.

    Raises:
        InputError: it has no document, or a line can't be sent (file:line); an id occurs twice; it is not what its
            manifest says.
    """
    (paths, hidden), manifest = find_shards(collection), read_manifest(collection)
    facts = manifest_facts(collection, manifest)
    stated = stated_sha256(collection, manifest, paths, verify=verify)
    found = _sha256_of(collection, paths, stated)
    reading = _Reading(lines, Probes(probe_queries(paths, lines)), each)
    with RepeatedIds() as ids:
        total = None if manifest is None else manifest.documents
        contents = reading.contents(paths, ids, total, progress)
        _require_distinct(paths, ids.suspected())
    added = Content(*map(sum, zip(*contents.values(), strict=True)))
    if not added.documents:
        raise InputError(f"{collection}: no document in any of its shards, so there is nothing to push")
    require_manifest_counts(collection, manifest, (added.documents, added.seen_empty, added.seen_postings))
    return Survey(
        collection=collection,
        sha256=facts.get(OF_ONE_COLLECTION, found),
        facts=facts,
        shards=contents,
        total=added,
        max_impact=reading.max_impact,
        hidden=hidden,
        probes=reading.probes.found(),
        entities=reading.entities,
    )


class _Reading:
    """The reading of shards, and the largest numbers met."""

    def __init__(self, lines: DocumentLines, probes: Probes, each: Callable[[str], None] | None) -> None:
        self.probes = probes
        self.entities = EntitySpans()
        self.max_impact = 0
        self._lines, self._each = lines, each

    def contents(
        self, paths: Sequence[Path], ids: RepeatedIds, total: int | None, progress: Progress
    ) -> dict[Path, Content]:
        """Read every line, and return what is in each shard."""
        contents = dict.fromkeys(paths, Content())
        lines = ((shard, line) for shard in paths for line in self._lines.lines(documents_in(shard, "collection")))
        for shard, line in progress.track(lines, "checking", total):
            contents[shard] = contents[shard].plus(line)
            self._see(line, ids)
        return contents

    def _see(self, line: Line, ids: RepeatedIds) -> None:
        document = line.document
        ids.add(document.id.encode())
        self.max_impact = max(self.max_impact, max(document.vector.values(), default=0))
        self.probes.see(document)
        self.entities = self.entities.plus(document.vector)
        if self._each is not None:
            self._each(document.id)


def _sha256_of(collection: Path, paths: Sequence[Path], stated: dict[Path, str]) -> str:
    """Return the SHA-256 of the shards' names and SHA-256, once each is what is stated, if anything is."""
    whole = hashlib.sha256()
    for path in paths:
        found = sha256_of(path)
        if stated[path] not in ("", found):
            raise InputError(
                f"{path} is not the file that its manifest lists: SHA-256 {stated[path]} is needed, got {found}; "
                "encode the collection again, or push it as it is with --no-verify"
            )
        whole.update(f"{path.relative_to(collection).as_posix()}\0{found}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def _require_distinct(paths: Sequence[Path], suspected: set[bytes]) -> None:
    """Raise InputError that names both places of an id that occurs twice, if one of the suspected hashes is of one."""
    first: dict[str, str] = {}
    for path in paths if suspected else ():
        for where, text in documents_in(path, "collection"):
            docid = parse_line(text, where).id
            if hash_of(docid.encode()) in suspected:
                if docid in first:
                    raise InputError(f"{where}: document id {docid} stands already in {first[docid]}")
                first[docid] = where
