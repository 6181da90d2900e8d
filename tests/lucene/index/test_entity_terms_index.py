"""Entity terms from the tags of captions to hits: in vectors, in the index, in queries and in explanations."""

from pathlib import Path

import orjson
import pytest
from PIL import Image
from support import tiny
from support.cli_run import done, lexlip

from lexlip_lucene.encode.encode import encode_images, encode_texts
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder
from lexlip_lucene.errors import InputError
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Impacts, Topic
from lexlip_lucene.vectors.collection import read_collection, read_queries
from lexlip_lucene.vectors.manifest import manifest_path, read_manifest
from lexlip_lucene.words.entity_names import is_entity_term

NAMED = {0: [("Lionel Messi", "PER", 0.9)], 1: [("New York", "LOC", 1.0), ("Lionel Messi", "PER", 0.6)], 2: [], 3: []}


def tags(folder: Path, named: dict[int, list[tuple[str, str, float]]], name: str = "tags.jsonl") -> Path:
    lines = [
        {
            "id": f"{number}.png",
            "text": "",
            "entities": [dict(zip(("text", "type", "p"), one, strict=True)) for one in some],
        }
        for number, some in named.items()
    ]
    (folder / name).write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return folder / name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, four pictures, and their collection and index with entity terms and without."""
    root = tmp_path_factory.mktemp("entities")
    tiny.lexlip().save_pretrained(root / "model")
    (root / "photos").mkdir()
    for number in NAMED:
        Image.new("RGB", (40, 30), (60 * number, 250 - 70 * number, 90)).save(root / "photos" / f"{number}.png")
    model = LexLip.from_pretrained(root / "model")
    encode_images(model, root / "photos", root / "plain")
    encode_images(model, root / "photos", root / "named", entities=tags(root, NAMED))
    for name in ("plain", "named"):
        ImpactIndex.build(root / name, root / f"{name}-index")
    return root


def vectors(collection: Path) -> dict[str, Impacts]:
    return {document.id: document.vector for document in read_collection(collection)}


def test_a_vector_has_its_entities_beside_all_of_its_tokens(folder: Path) -> None:
    plain, named = vectors(folder / "plain"), vectors(folder / "named")
    assert plain.keys() == named.keys()
    for docid, vector in named.items():
        assert {token: impact for token, impact in vector.items() if not is_entity_term(token)} == plain[docid]
        assert list(vector.values()) == sorted(vector.values(), reverse=True)
    found = {token: impact for token, impact in named["1.png"].items() if is_entity_term(token)}
    assert found.keys() == {"eloc_new_york", "eper_lionel_messi"}
    assert found["eloc_new_york"] == 255
    assert named["0.png"]["eper_lionel_messi"] > found["eper_lionel_messi"], "its tag is surer"
    manifest = read_manifest(folder / "named")
    assert manifest is not None and manifest.entities
    assert "entities" not in orjson.loads(manifest_path(folder / "plain").read_bytes())


def test_a_query_that_names_an_entity_finds_it_and_the_words_still_count(folder: Path) -> None:
    with ImpactSearcher(folder / "named-index") as searcher:
        asked = searcher.caption_query("photos of LIONEL  MESSI").weights
        assert asked == {"eper_lionel_messi": 255}
        assert [hit.docid for hit in searcher.search(asked, 10)] == ["0.png", "1.png"]
        encoded = LexLipQueryEncoder(folder / "model").encode("a red circle in New York")
        both = {**encoded, **searcher.caption_query("a red circle in New York").weights}
        assert searcher.search(both, 1)[0].docid == "1.png"
        assert "names: new york (place)" in searcher.caption_query("new york").said(searcher.captions)["eloc_new_york"]
        assert not any(map(is_entity_term, searcher.captions.seen(searcher.vector("1.png"))))


def test_a_query_without_an_entity_changes_in_no_hit(folder: Path) -> None:
    with ImpactSearcher(folder / "plain-index") as plain, ImpactSearcher(folder / "named-index") as named:
        for text in ("a red circle", "a blue dog and a cat", "a green star york"):
            encoded = LexLipQueryEncoder(folder / "model").encode(text)
            assert named.caption_query(text).weights == plain.caption_query(text).weights == {}
            assert named.search(encoded, 10) == plain.search(encoded, 10)


def test_the_command_says_which_entities_a_query_names(folder: Path) -> None:
    asked = ["--query", "a circle in new york", "--model", folder / "model"]
    found = lexlip("search", folder / "named-index", *asked).out
    assert "eloc_new_york:255" in found and "1.png" in found.splitlines()[1]
    assert "not among the words" not in found, "the words of a name are known"
    said = lexlip("explain", folder / "named-index", *asked, "--docid", "1.png").out
    assert "eloc_new_york" in said and "names: new york (place)" in said


def test_a_run_of_topics_has_the_entities_that_topics_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "topics.tsv").write_text("1\tnew york\n2\ta red circle\n")
    arguments = ["--topics", tmp_path / "topics.tsv", "--model", folder / "model"]
    for name in ("plain", "named"):
        done("search", folder / f"{name}-index", *arguments, "--output", tmp_path / f"{name}.txt")
    runs = {name: (tmp_path / f"{name}.txt").read_text().splitlines() for name in ("plain", "named")}
    of_second = {name: [line for line in run if line.startswith("2 ")] for name, run in runs.items()}
    assert of_second["plain"] == of_second["named"]
    assert next(line for line in runs["named"] if line.startswith("1 ")).split()[2] == "1.png"


def test_queries_may_get_their_entities_from_a_tagger(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "tags.jsonl"
    path.write_bytes(orjson.dumps({"id": "q", "entities": [{"text": "Lionel Messi", "type": "PER", "p": 0.5}]}) + b"\n")
    model = LexLip.from_pretrained(folder / "model")
    encode_texts(model, [Topic("q", "a dog")], tmp_path / "queries.jsonl", entities=path)
    [query] = read_queries(tmp_path / "queries.jsonl")
    assert query.vector["eper_lionel_messi"] == 128
    words = {token: weight for token, weight in query.vector.items() if not is_entity_term(token)}
    assert words == model.encode_texts(["a dog"])[0]


def test_images_are_added_with_their_entities_and_not_without(folder: Path, tmp_path: Path) -> None:
    model, images = LexLip.from_pretrained(folder / "model"), sorted((folder / "photos").iterdir())
    first = tmp_path / "photos"
    first.mkdir()
    for image in images[:2]:
        (first / image.name).write_bytes(image.read_bytes())
    encode_images(model, first, tmp_path / "c", entities=tags(tmp_path, NAMED))
    for image in images[2:]:
        (first / image.name).write_bytes(image.read_bytes())
    with pytest.raises(InputError, match="was encoded with entities True, but this run has None"):
        encode_images(model, first, tmp_path / "c", update=True)
    later = tags(tmp_path, {**NAMED, 3: [("Paris", "LOC", 1.0)]}, "later.jsonl")
    report = encode_images(model, first, tmp_path / "c", update=True, entities=later)
    assert (report.documents, report.present) == (2, 2)
    assert vectors(tmp_path / "c")["3.png"]["eloc_paris"] == 255


def test_an_index_that_gets_a_collection_with_entities_finds_them(folder: Path, tmp_path: Path) -> None:
    model = LexLip.from_pretrained(folder / "model")
    more = tmp_path / "more"
    more.mkdir()
    Image.new("RGB", (40, 30), "white").save(more / "5.png")
    encode_images(model, more, tmp_path / "c", entities=tags(tmp_path, {5: [("Paris", "LOC", 1.0)]}))
    ImpactIndex.build(folder / "plain", tmp_path / "index")
    done("index", tmp_path / "c", tmp_path / "index", "--append")
    with ImpactSearcher(tmp_path / "index") as searcher:
        assert searcher.caption_query("paris").weights == {"eloc_paris": 255}


def test_an_image_without_a_line_of_tags_ends_the_run_before_it_begins(folder: Path, tmp_path: Path) -> None:
    short = tags(tmp_path, {0: [], 1: [], 2: []})
    with pytest.raises(InputError, match=r"no line of image 3.png"):
        encode_images(LexLip.from_pretrained(folder / "model"), folder / "photos", tmp_path / "c", entities=short)
    assert not (tmp_path / "c").exists()
