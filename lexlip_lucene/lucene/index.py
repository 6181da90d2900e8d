"""Building Lucene indexes: of impacts from a collection, and for BM25 from a caption collection.

The collection is read and checked once here, then indexed by Anserini, then the index is opened and every count
compared, because Anserini loses documents without a word. Only what adds up gets the final name.

Worked example: documents {"red": 3, "cat": 2}, {"cat": 1} and {} make 3 documents, 1 empty, 3 postings and 6 as the
sum of the impacts; the index must then hold 2 documents, 3 postings and 6 as the sum of its term frequencies.
"""

import time
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.caption_collection import read_caption_collection
from lexlip_lucene.errors import IndexingError, InputError, OutputError
from lexlip_lucene.files import bytes_below, require_absent, sha256_of, written_folder
from lexlip_lucene.lucene.anserini import index_collection
from lexlip_lucene.lucene.commit import CONTENTS, SCHEMA, open_reader, write_facts
from lexlip_lucene.lucene.jvm import ONE_AT_A_TIME, start_jvm
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.vectors.collection import read_collection
from lexlip_lucene.vectors.manifest import manifest_path, read_manifest

_IMPACT_OPTIONS = ("-collection", "JsonVectorCollection", "-impact", "-pretokenized")
_BM25_OPTIONS = ("-collection", "JsonCollection")

_JAVA_TRIM = "".join(map(chr, range(0x21)))  # what String.trim() cuts, by which Anserini finds a text empty

_MANIFEST_FACTS = ("side", "model_sha256", "vocabulary_sha256", "scale", "rounding", "bits", "top_k")


class IndexReport(NamedTuple):
    """What was built.

    `documents` counts the lines of the collection, the `empty` ones among them (no token, so not in the index);
    `postings` is the number of (token, document) pairs; `index_bytes` the size on disk; `seconds` wall time.
    """

    documents: int
    empty: int
    postings: int
    index_bytes: int
    seconds: float


class _Counts(NamedTuple):
    """What an index must hold; None where the collection does not tell (BM25: the analyser decides)."""

    documents: int
    empty: int
    postings: int | None
    impact_sum: int | None


class ImpactIndex:
    """A Lucene index in which a document's impact for a token is the token's term frequency."""

    @staticmethod
    def build(
        collection: Path,
        index: Path,
        *,
        threads: int = 2,
        merge: bool = True,
        force: bool = False,
        progress: Progress = SILENT,
    ) -> IndexReport:
        """Build the index `index` from `collection`, whole or not at all.

        Args:
            collection: folder of JsonVectorCollection shards.
            index: folder to be created.
            threads: at least 1; every thread takes whole shards.
            merge: merge to one segment, which searches fastest.
            force: replace an index that is there already.
            progress: told what is going on.

        Raises:
            InputError: `collection` or a line of it (file:line) is not what is needed, or `threads` < 1.
            OutputError: `index` exists already, or can't be written.
            IndexingError: Anserini failed, or the counts differ.
            JavaError: no Java 21 or no Anserini jar.
        """
        job = _Job(time.monotonic(), collection, index, threads, merge, force, progress)
        job.check()
        counts = _count_impacts(collection, progress)
        facts = {"kind": "impact"} | _manifest_facts(collection, counts)
        return job.run(_IMPACT_OPTIONS, counts, facts)


def build_bm25(
    collection: Path,
    index: Path,
    *,
    threads: int = 2,
    merge: bool = True,
    force: bool = False,
    progress: Progress = SILENT,
) -> IndexReport:
    """Build a text index from a caption collection (lines `{"id", "contents"}`) with Anserini's default analyser.

    Arguments and errors as in `ImpactIndex.build`. A document is empty when its text is blank; one of nothing but
    stop words is in the index, though no query finds it.
    """
    job = _Job(time.monotonic(), collection, index, threads, merge, force, progress)
    job.check()
    return job.run(_BM25_OPTIONS, _count_texts(collection), {"kind": "bm25"})


class _Job(NamedTuple):
    """One build, whatever its kind."""

    begun: float
    collection: Path
    target: Path
    threads: int
    merge: bool
    force: bool
    progress: Progress

    def run(self, options: tuple[str, ...], counts: _Counts, facts: dict[str, str]) -> IndexReport:
        with written_folder(self.target, force=self.force) as partial:
            self.progress.note(f"indexing {counts.documents} documents of {self.collection} with Anserini")
            index_collection(
                self.collection,
                partial,
                options=options,
                threads=self.threads,
                merge=self.merge,
                progress=self.progress,
            )
            postings = _reconcile(self.collection, partial, counts)
            numbers = {"documents": counts.documents, "empty": counts.empty, "postings": postings}
            write_facts(partial, facts | {"schema_version": SCHEMA} | {key: str(n) for key, n in numbers.items()})
            size = bytes_below(partial)
        return IndexReport(counts.documents, counts.empty, postings, size, time.monotonic() - self.begun)

    def check(self) -> None:
        if self.threads < 1:
            raise InputError(f"threads must be at least 1, got {self.threads}")
        require_absent(self.target, force=self.force)
        if self.target.exists() and not any(self.target.glob("segments_*")):
            raise OutputError(f"{self.target} is there and is no index, so it is not overwritten: choose another name")
        if self.target.resolve().is_relative_to(self.collection.resolve()):
            raise OutputError(f"{self.target} lies in the collection {self.collection}: choose a place beside it")
        start_jvm()


def _count_impacts(collection: Path, progress: Progress) -> _Counts:
    documents = empty = postings = impact_sum = 0
    for document in progress.track(read_collection(collection), "reading the collection"):
        documents += 1
        empty += not document.vector
        postings += len(document.vector)
        impact_sum += sum(document.vector.values())
    if not documents:
        raise InputError(f"{collection}: no document in any of its shards, so there is nothing to index")
    return _Counts(documents, empty, postings, impact_sum)


def _count_texts(collection: Path) -> _Counts:
    texts = read_caption_collection(collection)
    empty = sum(not text.contents.strip(_JAVA_TRIM) for text in texts)
    return _Counts(len(texts), empty, postings=None, impact_sum=None)


def _manifest_facts(collection: Path, counts: _Counts) -> dict[str, str]:
    manifest = read_manifest(collection)
    if manifest is None:
        return {}
    stated = (manifest.documents, manifest.empty, manifest.postings)
    if stated != counts[:3]:
        raise InputError(
            f"{manifest_path(collection)} states documents, empty, postings {stated}, but {collection} has "
            f"{counts[:3]}: encode the collection again, or remove the manifest of another"
        )
    facts = {key: getattr(manifest, key) for key in _MANIFEST_FACTS}
    facts["manifest_sha256"] = sha256_of(manifest_path(collection))
    return {key: str(value) for key, value in facts.items() if value is not None}


def _reconcile(collection: Path, index: Path, counts: _Counts) -> int:
    reader = open_reader(index)
    with ONE_AT_A_TIME:
        postings: int = reader.getSumDocFreq(CONTENTS)
        found = (reader.maxDoc(), postings, reader.getSumTotalTermFreq(CONTENTS))
        reader.close()
    wanted = (counts.documents - counts.empty, counts.postings, counts.impact_sum)
    if any(want not in (None, there) for want, there in zip(wanted, found, strict=True)):
        raise IndexingError(
            f"the index of {collection} does not add up: documents, postings, sum of impacts must be {wanted}, but "
            f"Anserini's index has {found}: did the collection change meanwhile? What was built is {index}"
        )
    return postings
