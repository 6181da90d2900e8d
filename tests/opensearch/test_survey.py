"""The first reading of a collection: what it finds out, and what it refuses before anything is sent."""

import gzip
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pushed import documents, with_manifest, written
from support.oracle import rank

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.opensearch.push.caption_table import caption_table
from lexlip_lucene.opensearch.push.document_lines import DocumentLines
from lexlip_lucene.opensearch.push.probes import Probes
from lexlip_lucene.opensearch.push.repeated_ids import RepeatedIds, hash_of
from lexlip_lucene.opensearch.push.survey import Survey, survey
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.manifest import manifest_path

PLAIN = DocumentLines()


def surveyed(collection: Path, *, verify: bool = True) -> Survey:
    return survey(collection, PLAIN, verify=verify)


def line_of(folder: Path, line: str) -> Path:
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"id": "first", "vector": {"red": 1}}\n' + line + "\n", encoding="utf-8")
    return folder


def test_it_counts_a_collection_and_names_it_by_its_manifest(tmp_path: Path) -> None:
    found = documents(100)
    collection = with_manifest(written(tmp_path / "c", found))
    survey = surveyed(collection)
    assert survey.sha256 == sha256_of(manifest_path(collection))
    assert survey.total[:4] == (
        100,
        sum(not document.vector for document in found),
        sum(len(document.vector) for document in found),
        sum(sum(document.vector.values()) for document in found),
    )
    assert [content.documents for content in survey.shards.values()] == [40, 40, 20]
    assert survey.max_impact == 4


def test_a_collection_without_a_manifest_is_named_by_its_shards(tmp_path: Path) -> None:
    found = documents(50)
    one, same = surveyed(written(tmp_path / "a", found)), surveyed(written(tmp_path / "b", found))
    other = surveyed(written(tmp_path / "c", found[1:]))
    assert one.sha256 == same.sha256 != other.sha256


def test_its_probes_have_the_oracles_hits_ties_by_docid(tmp_path: Path) -> None:
    found = documents(600)
    probes = surveyed(written(tmp_path / "c", found)).probes
    assert len(probes) == 8
    for probe in probes:
        assert probe.hits == rank(probe.query, found, 10)


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3)), max_size=40), st.integers(1, 4))
def test_a_probe_finds_what_the_oracle_finds_in_any_order_of_documents(
    vectors: list[dict[str, int]], kept: int
) -> None:
    found = [Document(f"{place * 7 % 41}", "", vector) for place, vector in enumerate(vectors)]
    probes = Probes([{"a": 2, "b": 1}, {"c": 1}])
    for document in found:
        probes.see(document)
    assert [probe.hits for probe in probes.found()] == [
        rank(query, found, 10) for query in ({"a": 2, "b": 1}, {"c": 1})
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "' + "é" * 257 + '", "vector": {}}', "a.jsonl:2: an id in a cluster has at most 512 bytes"),
        ('{"id": "x", "vector": {"a\\ue000b": 1}}', r"a.jsonl:2: document x: token 'a\\ue000b' has U\+E000"),
        ('{"id": "x", "vector": {"a b": 1}}', "a.jsonl:2: document x: token 'a b' contains white space"),
        ('{"id": "x", "vector": {"a": 1.5}}', "a.jsonl:2: document x: token 'a' needs an integer weight"),
        ('{"id": "first", "vector": {}}', "a.jsonl:2: document id first stands already in .*a.jsonl:1"),
        ('{"id": "x"', "a.jsonl:2: a line of JSON is needed"),
    ],
)
def test_a_line_that_the_cluster_could_not_hold_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        surveyed(line_of(tmp_path / "c", line))


def test_an_id_of_512_bytes_is_taken(tmp_path: Path) -> None:
    assert surveyed(line_of(tmp_path / "c", '{"id": "' + "é" * 256 + '", "vector": {}}')).total.documents == 2


def test_a_shard_that_its_manifest_does_not_list_as_it_is_is_refused(tmp_path: Path) -> None:
    collection = with_manifest(written(tmp_path / "c", documents(10)))
    shard = collection / "part-00000.jsonl"
    shard.write_bytes(shard.read_bytes().replace(b'"contents":""', b'"contents":"-"', 1))
    with pytest.raises(InputError, match=r"part-00000.jsonl is not the file that its manifest lists.*--no-verify"):
        surveyed(collection)
    assert surveyed(collection, verify=False).total.documents == 10


def test_collections_of_others_are_read_as_the_index_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.jsonl.gz").write_bytes(
        gzip.compress(b'{"id": 7, "vector": {"red": 2, "dim": 0}, "more": 1}\n')
    )
    (folder / "b.json").write_bytes(b'[{"id": "b", "vector": {}}, {"id": "c", "vector": {"red": 1}}]')
    (folder / ".hidden").touch()
    survey = surveyed(folder)
    assert (survey.total[:3], survey.hidden) == ((3, 1, 2), 1)


def test_keywords_and_stored_keys_are_texts_as_they_are_written_and_null_is_none() -> None:
    lines = DocumentLines(("split", "n", "list", "gone"), ("list", "n"))
    line = b'{"id": "a", "vector": {}, "split": "val", "n": 1.50e3, "list": ["x", "y"], "gone": null}'
    assert lines.entry(lines.read(line, "a")).lines == (
        '{"index":{"_id":"a"}}\n{"docid":"a","impacts":"","tokens":0,"split":"val","n":"1.50e3","list":["x","y"],'
        '"stored":{"list":"[\\"x\\", \\"y\\"]","n":"1.50e3"}}\n'
    )


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 2**24), st.floats(0, 2), st.sampled_from(["", "red", "a b", "a\ue000"])
)
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "id": VALUES,
        "contents": VALUES,
        "vector": st.one_of(VALUES, st.dictionaries(st.sampled_from(["red", "cat", "a b", "a\ue000", ""]), VALUES)),
    },
)


@given(st.one_of(VALUES, st.lists(VALUES), RECORDS))
def test_a_line_of_known_tokens_is_read_as_any_other(record: object) -> None:
    known, line = DocumentLines(), orjson.dumps(record)
    known.read(b'{"id": "a", "vector": {"red": 1, "cat": 1}}', "a.jsonl:1")
    try:
        expected: object = DocumentLines().read(line, "a.jsonl:2")
    except InputError as error:
        expected = str(error)
    try:
        found: object = known.read(line, "a.jsonl:2")
    except InputError as error:
        found = str(error)
    assert found == expected


@pytest.mark.parametrize("value", ['{"a": 1}', "[1]", '["a", null]'])
def test_a_keyword_that_is_no_text_is_refused(value: str) -> None:
    lines = DocumentLines(("split",))
    with pytest.raises(InputError, match=r'a.jsonl:4: document x: the keyword "split" must be a text, a number'):
        lines.read(b'{"id": "x", "vector": {}, "split": %s}' % value.encode(), "a.jsonl:4")


def test_a_keyword_longer_than_a_term_is_refused() -> None:
    lines = DocumentLines(("split",))
    lines.read(b'{"id": "x", "vector": {}, "split": "%s"}' % (b"a" * 32766), "a")
    with pytest.raises(InputError, match="has 32767 bytes, and Lucene takes 32766"):
        lines.read(b'{"id": "x", "vector": {}, "split": "%s"}' % (b"a" * 32767), "a")


def test_captions_are_joined_and_found_by_the_images_id(tmp_path: Path) -> None:
    file = tmp_path / "captions.jsonl"
    file.write_text(
        '{"id": "a", "file": "a.jpg", "split": "", "captions": ["Two dogs.", "A run"]}\n'
        '{"id": "b", "file": "b.jpg", "split": "", "captions": []}\n'
    )
    with caption_table(file) as table:
        assert (table.text("a"), table.text("b"), table.text("c")) == ("Two dogs. A run", "", None)
    file.write_text(file.read_text() + '{"id": "a", "file": "a.jpg", "split": "", "captions": []}\n')
    with pytest.raises(InputError, match=r"captions.jsonl:3: the id 'a' must be unique"), caption_table(file):
        pass


@settings(max_examples=20)
@given(st.lists(st.binary(min_size=1, max_size=2), max_size=300))
def test_ids_that_occur_twice_are_suspected_and_no_others(ids: list[bytes]) -> None:
    with RepeatedIds() as repeated:
        for docid in ids:
            repeated.add(docid)
        assert repeated.suspected() == {hash_of(docid) for docid in ids if ids.count(docid) > 1}
