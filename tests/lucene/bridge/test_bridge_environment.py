"""Refusals of the system, distinguished from damage by the class of the error."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from pkgutil import resolve_name

import pytest
from support.bridge_collections import create, documents_of, write_collection
from support.index_dump import require_sound
from support.unprivileged import open_folder, tried

from lexlip_lucene.data.shards import ShardFiles
from lexlip_lucene.errors import InputError, JavaError, LexlipError, SearchError
from lexlip_lucene.lucene.index.commit import write_facts
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.index.integrity import check_integrity
from lexlip_lucene.lucene.jvm.java import find_jar
from lexlip_lucene.lucene.jvm.unreadable import why_not_readable
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Impacts

DOCUMENTS: dict[str, Impacts] = {f"d{number}": {"x": 1 + number} for number in range(20)}
MORE: dict[str, Impacts] = {"more": {"x": 99}}


@pytest.fixture
def root() -> Iterator[Path]:
    """Make a sound index, one to spoil, and collections, in a folder that everybody may enter."""
    with open_folder() as folder:
        for name in ("sound", "index"):
            create(folder / name, [DOCUMENTS, {"second": {"x": 3, "y": 2}}])
        write_collection(folder / "fine", documents_of(MORE))
        write_collection(folder / "c", documents_of({"a": {"x": 1}, "b": {"x": 2}}), shards=2)
        yield folder


def copies(root: Path) -> list[Path]:
    """Copy the index once for each of its files, and forbid reading that file in the copy."""
    made = []
    for path in sorted((root / "index").iterdir()):
        if path.name != "write.lock":
            copy = root / f"without {path.name}"
            shutil.copytree(root / "index", copy)
            (copy / path.name).chmod(0)
            made.append(copy)
    return made


def test_an_index_whose_files_may_not_be_read_is_reported_as_that(root: Path) -> None:
    made = copies(root)
    (root / "index" / "above").mkdir()
    shutil.copytree(root / "sound", root / "index" / "above" / "below")
    script = """
unprivileged()
for index in sorted(root.glob("without *")):
    attempt(f"search {index.name}", lambda: search(index))
    attempt(f"facts {index.name}", lambda: commit_facts(index))
    attempt(f"count {index.name}", lambda: document_frequencies(index, ["x"]))
    attempt(f"append {index.name}", lambda: append(index, root / "fine"))
"""
    said = tried(root, script)
    assert len(said) == 4 * len(made)
    for name, (kind, message) in said.items():
        verb, _, index = name.partition(" ")
        file = index.removeprefix("without ")
        assert kind == "SearchError", (name, message)
        assert f"{root}/{index} can't be read: Permission denied: {root}/{index}/{file}" == message, verb
    for folder, below in ((root / "index", ""), (root / "index" / "above", "/below")):
        folder.chmod(0)
        index = f"{folder}{below}"
        said = tried(root, f"unprivileged()\nattempt('search', lambda: search(Path({index!r})))")
        assert said["search"][0] == "SearchError"
        assert said["search"][1].startswith(f"{index} can't be read: Permission denied")
        folder.chmod(0o755)


@pytest.mark.parametrize("lock", [True, False])
def test_an_index_that_may_not_be_written_is_reported_as_that(lock: bool, root: Path) -> None:
    if not lock:
        (root / "index" / "write.lock").unlink()
    (root / "index").chmod(0o555)
    script = 'unprivileged()\nattempt("append", lambda: append(root / "index", root / "fine"))'
    kind, message = tried(root, script)["append"]
    assert kind == "IndexingError"
    assert message.startswith(f"{root}/index can't be opened for writing: Permission denied: {root}/index")
    (root / "index").chmod(0o755)
    require_sound(root / "index")


def test_a_collection_that_may_not_be_read_is_reported_as_that(root: Path) -> None:
    for name in ("no folder", "no manifest"):
        shutil.copytree(root / "c", root / name)
    (root / "no manifest.manifest.json").write_text("{}")
    (root / "captions").mkdir()
    (root / "captions" / "a.jsonl").write_text('{"id": "a", "contents": "a dog"}\n')
    refused = {
        "c": root / "c" / "001.jsonl",
        "no folder": root / "no folder",
        "no manifest": root / "no manifest.manifest.json",
        "captions": root / "captions" / "a.jsonl",
    }
    for path in refused.values():
        path.chmod(0)
    script = """
unprivileged()
for name in ("c", "no folder", "no manifest"):
    attempt(f"build {name}", lambda: ImpactIndex.build(root / name, root / "new"))
    attempt(f"append {name}", lambda: append(root / "copy", root / name))
attempt("bm25 captions", lambda: build_bm25(root / "captions", root / "new"))
"""
    shutil.copytree(root / "sound", root / "copy")
    for path in (root / "copy").iterdir():
        path.chmod(0o666)
    (root / "copy").chmod(0o777)
    said = tried(root, script)
    assert len(said) == 7
    for name, (kind, message) in said.items():
        path = refused[name.partition(" ")[2]]
        assert kind == "InputError", name
        assert message.removeprefix("caption collection: ") == f"can't read {path}: Permission denied"
    assert not (root / "new").exists()
    require_sound(root / "copy")


def test_too_many_open_files_are_reported_as_that_and_leave_the_index_as_it_is(root: Path) -> None:
    script = """
import resource
unprivileged()
def at_most(more, work):
    used = len(os.listdir("/proc/self/fd"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (used - 1 + more, hard))
    try:
        work()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
for more in range(12):
    attempt(f"search {more}", lambda: at_most(more, lambda: search(root / "index")))
    attempt(f"append {more}", lambda: at_most(more, lambda: append(root / "copy", root / "c")))
    attempt(f"build {more}", lambda: at_most(more, lambda: ImpactIndex.build(root / "c", root / f"new {more}")))
"""
    shutil.copytree(root / "index", root / "copy")
    for path in (root / "copy").iterdir():
        path.chmod(0o666)
    (root / "copy").chmod(0o777)
    said = tried(root, script)
    assert len(said) == 36
    failed = {name: message for name, (kind, message) in said.items() if kind}
    assert {name.split()[0] for name in failed} == {"search", "append", "build"}
    for name, message in failed.items():
        assert "Too many open files" in message or "is in" in message, (name, message)
        assert "build it again" not in message and "install" not in message
    for number in range(12):
        assert (root / f"new {number}").exists() == (f"build {number}" not in failed)
    require_sound(root / "copy")


def test_a_commit_that_may_not_be_read_leaves_a_searcher_on_what_it_saw(root: Path) -> None:
    script = """
unprivileged()
searcher = ImpactSearcher(root / "copy")
append(root / "copy", root / "c")
newest = max((root / "copy").glob("segments_*"))
newest.chmod(0)
attempt("refresh", searcher.refresh)
said["documents"] = ["", str(searcher.documents)]
newest.chmod(0o644)
attempt("refresh again", searcher.refresh)
said["documents then"] = ["", str(searcher.documents)]
"""
    shutil.copytree(root / "index", root / "copy")
    for path in (root / "copy").iterdir():
        path.chmod(0o666)
    (root / "copy").chmod(0o777)
    said = tried(root, script)
    assert said["refresh"][0] == "SearchError"
    assert said["refresh"][1].startswith(f"Lucene can't refresh {root}/copy: Permission denied: {root}/copy/segments_")
    assert said["refresh again"] == ("", "") and (said["documents"][1], said["documents then"][1]) == ("21", "23")


def test_an_index_that_vanishes_while_it_is_opened_is_not_called_damaged(tmp_path: Path) -> None:
    index = tmp_path / "index"
    create(index, [DOCUMENTS])
    next(index.glob("*.si")).unlink()
    with pytest.raises(SearchError, match=r"index can't be opened by Lucene .*: build it again"):
        ImpactSearcher(index)  # to Lucene, a file missing from an existing index is damage
    asked = []

    def there_and_gone(path: Path) -> None:
        asked.append(path)
        if len(asked) > 1:
            raise InputError(f"no such folder: {path}")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(InputError, match="no such folder"):
        patch.setattr("lexlip_lucene.lucene.index.commit.require_index_folder", there_and_gone)
        ImpactSearcher(index)
    assert asked == [index, index]


def changed(index: Path) -> None:
    with ImpactIndex.open(index):
        pass


@pytest.mark.parametrize(
    ("use", "step", "said"),
    [
        (ImpactSearcher, "commit:require_index_folder", "index: no such folder"),
        (changed, "impact_index:facts_and_keywords", "can.t be opened for writing: No such file or directory"),
        (partial(write_facts, facts={}), "", "could not write what made .*No such file or folder"),
        (partial(check_integrity, full=False), "integrity:_latest", "index: no such folder"),
        (partial(check_integrity, full=True), "integrity:_require_counts", "index: no such folder"),
    ],
    ids=["searched", "changed", "facts written", "checked", "checked by Lucene"],
)
def test_an_index_that_is_moved_away_meanwhile_is_called_gone_and_not_made_again(
    use: Callable[[Path], object], step: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    create(index, [DOCUMENTS])
    if step:
        name = f"lexlip_lucene.lucene.index.{step}"
        real = resolve_name(name)

        def then_moved(path: Path) -> object:
            found = real(path)
            if index.exists():
                index.rename(tmp_path / "away")
            return found

        monkeypatch.setattr(name.replace(":", "."), then_moved)
    else:
        index.rename(tmp_path / "away")
    with pytest.raises(LexlipError, match=f"{said}: {index}"):
        use(index)
    assert not index.exists()


def test_a_shard_that_vanishes_is_named(tmp_path: Path) -> None:
    collection = write_collection(tmp_path / "c", documents_of(DOCUMENTS), shards=2)

    def listed_before() -> ShardFiles:
        shards = [collection / "000.jsonl", collection / "001.jsonl"]
        shards[1].unlink(missing_ok=True)
        return ShardFiles(shards, 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lexlip_lucene.lucene.index.impact_index.find_shards", lambda _: listed_before())
        with pytest.raises(InputError, match=f"can't read {collection}/001.jsonl: No such file or"):
            ImpactIndex.build(collection, tmp_path / "index")
    assert not (tmp_path / "index").exists()


def test_a_docid_that_is_not_text_names_the_damaged_index(tmp_path: Path) -> None:
    create(tmp_path / "index", [{f"docid-{number:05}": {"x": 1} for number in range(100)}])
    for path in (tmp_path / "index").iterdir():
        content = path.read_bytes()
        if path.suffix == ".dvd":
            assert b"docid-00042" in content
            path.write_bytes(content.replace(b"docid-00042", b"docid-\xff0042"))
    with ImpactSearcher(tmp_path / "index") as searcher:
        hits = searcher.search({"x": 1}, 100)
        with pytest.raises(
            SearchError, match=rf"{tmp_path}/index is damaged: the docid .*xff0042' of a hit is not valid"
        ):
            _ = hits.docids
        with pytest.raises(SearchError, match="is damaged"):
            list(searcher.search_batch({"q": {"x": 1}}, 100)["q"])


LUCENES = "org.apache.lucene.index."


@pytest.mark.parametrize(
    ("java", "message", "again"),
    [
        (f"{LUCENES}CorruptIndexException", "checksum failed", True),
        (f"{LUCENES}IndexFormatTooOldException", "Permission denied", True),
        (f"{LUCENES}IndexFormatTooNewException", "x", True),
        ("java.io.EOFException", "read past EOF", True),
        ("java.nio.file.AccessDeniedException", "/i/CorruptIndexException", False),
        ("java.nio.file.FileSystemException", "/i/x: Too many open files", False),
        ("java.io.IOException", "Input/output error: Could not load codec", False),
        ("java.lang.IllegalStateException", "is in the future", False),
    ],
)
def test_the_class_of_an_error_decides_and_not_its_wording(java: str, message: str, again: bool) -> None:
    assert ("build it again" in why_not_readable(java, message)) == again


def test_a_jar_that_may_not_be_read_is_not_called_incomplete(root: Path) -> None:
    (root / "jars").mkdir()
    (root / "jars" / "anserini-9.9.9-fatjar.jar").write_bytes(b"PK")
    (root / "jars" / "anserini-9.9.9-fatjar.jar").chmod(0)
    script = """
from lexlip_lucene.lucene.jvm.java import find_jar
unprivileged()
os.environ["ANSERINI_CLASSPATH"] = str(root / "jars")
attempt("jar", find_jar)
"""
    assert tried(root, script)["jar"] == (
        "JavaError",
        f"{root}/jars/anserini-9.9.9-fatjar.jar can't be read: Permission denied",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANSERINI_CLASSPATH", str(root / "jars"))
        (root / "jars" / "anserini-9.9.9-fatjar.jar").chmod(0o644)
        with pytest.raises(JavaError, match="is not a complete Anserini jar"):
            find_jar()


def test_a_commit_after_a_refused_one_still_works(root: Path) -> None:
    """The lock of a writer that could not be opened is free again."""
    script = """
unprivileged()
(root / "copy").chmod(0o555)
attempt("refused", lambda: append(root / "copy", root / "c"))
(root / "copy").chmod(0o777)
attempt("then", lambda: append(root / "copy", root / "c"))
"""
    script = script.replace(
        "unprivileged()", "unprivileged()\nimport shutil; shutil.copytree(root / 'index', root / 'copy')"
    )
    said = tried(root, script)
    assert said["refused"][0] == "IndexingError" and said["then"] == ("", "")
