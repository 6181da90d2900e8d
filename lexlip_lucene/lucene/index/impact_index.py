"""Writing Lucene indexes of impacts: built from a collection, or opened to add, replace, delete and merge.

Every line is checked while it is read, in Java, and every count compared with the index afterwards.
A new index gets its name only when everything adds up; changes of an old one show to others all at once or never.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Unpack

from lexlip_lucene.data.shards import find_shards
from lexlip_lucene.errors import IndexingError, InputError, SearchError
from lexlip_lucene.files.written import bytes_below, written_folder
from lexlip_lucene.lucene.index.caption_lengths import measured_fields
from lexlip_lucene.lucene.index.commit import SCHEMA, facts_and_keywords, keywords_fact
from lexlip_lucene.lucene.index.counts import Counts, require_on_disk, require_same
from lexlip_lucene.lucene.index.failures import failure
from lexlip_lucene.lucene.index.options import IndexOptions, WriteOptions, checked_options
from lexlip_lucene.lucene.index.report import IndexReport, require_index_place, require_outside
from lexlip_lucene.lucene.index.rows import pieces, require_rows
from lexlip_lucene.lucene.index.writer import Added, IndexWriter, JobFailed, open_writer, packed
from lexlip_lucene.lucene.jvm.jvm import start_jvm
from lexlip_lucene.lucene.jvm.unreadable import reading
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.search.caption_fields import CaptionFields, caption_fields
from lexlip_lucene.search.collection_facts import (
    OF_ONE_COLLECTION,
    combined,
    lasting,
    manifest_facts,
    require_manifest_counts,
    stated_sha256,
)
from lexlip_lucene.text_list import as_texts
from lexlip_lucene.vectors.manifest import read_manifest


class ImpactIndex:
    """A Lucene index in which a document's impact for a token is the token's term frequency, open for writing.

    `open` and `create` give one for the length of a `with` block. What the block did is committed when it ends well
    and rolled back when it raises; searchers that were opened before see nothing of it. One writer at a time.

    `path` is its folder; `report` says what it holds once the block has ended.
    """

    report: IndexReport

    def __init__(
        self, path: Path, writer: IndexWriter, facts: dict[str, str], options: WriteOptions, progress: Progress
    ) -> None:
        self.path = path
        self._writer = writer
        self._options = options
        self._facts = facts
        self._keywords = set(options.keywords)
        self._captions = CaptionFields()
        self._progress = progress
        self._begun = time.monotonic()
        self._documents = writer.count()[0].documents
        self._broken = False
        self._zeros = self._hidden = 0

    @staticmethod
    def build(
        collection: Path | str,
        index: Path | str,
        *,
        merge: bool = True,
        verify: bool = True,
        force: bool = False,
        progress: Progress = SILENT,
        **options: Unpack[IndexOptions],
    ) -> IndexReport:
        """Build the index `index` from `collection`, whole or not at all.

        Documents keep the order of their lines, whatever the number of threads and shards, unless `order` is on.

        Args:
            collection: folder of JsonVectorCollection shards.
            index: folder to be created.
            merge: merge to one segment, which searches fastest; otherwise every part stays a segment of its own.
            verify: compare each shard with the SHA-256 that the collection's manifest says, if it has one.
            force: replace an existing index.
            progress: what shows how far it is.
            **options: `IndexOptions`.

        Raises:
            InputError: `collection` or a line of it (file:line), or another argument, is not what is needed.
            OutputError: `index` exists already, or can't be written.
            IndexingError: Lucene failed, or the counts differ.
            JavaError: no Java 21 or no Anserini jar.
        """
        begun = time.monotonic()
        collection, index = Path(collection), Path(index)
        checked = checked_options(merge_small=merge, **options)
        with reading():
            find_shards(collection)  # what is wrong with it is said before anything is written
        require_outside(index, collection)
        with _created(index, checked, force=force, progress=progress) as writing:
            writing.add_collection(collection, verify=verify)
            if merge:
                writing.merge()
        return writing.report._replace(seconds=time.monotonic() - begun)

    @staticmethod
    @contextmanager
    def create(
        path: Path | str,
        *,
        merge_small: bool = True,
        force: bool = False,
        progress: Progress = SILENT,
        **options: Unpack[IndexOptions],
    ) -> Iterator["ImpactIndex"]:
        """Give a new, empty index to write to; it becomes `path` when the block ends well.

        Arguments as in `build`. Every step that adds documents makes a segment or more. With `merge_small`, 32 segments
        of like size become one when the block ends; without it, all stay as they are.
        """
        checked = checked_options(merge_small=merge_small, **options)
        with _created(Path(path), checked, force=force, progress=progress) as index:
            yield index

    @staticmethod
    @contextmanager
    def open(
        path: Path | str,
        *,
        merge_small: bool = True,
        progress: Progress = SILENT,
        **options: Unpack[IndexOptions],
    ) -> Iterator["ImpactIndex"]:
        """Give the index in the folder `path` to write to. Arguments as in `create`.

        Keys that were keywords before stay so for what is added.

        Raises:
            InputError: no such folder, or an argument is not what is needed.
            SearchError: not an index that this version built, or one of another kind.
            IndexingError: another writer has it, or Lucene failed.
        """
        facts, known = facts_and_keywords(Path(path))
        if facts.get("kind") != "impact":
            raise SearchError(
                f"{path}: an impact index that lexlip built is needed, got {facts.get('kind', 'another')}"
            )
        named = as_texts(options.pop("keywords", ()), "keywords")
        options["keywords"] = (*named, *sorted(known - set(named)))
        if options.get("captions"):
            raise InputError(
                f"{path}: the caption fields of an index are those that it was built with: leave them out, or build it "
                "again"
            )
        checked = checked_options(merge_small=merge_small, **options)
        with open_writer(Path(path), checked, create=False) as writer:
            index = ImpactIndex(Path(path), writer, lasting(facts), checked, progress)
            index._keywords |= known
            index._captions = caption_fields(facts)
            yield index
            index._commit(Path(path))

    def add(self, ids: Sequence[str], matrix: Any, tokens: Sequence[str], *, replace: bool = False) -> Added:
        """Add documents from memory.

        Args:
            ids: docids, different ones.
            matrix: scipy CSR (len(ids), len(tokens)) of integers in 1..2^24−1, columns sorted and each once a row.
            tokens: the token of each column, different ones.
            replace: a document takes the place of the one in the index that has its id; else that is an error.

        Raises:
            InputError: an argument is not what is needed, an id occurs twice, or is in the index without `replace`.
            IndexingError: Lucene failed, or the counts differ.
        """
        require_rows(ids, matrix, tokens)
        with self._step(None):
            rows = self._writer.rows(packed(tokens), replace=replace)
            for piece in pieces(ids, matrix):
                self._writer.add_rows(rows, *piece)
            return self._added(self._writer.end_rows(rows), f"{len(ids)} rows")

    def add_collection(self, collection: Path | str, *, replace: bool = False, verify: bool = True) -> Added:
        """Add the documents of a collection; `replace` and errors as in `add`, errors name file:line.

        With `verify`, a shard must have the SHA-256 that the manifest says, if the collection has one.

        Raises:
            InputError: the collection is not what is needed, has no document, was made by another model, or is not as
                it was written.
            IndexingError: Lucene failed, or the counts differ.
        """
        collection = Path(collection)
        with reading():
            (found, hidden), manifest = find_shards(collection), read_manifest(collection)
            said = manifest_facts(collection, manifest)
        shards = stated_sha256(collection, manifest, found, verify=verify)
        facts = combined(self.path, self._facts, collection, said) if self._documents else said
        with self._step(collection):
            if self._options.captions and not self._captions.fields:
                self._captions = measured_fields(
                    self._writer, collection, found, self._options.captions, said.get("bits"), self._progress
                )
            added = self._writer.read(shards, self._captions, replace=replace, progress=self._progress)
            if not added.read.documents:
                raise InputError(f"{collection}: no document in any of its shards, so there is nothing to index")
            require_manifest_counts(collection, manifest, added.vectors)
            self._facts = facts
            self._zeros, self._hidden = self._zeros + added.zeros, self._hidden + hidden
            return self._added(added, str(collection))

    def delete(self, ids: Iterable[str]) -> int:
        """Delete documents by id and return how many; an id that occurs twice counts once.

        Raises:
            InputError: an id is not in the index; then none is deleted.
            IndexingError: Lucene failed.
        """
        ids = as_texts(ids, "ids")
        with self._step(None):
            deleted = self._writer.delete(dict.fromkeys(ids))
            self._documents -= deleted
            self._facts.pop(OF_ONE_COLLECTION, None)
            return deleted

    def merge(self) -> None:
        """Merge to one segment, which searches fastest and leaves deleted documents out.

        Raises:
            IndexingError: Lucene failed.
        """
        with self._step(None):
            counts, segments = self._writer.count()
            if segments > 1:
                self._progress.note(f"merging {segments} segments of {self.path}")
            self._writer.merge()
            self._require_kept(counts)

    def _require_kept(self, counts: Counts) -> None:
        merged, _ = self._writer.count()
        require_same(counts, merged, str(self.path), "documents, empty, postings, sum of impacts after merging")

    def _added(self, added: Added, what: str) -> Added:
        require_same(added.read, added.written, what, "documents, empty, postings, sum of impacts")
        self._documents += added.read.documents - added.replaced
        reading, sorting, writing = added.seconds
        self._progress.note(f"read in {reading:.1f} s, sorted in {sorting:.1f} s, written in {writing:.1f} s")
        return added

    @contextmanager
    def _step(self, collection: Path | None) -> Iterator[None]:
        if self._broken:
            raise IndexingError(f"an earlier step failed, so {self.path} stays as it was: begin again")
        self._broken = True
        try:
            yield
        except JobFailed as failed:
            self._broken = failed.kind != "absent"  # found before anything was deleted
            raise failure(failed, self.path, collection) from failed
        self._broken = False

    def _commit(self, folder: Path) -> None:
        with self._step(None):
            counts, _ = self._writer.count()
            require_same((self._documents,), (counts.documents,), str(self.path), "documents")
            if self._options.merge_small and self._writer.merge_small():
                self._require_kept(counts)
            numbers = {"documents": counts.documents, "empty": counts.empty, "postings": counts.postings}
            facts = {"kind": "impact", "schema_version": SCHEMA} | {key: str(n) for key, n in numbers.items()}
            kept = self._facts | keywords_fact(self._keywords) | self._captions.fact()
            segments = self._writer.commit(kept | facts)
        seconds = time.monotonic() - self._begun
        self.report = IndexReport(
            **numbers,
            index_bytes=bytes_below(folder),
            seconds=seconds,
            segments=segments,
            zeros=self._zeros,
            hidden=self._hidden,
        )


@contextmanager
def _created(target: Path, options: WriteOptions, *, force: bool, progress: Progress) -> Iterator[ImpactIndex]:
    require_index_place(target, force=force)
    start_jvm()
    with written_folder(target, force=force) as partial, open_writer(partial, options, create=True) as writer:
        index = ImpactIndex(target, writer, {}, options, progress)
        yield index
        index._commit(partial)
        require_on_disk(partial, index.report[:3], str(target))
