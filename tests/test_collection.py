"""Collections and encoded queries: what is written comes back, and what Anserini would lose is refused."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.records import Document
from lexlip_lucene.vectors import collection
from lexlip_lucene.vectors.collection import (
    Counts,
    read_collection,
    read_queries,
    shards_of,
    write_queries,
    write_shards,
)
from lexlip_lucene.vectors.json_vector import MAX_WEIGHT
from lexlip_lucene.vectors.lexicon import JAVA_WHITE_SPACE

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
tokens = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="".join(JAVA_WHITE_SPACE)), min_size=1, max_size=127
)
odd_tokens = st.sampled_from(['"', "\\", "##s", "a\u00a0b", "\x00", "^2", "a" * 255, "ﬀ", "İ", "e\u0301", "\x85"])
vectors = st.dictionaries(tokens | odd_tokens, st.integers(1, MAX_WEIGHT), max_size=8)
documents = st.builds(Document, texts.filter(bool), texts, vectors)
collections = st.lists(documents, min_size=1, max_size=10, unique_by=lambda document: document.id)


def one_shard(tmp_path: Path, *lines: str) -> Path:
    folder = tmp_path / "c"
    folder.mkdir()
    (folder / "part.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


@given(collections, st.integers(1, 4))
def test_documents_come_back_from_their_shards(
    tmp_path_factory: pytest.TempPathFactory, written: list[Document], shard_documents: int
) -> None:
    folder = tmp_path_factory.mktemp("c")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collection, "SHARD_DOCUMENTS", shard_documents)
        shards, counts = write_shards(folder, written)
    assert list(read_collection(folder)) == written
    assert [path.name for path in shards_of(folder)] == [shard.name for shard in shards]
    sizes = [len(written[begin : begin + shard_documents]) for begin in range(0, len(written), shard_documents)]
    assert [shard.documents for shard in shards] == sizes
    assert all(shard.sha256 == hashlib.sha256((folder / shard.name).read_bytes()).hexdigest() for shard in shards)
    empty = sum(document.vector == {} for document in written)
    assert counts == Counts(len(written), empty, sum(len(document.vector) for document in written))


@settings(max_examples=30)  # each example syncs a file to the disk
@given(collections)
def test_queries_come_back_in_their_order(tmp_path_factory: pytest.TempPathFactory, written: list[Document]) -> None:
    path = tmp_path_factory.mktemp("q") / "queries.jsonl"
    counts = write_queries(path, written)
    assert read_queries(path) == written
    assert counts.documents == len(written)
    assert counts.postings == sum(len(query.vector) for query in written)


def test_a_line_is_the_json_that_anserini_reads(tmp_path: Path) -> None:
    write_shards(tmp_path, [Document("d1", "a cat", {"cat": 3, "a": 1}), Document("d2", "", {})])
    lines = (tmp_path / "part-00000.jsonl").read_bytes().decode().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"id": "d1", "contents": "a cat", "vector": {"cat": 3, "a": 1}},
        {"id": "d2", "contents": "", "vector": {}},
    ]


def test_a_shard_holds_ten_thousand_documents(tmp_path: Path) -> None:
    shards, _ = write_shards(tmp_path, (Document(str(number), "", {}) for number in range(10_001)))
    assert [(shard.name, shard.documents) for shard in shards] == [
        ("part-00000.jsonl", 10_000),
        ("part-00001.jsonl", 1),
    ]


def test_no_document_gives_no_shard(tmp_path: Path) -> None:
    assert write_shards(tmp_path, []) == ([], Counts(0, 0, 0))


def test_a_line_without_contents_is_read(tmp_path: Path) -> None:
    folder = one_shard(tmp_path, '{"id": "d1", "vector": {"a": 1}}', '{"id": "d2", "contents": null, "vector": {}}')
    assert list(read_collection(folder)) == [Document("d1", "", {"a": 1}), Document("d2", "", {})]


VECTOR = '{"id": "d1", "vector": %s}'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "d1", "vec', "a line of JSON is needed"),
        ("", "a line of JSON is needed"),
        ("[1]", "a JSON object is needed, got list"),
        ('{"vector": {"a": 1}}', '"id" must be a text that is not empty, got None'),
        ('{"id": "", "vector": {"a": 1}}', '"id" must be a text that is not empty'),
        ('{"id": 7, "vector": {"a": 1}}', '"id" must be a text that is not empty, got 7'),
        ('{"id": "d1"}', '"vector" of d1 must be an object'),
        ('{"id": "d1", "vector": [1]}', '"vector" of d1 must be an object'),
        ('{"id": "d1", "contents": 3, "vector": {}}', '"contents" of d1 must be a text, got 3'),
        (VECTOR % '{"a": 1.5}', r"document d1: token 'a' needs an integer weight in 1\.\.16777215, got 1\.5"),
        (VECTOR % '{"a": 1.0}', r"token 'a' needs an integer weight in 1\.\.16777215, got 1\.0"),
        (VECTOR % '{"a": true}', "token 'a' needs an integer weight .* got True"),
        (VECTOR % '{"a": "3"}', "token 'a' needs an integer weight .* got '3'"),
        (VECTOR % '{"a": null}', "token 'a' needs an integer weight .* got None"),
        (VECTOR % '{"a": 0}', "token 'a' needs an integer weight .* got 0"),
        (VECTOR % '{"b": 2, "a": -3}', "token 'a' needs an integer weight .* got -3"),
        (VECTOR % '{"a": 16777216}', "token 'a' needs an integer weight .* got 16777216"),
        (VECTOR % '{"a": 99999999999999999999999}', "token 'a' needs an integer weight"),
        (VECTOR % '{"": 1}', "token '' is empty"),
        (VECTOR % '{"new york": 1}', "token 'new york' contains white space"),
        (VECTOR % '{"new\\u3000york": 1}', r"token 'new\\u3000york' contains white space"),
        (VECTOR % f'{{"{"a" * 256}": 1}}', "is longer than 255 characters"),
        (VECTOR % f'{{"{"😀" * 128}": 1}}', "is longer than 255 characters"),
    ],
)
def test_what_anserini_would_lose_is_refused_with_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    folder = one_shard(tmp_path, '{"id": "d0", "vector": {"a": 1}}', line)
    with pytest.raises(InputError, match=f"^{folder}/part.jsonl:2: .*{message}"):
        list(read_collection(folder))
    with pytest.raises(InputError, match=f"^{folder}/part.jsonl:2: .*{message}"):
        read_queries(folder / "part.jsonl")


def test_an_id_in_two_shards_is_refused_with_both_places(tmp_path: Path) -> None:
    folder = one_shard(tmp_path, '{"id": "d1", "vector": {}}', '{"id": "d2", "vector": {}}')
    (folder / "zart.jsonl").write_text('{"id": "d2", "vector": {"a": 1}}\n')
    with pytest.raises(InputError, match=r"zart\.jsonl:1: document id d2 stands already in .*part\.jsonl:2"):
        list(read_collection(folder))


def test_an_id_that_occurs_twice_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="document id d1 occurs twice"):
        write_shards(tmp_path, [Document("d1", "", {}), Document("d2", "", {}), Document("d1", "", {})])


@pytest.mark.parametrize("stray", ["README.md", ".DS_Store", "part.json", "part.jsonl.gz", "manifest"])
def test_a_stray_file_is_refused(tmp_path: Path, stray: str) -> None:
    folder = one_shard(tmp_path, '{"id": "d1", "vector": {}}')
    (folder / stray).touch()
    with pytest.raises(InputError, match=rf"{stray}: a collection folder holds nothing but \*\.jsonl shards"):
        shards_of(folder)


def test_a_folder_named_like_a_shard_is_refused(tmp_path: Path) -> None:
    (tmp_path / "part.jsonl").mkdir()
    with pytest.raises(InputError, match=r"part\.jsonl: a collection folder holds nothing but"):
        shards_of(tmp_path)


def test_an_empty_a_missing_and_a_false_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no \*\.jsonl shard in this folder"):
        shards_of(tmp_path)
    with pytest.raises(InputError, match="collection: no such folder"):
        shards_of(tmp_path / "gone")
    (tmp_path / "file.jsonl").touch()
    with pytest.raises(InputError, match="collection: a folder is needed, but this is a file"):
        shards_of(tmp_path / "file.jsonl")


def test_shards_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / f"{name}.jsonl").write_text(f'{{"id": "{name}", "vector": {{}}}}\n')
    assert [document.id for document in read_collection(tmp_path)] == ["a", "b", "c"]


def test_a_query_file_with_no_query_or_one_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    path.touch()
    with pytest.raises(InputError, match=r"queries\.jsonl: no encoded query in this file"):
        read_queries(path)
    path.write_text('{"id": "q1", "vector": {"a": 1}}\n{"id": "q1", "vector": {"b": 1}}\n')
    with pytest.raises(InputError, match=r"queries\.jsonl:2: query id q1 occurs twice"):
        read_queries(path)
    with pytest.raises(InputError, match="encoded queries: no such file"):
        read_queries(tmp_path / "gone.jsonl")


def test_queries_are_not_overwritten_without_force(tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    write_queries(path, [Document("q1", "", {"a": 1})])
    with pytest.raises(OutputError, match="exists already"):
        write_queries(path, [Document("q2", "", {"a": 1})])
    write_queries(path, [Document("q2", "", {"a": 1})], force=True)
    assert [query.id for query in read_queries(path)] == ["q2"]
