"""The postings of our own builder: those of stock Anserini, whatever threads, shards and memory."""

import random
from pathlib import Path

import pytest
from support.index_dump import dump, postings_of, require_sound

from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.jvm.anserini import index_collection
from lexlip_lucene.progress import SILENT
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.vectors.json_vector import format_line

ODD = ["##ing", "a.b", "|", ".", "non\u00a0breaking", "🙂", "👩‍👧", "\ue000", "ſ", "x" * 255, "é" * 255, "\x7f", '"\\']


def documents() -> list[Document]:
    """Make 150 documents with Zipf-like and odd tokens, impacts of all sizes, empty ones, hostile ids."""
    chance = random.Random(5)
    words = [f"w{number}" for number in range(300)] + ODD
    made = [Document("first", "a picture", {"all": 255})]
    for number in range(150):
        size = chance.choice([0, 1, 5, 20, 60])
        chosen = {words[int(len(words) * chance.random() ** 2)] for _ in range(size)}
        vector: Impacts = {"all": 1, "large": 2**24 - 1} if number % 50 == 1 else {}
        vector |= {word: chance.choice([1, 2, 127, 128, 255, 256, 512, 65_535]) for word in sorted(chosen)}
        made.append(Document(f"{chance.choice(['', '00', 'é ', '🙂%'])}{number}", "", vector))
    return made


def collection_of(folder: Path, documents: list[Document], shards: int) -> Path:
    folder.mkdir()
    for shard in range(shards):
        part = documents[len(documents) * shard // shards : len(documents) * (shard + 1) // shards]
        (folder / f"{shard:02}.jsonl").write_bytes(b"".join(map(format_line, part)))
    return folder


def wanted(documents: list[Document]) -> dict[str, list[tuple[int, int]]]:
    postings: dict[str, list[tuple[int, int]]] = {}
    for number, document in enumerate(documents):
        for token, impact in document.vector.items():
            postings.setdefault(token, []).append((number, impact))
    return postings


@pytest.mark.parametrize(("threads", "shards"), [(1, 1), (4, 1), (1, 7), (4, 7)])
def test_the_index_is_the_collection_in_its_order(threads: int, shards: int, tmp_path: Path) -> None:
    made = documents()
    collection = collection_of(tmp_path / "c", made, shards)
    report = ImpactIndex.build(collection, tmp_path / "index", threads=threads)
    found = dump(tmp_path / "index")
    assert found.docids == [document.id for document in made]
    assert found.postings == wanted(made)
    assert list(found.postings) == sorted(found.postings, key=str.encode)
    empty = sum(not document.vector for document in made)
    assert report[:3] == (151, empty, sum(len(document.vector) for document in made)) and report.segments == 1
    require_sound(tmp_path / "index")


def test_postings_are_those_of_the_stock_route(tmp_path: Path) -> None:
    made = [Document(d.id, "", {t: min(i, 600) for t, i in d.vector.items()}) for d in documents()]
    collection = collection_of(tmp_path / "c", made, 3)
    ImpactIndex.build(collection, tmp_path / "ours")
    options = ["-collection", "JsonVectorCollection", "-impact", "-pretokenized"]
    index_collection(collection, tmp_path / "stock", options=options, threads=1, merge=True, progress=SILENT)
    ours, stock = dump(tmp_path / "ours"), dump(tmp_path / "stock")
    assert ours.by_docid() == stock.by_docid()
    assert set(ours.docids) - set(stock.docids) == {document.id for document in made if not document.vector}


def test_reordered_documents_are_the_same_documents(tmp_path: Path) -> None:
    made = documents()
    collection = collection_of(tmp_path / "c", made, 3)
    ImpactIndex.build(collection, tmp_path / "index", order=True, threads=2)
    found = dump(tmp_path / "index")
    assert sorted(found.docids) == sorted(document.id for document in made)
    wanted_by_docid = {t: {made[n].id: impact for n, impact in pairs} for t, pairs in wanted(made).items()}
    assert found.by_docid() == wanted_by_docid
    require_sound(tmp_path / "index")


def test_a_memory_that_takes_many_batches_gives_the_same_index(tmp_path: Path) -> None:
    made = [Document(f"d{number}", "", {f"w{number % 97}": 1 + number % 300, "all": 3}) for number in range(60_000)]
    collection = collection_of(tmp_path / "c", made, 8)
    for name, memory in (("small", 1), ("large", 1024)):
        ImpactIndex.build(collection, tmp_path / f"{name} parts", memory=memory, merge=False)
        report = ImpactIndex.build(collection, tmp_path / name, memory=memory)
        assert report[:3] == (60_000, 0, 120_000)
    assert len(list((tmp_path / "small parts").glob("*.si"))) > 1 == len(list((tmp_path / "large parts").glob("*.si")))
    assert {file.name: file.stat().st_size for file in (tmp_path / "large").glob("*.doc")} and report.segments == 1
    for name in ("small", "small parts", "large"):
        assert postings_of(tmp_path / name, "w5") == wanted(made)["w5"]
        require_sound(tmp_path / name)


def test_a_line_longer_than_a_block_is_read(tmp_path: Path) -> None:
    long = {f"{number:0200}": 7 for number in range(45_000)}  # 9 MB, and a block has 4
    made = [Document("a", "", {"x": 1}), Document("b", "", long), Document("c", "", {"x": 2})]
    report = ImpactIndex.build(collection_of(tmp_path / "c", made, 1), tmp_path / "index")
    assert report[:3] == (3, 0, 45_002)
    assert postings_of(tmp_path / "index", "x") == [(0, 1), (2, 2)]


def test_the_last_line_needs_no_line_feed_and_an_empty_shard_no_line(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(b'{"id": "1", "vector": {"a": 1}}')
    (folder / "b.jsonl").touch()
    (folder / "c.jsonl").write_bytes(b'{"id": "2", "vector": {"a": 2}}\r\n{"id": "3", "vector": {}}')
    ImpactIndex.build(folder, tmp_path / "index")
    assert dump(tmp_path / "index") == (["1", "2", "3"], {"a": [(0, 1), (1, 2)]})
