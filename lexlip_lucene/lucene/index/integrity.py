"""An index's files against the checksums in their footers, and its counts against what its commit states."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lexlip_lucene.errors import IndexingError, LexlipError, SearchError
from lexlip_lucene.lucene.index.commit import commit_facts, require_index_folder
from lexlip_lucene.lucene.index.counts import require_on_disk
from lexlip_lucene.lucene.jvm.java_paths import to_java
from lexlip_lucene.lucene.jvm.jvm import StaticMethods, as_python
from lexlip_lucene.lucene.jvm.unreadable import damaged, said

_COMMIT = re.compile("segments_[0-9a-z]+")

_ATTEMPTS = 3
"""At checking an index while it is written to."""


class IndexDamage(LexlipError):
    """A file of an index is not what its checksum says, or its counts are not what its commit states."""


def check_integrity(index: Path, *, full: bool) -> tuple[int, int]:
    """Compare every file of the index's latest commit; return how many files and bytes were compared.

    Args:
        index: folder of a Lucene index, ours or others'.
        full: also run Lucene's CheckIndex, which reads every posting.

    Raises:
        IndexDamage: the first file that differs or is missing.
        InputError: no such folder.
        SearchError: not an index, or it can't be read.
        JavaError: no Java 21.
    """
    for _ in range(_ATTEMPTS):
        latest = _latest(index)
        try:
            return _compared(index, latest, full=full)
        except IndexDamage:
            if _latest(index) == latest:  # else a writer committed meanwhile, and removed files of the commit before
                raise
    return _compared(index, _latest(index), full=full)


def _compared(index: Path, latest: str, *, full: bool) -> tuple[int, int]:
    java, folder = StaticMethods("lexlip.check.Integrity"), to_java(index.absolute())

    def compare(names: Iterable[str]) -> int:
        total = 0
        for name in names:
            with _damage_named(index / name):
                total += java.compare(folder, name)
        return total

    compare([latest])
    try:
        with _damage_named(index):
            names = list(java.files(folder))
    except IndexDamage:
        compare(sorted(path.name for path in index.glob("_*.si")))  # to name the one that it is
        raise
    size = compare(names)
    _require_counts(index)
    if full:
        with _damage_named(index):
            found = as_python(java.checkIndex(folder))
        if found is not None:
            raise IndexDamage(f"{index} is damaged, says Lucene's CheckIndex: {found.decode()}")
    return len(names), size


def _latest(index: Path) -> str:
    """Return the name of the latest commit's file; errors as in `check_integrity`."""
    require_index_folder(index)
    commits = [path.name for path in index.iterdir() if _COMMIT.fullmatch(path.name)]
    if commits:
        return max(commits, key=lambda name: int(name.removeprefix("segments_"), 36))
    if any(index.glob("_*.si")):
        raise IndexDamage(f"{index} has files of segments, but no file segments_… that names them")
    raise SearchError(f"{index} is not a Lucene index: it has no file segments_…")


def _require_counts(index: Path) -> None:
    try:
        facts = commit_facts(index)
    except SearchError as error:
        if damaged(getattr(error.__cause__, "classname", "")):
            raise IndexDamage(str(error)) from error
        raise
    if not {"documents", "empty", "postings"} <= facts.keys():
        return
    documents, empty, postings = (int(facts[key]) for key in ("documents", "empty", "postings"))
    if facts.get("kind") == "bm25":
        documents -= empty  # Anserini leaves them out
    try:
        require_on_disk(index, (documents, empty, postings), str(index))
    except IndexingError as error:
        raise IndexDamage(str(error)) from error


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """Turn a Java exception of the block into IndexDamage that names `path`, or into SearchError if it says nothing."""
    from jnius import JavaException

    try:
        yield
    except JavaException as error:
        reason = said(error.classname, error.innermessage, path)
        if damaged(error.classname):
            raise IndexDamage(f"{path} is damaged: {reason}") from error
        raise SearchError(f"{path} can't be checked: {reason}") from error
