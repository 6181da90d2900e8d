"""`lexlip lexicon`: the tokens of an image, a text or a document, listed and drawn."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PIL import Image
from support.cli_run import Job, done, lexlip, whole_job

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.collection import read_collection, read_queries


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return whole_job(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def document(job: Job) -> Document:
    return max(read_collection(job.root / "images"), key=lambda document: len(document.vector))


def picture(job: Job, document: Document) -> Path:
    return next(image.path for image in read_captions(job.captions) if image.id == document.id)


def test_an_image_a_collection_and_an_index_give_the_same_tokens(job: Job, document: Document) -> None:
    model = ("--model", job.root / "modèle")
    encoded = done("lexicon", "--image", picture(job, document), *model)
    assert encoded["image"] == str(picture(job, document))
    assert encoded["weights"].keys() == document.vector.keys()  # in float32 here; the collection may be in bfloat16
    assert all(abs(weight - document.vector[token]) <= 2 for token, weight in encoded["weights"].items())
    for source in ("images", "images index"):
        assert done("lexicon", job.root / source, "--docid", document.id) == {
            "docid": document.id,
            "weights": document.vector,
        }


def test_a_text_is_encoded_as_the_query_that_it_is(job: Job) -> None:
    query = read_queries(job.root / "queries.jsonl")[0]
    told = done("lexicon", "--text", query.contents, "--model", job.root / "modèle")
    assert told == {"text": query.contents, "weights": query.vector}
    assert done("lexicon", job.root / "queries.jsonl", "--docid", query.id)["weights"] == query.vector


def test_the_table_has_the_heaviest_first_and_says_what_it_leaves_out(job: Job, document: Document) -> None:
    lines = lexlip("lexicon", job.root / "images", "--docid", document.id, "--top", 2).out.splitlines()
    assert lines[0] == f"{document.id}: {len(document.vector)} tokens"
    heaviest = list(document.vector.items())[:2]
    assert [line.split() for line in lines[1:3]] == [
        [str(place), str(weight), token] for place, (token, weight) in enumerate(heaviest, start=1)
    ]
    assert lines[3:] == [f"{len(document.vector) - 2} more"]


def test_nothing_known_is_said_to_be_nothing(job: Job, tmp_path: Path) -> None:
    asked = ("lexicon", "--text", "☃", "--model", job.root / "modèle", "--cloud", tmp_path / "c.svg")
    assert lexlip(*asked).out.splitlines()[0] == "☃: no token"
    assert ET.parse(tmp_path / "c.svg").getroot().findall("*") == []


def test_the_cloud_is_of_the_kind_that_its_name_says(job: Job, document: Document, tmp_path: Path) -> None:
    asked = ("lexicon", job.root / "images", "--docid", document.id, "--cloud")
    assert done(*asked, tmp_path / "cloud.svg")["cloud"] == str(tmp_path / "cloud.svg")
    words = ET.parse(tmp_path / "cloud.svg").getroot().findall("{http://www.w3.org/2000/svg}text")
    assert {word.attrib["data-token"] for word in words} <= set(document.vector) and words
    done(*asked, tmp_path / "cloud.PNG")
    with Image.open(tmp_path / "cloud.PNG") as image:
        assert (image.format, image.size) == ("PNG", (800, 400))


def test_the_maps_of_an_image_are_those_of_its_heaviest_tokens(job: Job, document: Document, tmp_path: Path) -> None:
    model = ("--model", job.root / "modèle")
    record = done("lexicon", "--image", picture(job, document), *model, "--maps", tmp_path / "maps.png")
    assert [each["token"] for each in record["maps"]["tokens"]] == list(record["weights"])[:11]
    with Image.open(tmp_path / "maps.png") as image:
        assert image.format == "PNG"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "lexicon needs exactly one of --docid, --image and --text"),
        (["--text", "x", "--image", "y"], "lexicon needs exactly one of --docid, --image and --text"),
        (["--text", "x"], "--image and --text are encoded: give --model MODEL"),
        (["{images}", "--text", "x", "--model", "{model}"], "goes with --docid: leave it out with --image and --text"),
        (["--docid", "x"], "name that first, lexlip lexicon SOURCE"),
        (["{images}", "--docid", "x", "--model", "{model}"], "is encoded already: leave --model out"),
        (["{images}", "--docid", "nobody"], "images has no document 'nobody'"),
        (["{index}", "--docid", "nobody"], "images index has no document 'nobody'"),
        (["{bm25}", "--docid", "x"], "got bm25: a text index has words, and no weights"),
        (["no such", "--docid", "x"], "index: no such folder: no such"),
        (["--text", "x", "--model", "{model}", "--top", "0"], "--top must be at least 1, got 0"),
        (["--text", "x", "--model", "{model}", "--cloud", "c.pdf"], "ends in .png or .svg, got c.pdf"),
        (["--text", "x", "--model", "{model}", "--maps", "c.png"], "--maps draws over the picture of --image"),
        (["--image", "no.png", "--model", "{model}"], "image: can't read no.png: No such file or directory"),
    ],
)
def test_what_has_no_lexicon_is_refused(
    arguments: list[str], message: str, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    places = {"images": "images", "index": "images index", "bm25": "bm25 index", "model": "modèle"}
    names = {name: job.root / folder for name, folder in places.items()}
    assert message in lexlip("lexicon", *(part.format(**names) for part in arguments)).error
    assert list(tmp_path.iterdir()) == []
