"""`lexlip explain --against` and `--maps`, with the model and with stored positions only."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support import tiny
from support.cli_run import Job, copied, done, lexlip, whole_job

from lexlip_lucene.cli.maps import model_of
from lexlip_lucene.errors import SearchError
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.collection import read_collection


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return whole_job(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def documents(job: Job) -> list[Document]:
    """Return the two documents with the most tokens."""
    return sorted(read_collection(job.root / "images"), key=lambda document: -len(document.vector))[:2]


@pytest.fixture(scope="module")
def placed(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Index the job's images with the places of their tokens."""
    root = tmp_path_factory.mktemp("placed")
    model = ("--model", job.root / "modèle")
    done("encode", "images", job.captions, root / "images", "--split", "test", *model, "--positions")
    done("index", root / "images", root / "index", "--store", "positions")
    return root / "index"


def weighted(document: Document, tokens: int = 3) -> str:
    return " ".join(f"{token}:7" for token in list(document.vector)[:tokens])


def test_the_differences_of_two_documents_add_up(job: Job, documents: list[Document]) -> None:
    first, second = documents
    query = f"{weighted(first, 4)} nosuchtoken:2"
    asked = ("explain", job.root / "images index", "--query", query, "--docid")
    alone, other = (done(*asked, document.id) for document in documents)
    record = done(*asked, first.id, "--against", second.id)
    compared = record.pop("against")
    assert record == alone
    assert (compared["docid"], compared["score"]) == (second.id, other["score"])
    assert sum(t["difference"] for t in compared["terms"]) == compared["difference"] == alone["score"] - other["score"]
    for term in compared["terms"]:
        assert term["contribution"] == 7 * first.vector.get(term["token"], 0)
        assert term["against_contribution"] == 7 * second.vector.get(term["token"], 0)
    assert compared["missing"] == [{"token": "nosuchtoken", "query_weight": 2}]


def test_a_comparison_is_printed_as_a_sum(job: Job, documents: list[Document]) -> None:
    first, second = documents
    only = next(token for token in first.vector if token not in second.vector)
    asked = ("explain", job.root / "images index", "--query", f"{only}:2 nosuchtoken:9", "--docid")
    score = 2 * first.vector[only]
    lines = lexlip(*asked, first.id, "--against", second.id).out.splitlines()
    assert lines[0] == f"{first.id} (score {score}) is before {second.id} (0), by {score}"
    assert lines[1].split() == [f"+{score}", "=", str(score), "−", "0", only]
    assert lines[2].split() == ["0", "=", "0", "−", "0", "nosuchtoken"]
    turned = lexlip(*asked, second.id, "--against", first.id).out.splitlines()
    assert turned[0] == f"{second.id} (score 0) is behind {first.id} ({score}), by {score}"
    assert turned[1].split()[0] == f"-{score}"
    same = lexlip(*asked, first.id, "--against", first.id).out
    assert same.startswith(f"{first.id} and {first.id} both have the score {score}: the smaller docid comes first\n")


def draw(job: Job, index: Path, document: Document, file: Path, *options: object) -> dict[str, Any]:
    asked = ("--query", "a red circle on snow with large blue stripes", "--model", job.root / "modèle")
    if "--query" in options:
        asked = ()
    record = done("explain", index, *asked, "--docid", document.id, "--maps", file, "--images", job.captions, *options)
    maps: dict[str, Any] = record["maps"] | {"explained": [term["token"] for term in record["terms"]], "record": record}
    return maps


def test_the_maps_of_a_query_are_drawn_over_the_document_s_picture(
    job: Job, documents: list[Document], tmp_path: Path
) -> None:
    drawn = draw(job, job.root / "images index", documents[0], tmp_path / "maps.png")
    assert drawn["file"] == str(tmp_path / "maps.png")
    assert [each["token"] for each in drawn["tokens"]] == drawn["explained"] != []
    for each in drawn["tokens"]:
        assert max(map(max, each["weights"])) == pytest.approx(each["weight"], rel=1e-5)
        row, column = each["cell"]
        assert each["weights"][row][column] == max(map(max, each["weights"]))
        assert each["placeless"] == 0 and all(0 <= side <= 1 for side in each["box"])
    with Image.open(tmp_path / "maps.png") as image:
        assert image.format == "PNG" and image.width == 12 + min(4, 1 + len(drawn["tokens"])) * 236


def test_stored_positions_give_the_places_without_a_model(
    job: Job, placed: Path, documents: list[Document], tmp_path: Path
) -> None:
    """They are the places of the maps."""
    with_model = draw(job, placed, documents[0], tmp_path / "maps.png")
    query = " ".join(f"{term['token']}:{term['query_weight']}" for term in with_model["record"]["terms"])
    stored = draw(job, placed, documents[0], tmp_path / "places.png", "--query", query)
    assert [each["token"] for each in stored["tokens"]] == stored["explained"] == with_model["explained"]
    assert stored["record"]["boxes"] == {each["token"]: each["box"] for each in stored["tokens"]}
    agree = [here["box"] == there["box"] for here, there in zip(stored["tokens"], with_model["tokens"], strict=True)]
    assert sum(agree) >= len(agree) - 1, "in bfloat16, two places may tie that differ in float32"
    text = lexlip("explain", placed, "--query", query, "--docid", documents[0].id).out.splitlines()[1]
    assert text.endswith(" of 4 × 4)") and "(row " in text


def test_an_index_without_positions_has_no_boxes(job: Job, documents: list[Document]) -> None:
    asked = ("--query", weighted(documents[0]), "--docid", documents[0].id)
    assert "boxes" not in done("explain", job.root / "images index", *asked)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--maps", "x.png"], "give --maps FILE.png and --images together"),
        (["--images", "x"], "give --maps FILE.png and --images together"),
        (["--maps", "x.jpg", "--images", "x"], "its name must end in .png, got x.jpg"),
        (["--maps", "x.png", "--images", "no folder"], "no such file or folder: no folder"),
        (["--against", "nobody"], "images index has no document 'nobody'"),
    ],
)
def test_what_can_not_be_drawn_or_compared_is_refused(
    options: list[str],
    message: str,
    job: Job,
    documents: list[Document],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ("--query", weighted(documents[0]), "--docid", documents[0].id)
    assert message in lexlip("explain", job.root / "images index", *asked, *options).error
    assert list(tmp_path.iterdir()) == []


def test_maps_need_a_model_or_positions(job: Job, documents: list[Document], tmp_path: Path) -> None:
    asked = ("--query", weighted(documents[0]), "--docid", documents[0].id)
    drawn = ("--maps", tmp_path / "x.png", "--images", job.captions)
    error = lexlip("explain", job.root / "images index", *asked, *drawn).error
    assert "--maps needs --model MODEL, or positions, and " in error and "encode with --positions" in error


def test_a_document_that_is_not_among_the_images_is_named(job: Job, documents: list[Document], tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "other.png")
    asked = ("--query", weighted(documents[0]), "--docid", documents[0].id)
    drawn = ("--maps", tmp_path / "x.png", "--images", tmp_path)
    error = lexlip("explain", job.root / "images index", *asked, *drawn).error
    assert f"{tmp_path} has no image with the id '{documents[0].id}'" in error


def test_the_maps_of_another_model_are_refused(job: Job, documents: list[Document], tmp_path: Path) -> None:
    """One with the same vocabulary, so that its queries are taken."""
    other = tiny.without_checksums(copied(job.root / "modèle", tmp_path / "other"))
    weights = bytearray((other / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (other / "model.safetensors").write_bytes(weights)
    with pytest.raises(SearchError, match=r"was made by model .*, but .*other is .*give the model that encoded"):
        model_of(job.root / "images index", other)


def test_broken_positions_are_named(job: Job, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    line = '{"id": "d", "contents": "", "vector": {"red": 1}, "positions": "red"}\n'
    (tmp_path / "c" / "a.jsonl").write_text(line, encoding="utf-8")
    done("index", tmp_path / "c", tmp_path / "index", "--store", "positions")
    error = lexlip("explain", tmp_path / "index", "--query", "red:1", "--docid", "d").error
    assert f"{tmp_path / 'index'}: document d: positions must begin with a grid like 8x8, got 'red'" in error


def test_a_broken_picture_is_named(job: Job, placed: Path, documents: list[Document], tmp_path: Path) -> None:
    (tmp_path / documents[0].id).write_text("no picture")
    (tmp_path / "captions.jsonl").write_text(
        f'{{"id": "{documents[0].id}", "file": "{documents[0].id}", "split": "", "captions": []}}\n', encoding="utf-8"
    )
    asked = ("--query", weighted(documents[0]), "--docid", documents[0].id)
    drawn = ("--maps", tmp_path / "x.png", "--images", tmp_path / "captions.jsonl")
    error = lexlip("explain", placed, *asked, *drawn).error
    assert f"can't read {tmp_path / documents[0].id}: not a JPEG" in error
    assert not (tmp_path / "x.png").exists()
