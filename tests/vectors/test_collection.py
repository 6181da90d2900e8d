"""Collections and encoded queries: they come back as written, and what Anserini would lose is refused."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lexlip_lucene.data.shards import find_shards
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
        ("[1]", "a JSON object is needed, got list"),
        ('{"vector": {"a": 1}}', '"id" must be a text that is not empty, or an integer, got None'),
        ('{"id": "", "vector": {"a": 1}}', '"id" must be a text that is not empty'),
        ('{"id": 7.5, "vector": {"a": 1}}', '"id" must be a text that is not empty, or an integer, got 7.5'),
        ('{"id": true, "vector": {"a": 1}}', '"id" must be a text that is not empty, or an integer, got True'),
        ('{"id": "d1"}', '"vector" of d1 must be an object'),
        ('{"id": "d1", "vector": [1]}', '"vector" of d1 must be an object'),
        ('{"id": "d1", "contents": 3, "vector": {}}', '"contents" of d1 must be a text, got 3'),
        (VECTOR % '{"a": 1.5}', r"document d1: token 'a' needs an integer weight in 1\.\.16777215, got 1\.5"),
        (VECTOR % '{"a": 1.0}', r"token 'a' needs an integer weight in 1\.\.16777215, got 1\.0"),
        (VECTOR % '{"a": true}', "token 'a' needs an integer weight .* got True"),
        (VECTOR % '{"a": "3"}', "token 'a' needs an integer weight .* got '3'"),
        (VECTOR % '{"a": null}', "token 'a' needs an integer weight .* got None"),
        (VECTOR % '{"a": 0.0}', "token 'a' needs an integer weight .* got 0.0"),
        (VECTOR % '{"a": false}', "token 'a' needs an integer weight .* got False"),
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


@pytest.mark.parametrize("stray", ["README.md", "part.jsonl.zst", "part.jsonl.bz2", "manifest", "below/notes.txt"])
def test_a_stray_file_is_refused(tmp_path: Path, stray: str) -> None:
    folder = one_shard(tmp_path, '{"id": "d1", "vector": {}}')
    (folder / "below").mkdir()
    (folder / stray).touch()
    with pytest.raises(InputError, match=rf"{stray}: a collection folder holds nothing but shards \(\.jsonl, "):
        shards_of(folder)


def test_shards_are_found_in_sub_folders_and_hidden_files_are_counted(tmp_path: Path) -> None:
    folder = one_shard(tmp_path, '{"id": "d1", "vector": {"a": 1}}')
    for name in ("b.jsonl", "a/c.json", "a/.git/config", ".DS_Store", "._part.jsonl"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f'{{"id": "{name}", "vector": {{}}}}')
    (folder / "a" / "up").symlink_to(folder)
    found = find_shards(folder)
    assert [path.relative_to(folder).as_posix() for path in found.paths] == ["a/c.json", "b.jsonl", "part.jsonl"]
    assert found.hidden == 3
    assert [document.id for document in read_collection(folder)] == ["a/c.json", "b.jsonl", "d1"]


PUBLISHED = [Document("9", "", {"a": 183}), Document("-10", "ü", {"b": 2})]
LINES = (
    '{"id": 9, "contents": "", "vector": {"a": 183, "annual": 0}}',
    '{"id": -10, "contents": "ü", "vector": {"b": 2}}',
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", "\n".join(LINES)),
        ("a.jsonl", "\ufeff" + "\n\n".join(LINES) + "\n \r\n"),
        ("a.jsonl.gz", "\n".join(LINES)),
        ("a.json", "\n".join(LINES)),
        ("a.json", f" [\n{LINES[0]} ,\n\n {LINES[1]}\n]\n"),
        ("a.json", " ".join(LINES).replace(",", ",\n  ").replace("{", "{\n\t")),
        ("a.json.gz", f"[{LINES[0]},{LINES[1]}]"),
        ("A.JSONL.GZ", "\n".join(LINES)),
    ],
)
def test_collections_as_others_publish_them_are_read(tmp_path: Path, name: str, content: str) -> None:
    packed = gzip.compress(content.encode()) if name.lower().endswith("gz") else content.encode()
    (tmp_path / name).write_bytes(packed)
    assert list(read_collection(tmp_path)) == PUBLISHED
    assert read_queries(tmp_path / name) == PUBLISHED


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"id": "a", "vector": {}}', "the array is missing after this document"),
        ('[{"id": "a", "vector": {}} {"id": "b", "vector": {}}]', "a comma or the end"),
        ('[{"id": "a", "vector": {}}] 3', "something follows the array"),
        ('\n{"id": "a", "vector": {}', r"a\.json:2: a collection must be JSON"),
        ('[{"id": "a", "vector": {}},\n\n3]', r"a\.json:3: a JSON object is needed, got int"),
    ],
)
def test_a_json_file_that_is_cut_or_broken_is_named(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=said):
        list(read_collection(tmp_path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"BZh91AY", "compressed by bzip2, and only gzip is read"),
        (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
        (gzip.compress(b'{"id": "a", "vector": {}}', mtime=0)[:-6], "is gzip, and damaged"),
        (b"\x1f\x8bjunk", "is gzip, and damaged"),
    ],
)
def test_what_is_compressed_otherwise_or_damaged_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(content)
    with pytest.raises(InputError, match=f"collection: .*a.jsonl.*{said}"):
        list(read_collection(tmp_path))


@pytest.mark.parametrize("name", ["topics.tsv", "topics.tsv.gz"])
def test_pyserinis_encoded_topics_are_read(tmp_path: Path, name: str) -> None:
    content = b"7\tred red cat\n\n8\t\n"
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert read_queries(tmp_path / name) == [Document("7", "7", {"red": 2, "cat": 1}), Document("8", "8", {})]
    (tmp_path / name).write_bytes(gzip.compress(b"7 red\n") if name.endswith("gz") else b"7 red\n")
    with pytest.raises(InputError, match=rf"{name}:1: an encoded query is 'qid TAB tokens'"):
        read_queries(tmp_path / name)


def test_an_empty_a_missing_and_a_false_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="collection: no shard"):
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
