"""Changes to an existing index: append, replace, delete, merge; all of a block or nothing."""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array
from support.index_dump import dump, require_sound

from lexlip_lucene.errors import IndexingError, InputError, OutputError, SearchError
from lexlip_lucene.lucene.index.commit import commit_facts
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.vectors.json_vector import format_line

FIRST = [Document("a", "", {"red": 3, "cat": 2}), Document("b", "", {"cat": 1}), Document("c", "", {})]


def collection_of(folder: Path, *documents: Document) -> Path:
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(b"".join(map(format_line, documents)))
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Path:
    ImpactIndex.build(collection_of(tmp_path / "first", *FIRST), tmp_path / "index")
    return tmp_path / "index"


def counts(index: Path) -> tuple[int, ...]:
    facts = commit_facts(index)
    return tuple(int(facts[key]) for key in ("documents", "empty", "postings"))


def content(index: Path) -> dict[str, Impacts]:
    """Return docid → vector of an index without deletions."""
    require_sound(index)
    found = dump(index)
    vectors: dict[str, Impacts] = {docid: {} for docid in found.docids}
    for token, impacts in found.by_docid().items():
        for docid, impact in impacts.items():
            vectors[docid][token] = impact
    return vectors


def test_appended_documents_follow_the_others(index: Path, tmp_path: Path) -> None:
    more = collection_of(tmp_path / "more", Document("d", "", {"cat": 9}), Document("e", "", {}))
    with ImpactIndex.open(index) as writing:
        assert writing.add_collection(more).read == (2, 1, 1, 9)
    assert counts(index) == writing.report[:3] == (5, 2, 4) and writing.report.segments == 2
    with ImpactIndex.open(index) as writing:
        writing.merge()
    assert counts(index) == (5, 2, 4) and writing.report.segments == 1
    assert list(content(index).items()) == [(d.id, d.vector) for d in FIRST] + [("d", {"cat": 9}), ("e", {})]


def test_an_id_that_is_indexed_is_refused_and_nothing_changes(index: Path, tmp_path: Path) -> None:
    more = collection_of(tmp_path / "more", Document("d", "", {"cat": 9}), Document("b", "", {"dog": 1}))
    with (
        pytest.raises(InputError, match=r"document id b is in .*index already: .*--replace"),
        ImpactIndex.open(index) as writing,
    ):
        writing.add_collection(more)
    assert content(index) == {d.id: d.vector for d in FIRST}


def test_replace_puts_documents_in_the_place_of_those_with_their_ids(index: Path, tmp_path: Path) -> None:
    more = collection_of(tmp_path / "more", Document("d", "", {"cat": 9}), Document("a", "", {"dog": 1}))
    with ImpactIndex.open(index) as writing:
        added = writing.add_collection(more, replace=True)
    assert (added.read.documents, added.replaced) == (2, 1)
    assert counts(index) == (4, 1, 3)
    with ImpactSearcher(index) as searcher:
        assert [hit.docid for hit in searcher.search({"cat": 1, "red": 9, "dog": 1})] == ["d", "a", "b"]
    with ImpactIndex.open(index) as writing:
        writing.merge()
    assert counts(index) == (4, 1, 3)
    assert content(index) == {"b": {"cat": 1}, "c": {}, "d": {"cat": 9}, "a": {"dog": 1}}


@pytest.mark.parametrize("memory", [1, 1024])
def test_an_id_twice_in_one_input_is_refused_even_with_replace(memory: int, index: Path, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    for shard in range(4):  # with 1 MB of memory, several batches
        ids = [f"{shard}-{number}" for number in range(20_000)] + (["twice"] if shard in (0, 3) else [])
        (more / f"{shard}.jsonl").write_bytes(b"".join(format_line(Document(docid, "", {"x": 1})) for docid in ids))
    with (
        pytest.raises(InputError, match=r"3.jsonl:20001: document id twice stands already in .*0.jsonl:20001"),
        ImpactIndex.open(index, memory=memory) as writing,
    ):
        writing.add_collection(more, replace=True)
    assert counts(index) == (3, 1, 3)


def test_delete_and_put_in_again(index: Path, tmp_path: Path) -> None:
    with ImpactIndex.open(index) as writing:
        assert writing.delete(["a", "c", "a"]) == 2
        with pytest.raises(InputError, match="no document 'nobody', so nothing is deleted"):
            writing.delete(["b", "nobody"])
    assert counts(index) == (1, 0, 1)
    with pytest.raises(InputError, match="no document 'a'"), ImpactIndex.open(index) as writing:
        writing.delete(["a"])
    with ImpactIndex.open(index) as writing:
        writing.add_collection(collection_of(tmp_path / "again", Document("a", "", {"red": 7})))
        writing.merge()
    assert content(index) == {"b": {"cat": 1}, "a": {"red": 7}} and counts(index) == (2, 0, 2)


def test_a_searcher_that_is_open_keeps_what_it_sees(index: Path, tmp_path: Path) -> None:
    with ImpactSearcher(index) as before:
        seen = before.search({"cat": 1, "red": 1})
        with ImpactIndex.open(index) as writing:
            writing.delete(["a"])
            writing.add_collection(collection_of(tmp_path / "more", Document("z", "", {"cat": 99})))
            writing.merge()
            assert before.search({"cat": 1, "red": 1}) == seen
            with ImpactSearcher(index) as now:  # nothing shows before the block ends
                assert now.search({"cat": 1, "red": 1}) == seen
        assert before.search({"cat": 1, "red": 1}) == seen
    with ImpactSearcher(index) as after:
        assert [hit.docid for hit in after.search({"cat": 1})] == ["z", "b"]


def test_an_error_in_the_block_rolls_everything_back(index: Path) -> None:
    files = sorted(path.name for path in index.iterdir())
    with pytest.raises(ZeroDivisionError), ImpactIndex.open(index) as writing:
        writing.delete(["a"])
        writing.merge()
        raise ZeroDivisionError
    assert sorted(path.name for path in index.iterdir()) == files
    assert content(index) == {d.id: d.vector for d in FIRST}


def test_after_a_failed_step_nothing_is_committed(index: Path, tmp_path: Path) -> None:
    bad = collection_of(tmp_path / "bad", Document("d", "", {"x": 1}), Document("d", "", {"x": 1}))
    with pytest.raises(IndexingError, match="an earlier step failed"), ImpactIndex.open(index) as writing:
        writing.delete(["a"])
        with pytest.raises(InputError, match=r"a.jsonl:2: document id d stands already"):
            writing.add_collection(bad)
    assert content(index) == {d.id: d.vector for d in FIRST}


def test_one_writer_at_a_time(index: Path) -> None:
    with (
        ImpactIndex.open(index),
        pytest.raises(IndexingError, match="index is being written already: wait"),
        ImpactIndex.open(index),
    ):
        pass


def test_only_an_impact_index_of_ours_is_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such folder: .*nowhere"), ImpactIndex.open(tmp_path / "nowhere"):
        pass
    with pytest.raises(SearchError, match="is not a Lucene index"), ImpactIndex.open(tmp_path):
        pass


def test_rows_of_a_matrix_are_documents(tmp_path: Path) -> None:
    matrix = csr_array(np.array([[3, 2, 0], [0, 1, 0], [0, 0, 0]], dtype=np.int16))
    with ImpactIndex.create(tmp_path / "index") as writing:
        added = writing.add(["a", "b", "c"], matrix, ["red", "cat", "big"])
        assert added.read == (3, 1, 3, 6)
        assert not (tmp_path / "index").exists()
    assert content(tmp_path / "index") == {d.id: d.vector for d in FIRST}
    assert writing.report[:3] == (3, 1, 3)
    with ImpactIndex.open(tmp_path / "index") as writing:
        assert writing.add(["b"], matrix[:1], ["x", "y", "z"], replace=True).replaced == 1
    assert counts(tmp_path / "index") == (3, 1, 4)
    with pytest.raises(OutputError, match="exists already"), ImpactIndex.create(tmp_path / "index"):
        pass


ONE = csr_array(np.array([[1]]))


@pytest.mark.parametrize(
    ("ids", "matrix", "tokens", "message"),
    [
        (["a"], np.array([[1]]), ["x"], "a CSR matrix of impacts is needed, got ndarray"),
        (["a", "b"], ONE, ["x"], r"a row for each id and a column for each token, \(2, 1\), got \(1, 1\)"),
        (["a"], csr_array(np.array([[1.0]])), ["x"], "impacts must be integers, got a matrix of float64"),
        (["a"], csr_array(([0], [0], [0, 1])), ["x"], "document a: token 'x' needs an integer weight in 1.*got 0"),
        (["a"], csr_array(([2**24], [0], [0, 1])), ["x"], "got 16777216"),
        (["a"], csr_array(([1, 1], [0, 0], [0, 2]), shape=(1, 1)), ["x"], "each once a row"),
        (["a"], csr_array(np.array([[1, 1]])), ["x", "x"], "tokens must differ, got 'x' twice"),
        (["a"], ONE, ["x y"], "token 'x y' contains white space"),
        (["a"], ONE, ["\ud800"], "is not valid Unicode"),
        ([""], ONE, ["x"], "an id must be a text that is not empty, got ''"),
        (["é" * 20_000], ONE, ["x"], "at most 32766 bytes"),
        (["a", "a"], csr_array(np.array([[1], [1]])), ["x"], "ids must differ, got 'a' twice"),
    ],
)
def test_a_matrix_that_is_not_of_impacts_is_refused(
    ids: list[str], matrix: object, tokens: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message), ImpactIndex.create(tmp_path / "index") as writing:
        writing.add(ids, matrix, tokens)
    assert not (tmp_path / "index").exists()
