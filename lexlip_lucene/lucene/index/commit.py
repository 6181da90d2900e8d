"""Opening an index, and the facts about what made it, which are kept in the Lucene commit's user data.

User data is a map text → text in the file `segments_N`, so it appears and disappears with the index. Ours has
`kind` (`impact` or `bm25`), `schema_version`, the counts `documents`, `empty` and `postings`, and for an impact
index, where its collection has a manifest, `manifest_sha256` and the manifest's own `side`, `model_sha256`,
`vocabulary_sha256`, `scale`, `rounding`, `bits` and `top_k`. One with keywords has `keywords`, a JSON list of the
fields that it has or had: when the last document that has a keyword goes, its field goes from Lucene's segments. One
with caption fields has `captions` (`search/caption_fields.py`). An index built by others has no facts.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lexlip_lucene.errors import IndexingError, InputError, SearchError
from lexlip_lucene.files.written import require_folder
from lexlip_lucene.lucene.jvm.java_paths import to_java
from lexlip_lucene.lucene.jvm.java_texts import unpack_texts
from lexlip_lucene.lucene.jvm.jvm import ONE_AT_A_TIME, JavaObject, as_python, java_class, java_errors_as, start_jvm
from lexlip_lucene.lucene.jvm.unreadable import why_not_readable

SCHEMA = "1"
"""Version of the facts' keys."""

CONTENTS, ID = "contents", "id"
"""Anserini's names of the field that is searched and of the field that holds the docid."""

_KEYWORDS = "keywords"
"""The fact with the names of keyword fields."""


def commit_facts(index: Path) -> dict[str, str]:
    """Return the facts of the index in the folder `index`; {} when others built it.

    Raises:
        InputError: no such folder.
        SearchError: the folder is not an index, or not one that this Lucene and this version read.
    """
    with _reader_of(index) as reader:
        return facts_of(index, reader)


def facts_and_keywords(index: Path) -> tuple[dict[str, str], set[str]]:
    """Return the facts of the index in the folder `index`, and its keyword fields; errors as in `commit_facts`."""
    with _reader_of(index) as reader:
        facts = facts_of(index, reader)
        with ONE_AT_A_TIME:
            there = unpack_texts(as_python(java_class("lexlip.search.Searches").keywordsOf(reader, CONTENTS, ID)))
        return facts, {*there, *kept_keywords(facts)}


def keywords_fact(keywords: Iterable[str]) -> dict[str, str]:
    """Return the fact that keeps these keyword fields known; {} for none."""
    names = sorted(set(keywords))
    return {_KEYWORDS: json.dumps(names)} if names else {}


def kept_keywords(facts: Mapping[str, str]) -> list[str]:
    """Return the keyword fields that the facts of an index know."""
    return [str(name) for name in json.loads(facts.get(_KEYWORDS, "[]"))]


def facts_of(index: Path, reader: JavaObject) -> dict[str, str]:
    """Return the facts of the commit that `reader`, opened on `index`, sees; errors as in `commit_facts`."""
    with ONE_AT_A_TIME:
        data = reader.getIndexCommit().getUserData()
        facts = {key: data.get(key) for key in list(data.keySet().toArray())}
    return checked_facts(index, facts)


def checked_facts(index: Path, facts: dict[str, str]) -> dict[str, str]:
    """Return `facts`, or raise SearchError when they have another schema version."""
    if "kind" in facts and facts.get("schema_version") != SCHEMA:
        raise SearchError(
            f"{index}: schema version {SCHEMA} is needed, got {facts.get('schema_version')}: build the index again"
        )
    return facts


def open_reader(index: Path) -> JavaObject:
    """Return a DirectoryReader on the index; the caller closes it. Errors as in `commit_facts`."""
    require_index_folder(index)
    start_jvm()
    from jnius import JavaException

    with ONE_AT_A_TIME:
        try:
            directory = _open_directory(index)
            reader_class = java_class("org.apache.lucene.index.DirectoryReader")
            if not reader_class.indexExists(directory):
                raise SearchError(f"{index} is not a Lucene index: it has no file segments_…: build one there first")
            return reader_class.open(directory)
        except JavaException as error:
            require_index_folder(index)  # it may be gone by now, and Lucene calls files that are missing damage
            raise SearchError(f"{index} {why_not_readable(error.classname, error.innermessage)}") from error


def require_index_folder(index: Path) -> None:
    """Raise InputError if the folder `index` does not exist, and SearchError if the system does not let it be seen."""
    try:
        require_folder(index, "index")
    except InputError as error:
        if isinstance(error.__cause__, OSError):
            raise SearchError(f"{index} can't be read: {error.__cause__.strerror}") from error
        raise


@contextmanager
def _reader_of(index: Path) -> Iterator[JavaObject]:
    reader = open_reader(index)
    try:
        yield reader
    finally:
        with ONE_AT_A_TIME:
            reader.close()


def write_facts(index: Path, facts: Mapping[str, str]) -> None:
    """Put `facts` into a new commit of the index; its segments stay as they are.

    Raises:
        IndexingError: Lucene can't write the commit.
    """
    with ONE_AT_A_TIME, java_errors_as(IndexingError, f"could not write what made {index} into its commit"):
        config = java_class("org.apache.lucene.index.IndexWriterConfig")()
        config.setOpenMode(java_class("org.apache.lucene.index.IndexWriterConfig$OpenMode").APPEND)
        config.setMergePolicy(java_class("org.apache.lucene.index.NoMergePolicy").INSTANCE)
        data = java_class("java.util.HashMap")()
        for key, value in facts.items():
            data.put(key, value)
        writer = java_class("org.apache.lucene.index.IndexWriter")(_open_directory(index), config)
        writer.setLiveCommitData(data.entrySet())
        writer.commit()
        writer.close()


def _open_directory(index: Path) -> JavaObject:
    path = java_class("java.nio.file.Paths").get(to_java(index.absolute()))
    return java_class("lexlip.check.IndexFolder").open(path)
