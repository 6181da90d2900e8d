"""`lexlip classify` as it is run: its output, its files and its errors."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import pytest
from PIL import Image
from support import tiny
from support.cli_run import done, lexlip

from lexlip_lucene.cli.classify import LINES_SHOWN
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.data.labels import Label
from lexlip_lucene.encode.arithmetic import Arithmetic
from lexlip_lucene.encode.late_labels import encode_late_labels
from lexlip_lucene.encode.zero_shot import Prediction, classify_images
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.query.late_query import LateQuery
from lexlip_lucene.recipes.model_spec import LateSpec

KEYS = {"images", "rejected", "labels", "prompts", "known", "top-1", "top-5", "seconds", "output"}
LABELS = "red\nn1\tdog\ncircle\nstar\ncat\nblue\n"
NAMES, WORDS = ["red", "n1", "circle", "star", "cat", "blue"], ["red", "dog", "circle", "star", "cat", "blue"]


class Case(NamedTuple):
    """One folder a class, a model and labels; one class is not a label and one picture is broken."""

    root: Path
    photos: Path
    captions: Path
    options: list[object]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    root = tmp_path_factory.mktemp("classify é")
    chance = np.random.default_rng(1)
    names = ["red/1 é.png", "n1/2.png", "n1/deep/3.png", "other/4.png", "5.png", "red/broken.png"]
    for name in names:
        path = root / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chance.integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(path)
    path.write_bytes(b"no picture")
    lines = [
        {"id": f"i{number}", "file": f"photos/{name}", "split": "ab"[number % 2], "captions": []}
        for number, name in enumerate(names)
    ]
    (root / "captions.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    (root / "labels.txt").write_text(LABELS, encoding="utf-8")
    tiny.lexlip().save_pretrained(root / "model")
    tiny.lexlip(late=LateSpec(width=8)).save_pretrained(root / "late")
    options = ["--labels", root / "labels.txt", "--model", root / "model", "--precision", "float32"]
    return Case(root, root / "photos", root / "captions.jsonl", options)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def slow(case: Case, names: list[str], templates: list[str], k: int) -> dict[str, list[dict[str, Any]]]:
    """Label images by dot products over dicts, from the model's own vectors."""
    model = LexLip.from_pretrained(case.root / "model")
    found = {}
    for name, image in zip(names, model.encode_images([case.photos / name for name in names]), strict=True):
        scores = []
        for label, words in zip(NAMES, WORDS, strict=True):
            prompts = model.encode_texts([template.replace("{}", words) for template in templates])
            dots = [sum(weight * image.get(token, 0) for token, weight in prompt.items()) for prompt in prompts]
            scores.append({"label": label, "score": sum(dots) / len(dots)})
        found[name] = [one for one in sorted(scores, key=lambda one: -one["score"]) if one["score"] > 0][:k]
    return found


def test_the_whole_of_it_is_dot_products_of_the_model_s_own_vectors(case: Case, tmp_path: Path) -> None:
    prompts, output = tmp_path / "prompts.txt", tmp_path / "new" / "classes.jsonl"
    templates = ["a {}", "two {} over a {x!r} {{0}"]
    prompts.write_text("\n".join(templates), encoding="utf-8")
    record = done("classify", case.photos, *case.options, "--prompts", prompts, "--output", output, "-k", 3)
    assert set(record) >= KEYS
    assert (record["images"], record["classified"], record["rejected"]) == (6, 5, 1)
    assert (record["labels"], record["prompts"], record["known"]) == (6, 2, 3)
    assert record["output"] == str(output) and record["seconds"] > 0
    (rejected,) = record["rejected_images"]
    assert rejected["id"] == "red/broken.png" and "not a JPEG" in rejected["reason"]
    lines = lines_of(output)
    assert [line["id"] for line in lines] == ["5.png", "n1/2.png", "n1/deep/3.png", "other/4.png", "red/1 é.png"]
    assert {line["id"]: line["labels"] for line in lines} == slow(case, [line["id"] for line in lines], templates, 3)
    assert [line.get("truth") for line in lines] == [None, "n1", "n1", None, "red"]
    five = slow(case, [line["id"] for line in lines if "truth" in line], templates, 5)
    best = [[one["label"] for one in five[line["id"]]] for line in lines if "truth" in line]
    truths = [line["truth"] for line in lines if "truth" in line]
    pairs = list(zip(best, truths, strict=True))
    assert record["top-1"] == pytest.approx(sum(names[:1] == [truth] for names, truth in pairs) / 3)
    assert record["top-5"] == pytest.approx(sum(truth in names for names, truth in pairs) / 3)


def test_a_person_gets_a_line_an_image_and_the_rejected_on_stderr(case: Case) -> None:
    ran = lexlip("classify", case.photos, *case.options, "-k", 1)
    assert ran.status == 0
    *images, counts, figures = ran.out.splitlines()
    best = slow(case, ["red/1 é.png"], ["a photo of a {}."], 1)["red/1 é.png"][0]
    assert len(images) == 5
    assert images[4] == f"red/1 é.png: {best['label']} {best['score']:.1f}   (truth: red)"
    assert counts.startswith("5 of 6 images classified (0 without a label, 1 rejected), 6 labels, in ")
    assert figures.startswith("top-1 ") and figures.endswith("(percent, 3 images whose label is known)")
    assert f"rejected: image red/broken.png: {case.photos / 'red' / 'broken.png'}: not a JPEG" in ran.err


def test_labels_by_late_interaction_are_those_of_the_python_functions(case: Case, tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("a {}\ntwo {} over a star\n", encoding="utf-8")
    output = tmp_path / "classes.jsonl"
    late = ("classify", case.photos, *case.options, "--model", case.root / "late", "--late", "-k", 3)
    record = done(*late, "--prompts", tmp_path / "prompts.txt", "--output", output)
    model, kept = LexLip.from_pretrained(case.root / "late"), list[Prediction]()
    labels = [Label(name, words) for name, words in zip(NAMES, WORDS, strict=True)]
    vectors = encode_late_labels(LateQuery(case.root / "late"), labels, templates=["a {}", "two {} over a star"])
    classify_images(model, read_captions(case.photos), vectors, kept.append, k=3, arithmetic=Arithmetic())
    lines = lines_of(output)
    assert [line["id"] for line in lines] == [found.id for found in kept]
    assert [line["labels"] for line in lines] == [[one._asdict() for one in found.labels] for found in kept]
    assert (record["late"], record["prompts"], record["without_labels"], record["known"]) == (True, 2, 0, 3)
    assert set(record) == set(done("classify", case.photos, *case.options))
    first = lexlip(*late).out.splitlines()[0]
    assert first.startswith("5.png: ") and first.count(", ") == 2 and len(first.split()[2].rstrip(",")) >= len("0.123")


def test_labels_by_late_interaction_need_a_model_with_patch_vectors(case: Case, tmp_path: Path) -> None:
    asked = ("classify", case.photos, *case.options, "--late", "--output", tmp_path / "o.jsonl")
    assert lexlip(*asked).error == "error: model tiny has no patch vectors: train it with late in its recipe"
    assert list(tmp_path.iterdir()) == []


def test_no_more_than_a_screen_of_images_is_printed(case: Case, tmp_path: Path) -> None:
    picture = (case.photos / "5.png").read_bytes()
    for number in range(LINES_SHOWN + 2):
        (tmp_path / f"{number:02}.png").write_bytes(picture)
    *images, more, counts, figures = lexlip("classify", tmp_path, *case.options).out.splitlines()
    assert len(images) == LINES_SHOWN and more == "… and 2 more, --output FILE has all"
    assert counts.startswith("22 of 22 images") and figures == "no truth known"


def test_without_truth_the_figures_are_null(case: Case) -> None:
    record = done("classify", case.captions, *case.options)
    assert (record["images"], record["known"]) == (6, 0)
    assert record["top-1"] is record["top-5"] is record["output"] is None


def test_truth_from_a_file_goes_with_a_split_and_before_the_folders(case: Case, tmp_path: Path) -> None:
    truth = tmp_path / "truth.tsv"
    truth.write_text("i0\tcat\ni1\tn1\ni3\tred\n", encoding="utf-8")
    record = done(
        "classify", case.captions, *case.options, "--truth", truth, "--split", "b", "--output", tmp_path / "o.jsonl"
    )
    assert (record["images"], record["classified"], record["rejected"], record["known"]) == (3, 2, 1, 2)
    assert [(line["id"], line["truth"]) for line in lines_of(tmp_path / "o.jsonl")] == [("i1", "n1"), ("i3", "red")]
    truth.write_text("5.png\tcat\n", encoding="utf-8")
    assert done("classify", case.photos, *case.options, "--truth", truth)["known"] == 1


def test_what_exists_is_kept_without_force(case: Case, tmp_path: Path) -> None:
    output = tmp_path / "classes.jsonl"
    output.write_text("mine")
    asked = ("classify", case.photos, *case.options, "--output", output)
    assert lexlip(*asked).error == f"error: {output} exists already: choose another name, or overwrite it with --force"
    assert output.read_text() == "mine"
    done(*asked, "--force")
    assert len(lines_of(output)) == 5 and list(tmp_path.iterdir()) == [output]


def test_force_replaces_neither_a_folder_nor_what_is_read(case: Case, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    asked = ("classify", case.captions, *case.options, "--force", "--output")
    assert "is a folder, so --force does not replace it" in lexlip(*asked, tmp_path / "folder").error
    for source in (case.captions, case.root / "labels.txt"):
        before = source.read_bytes()
        assert "is what is to be read" in lexlip(*asked, source).error
        assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("-k", 0, "-k must be at least 1, got 0"),
        ("--batch-size", 0, "--batch-size must be at least 1, got 0"),
        ("--precision", "float8", "precision must be one of auto, float32, bfloat16, got 'float8'"),
        ("--device", "toaster", "device 'toaster' can't be used here"),
        ("--split", "b", "no image is of split 'b'"),
        ("--labels", "no.txt", "labels: no such file: no.txt"),
        ("--prompts", "no.txt", "prompts: no such file: no.txt"),
        ("--truth", "no.tsv", "truth: no such file: no.tsv"),
        ("--model", "no", "a model folder with config.json"),
    ],
)
def test_an_option_out_of_range_is_refused_and_leaves_nothing(
    option: str, value: object, message: str, case: Case, tmp_path: Path
) -> None:
    error = lexlip("classify", case.photos, *case.options, "--output", tmp_path / "o.jsonl", option, value).error
    assert message in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "content", "message"),
    [
        ("--labels", "cat\n\n", ":2: labels may have no empty line"),
        ("--prompts", "a {}\nno place\n", ":2: a prompt needs {} exactly once"),
        ("--truth", "5.png\tcat\nnowhere.png\tcat\n", ":2: no image has the id 'nowhere.png'"),
    ],
)
def test_a_slip_in_a_file_is_one_error_line_with_file_and_line(
    option: str, content: str, message: str, case: Case, tmp_path: Path
) -> None:
    path = tmp_path / "file.txt"
    path.write_text(content, encoding="utf-8")
    assert lexlip("classify", case.photos, *case.options, option, path).error.startswith(f"error: {path}{message}")


def test_images_and_labels_and_a_model_are_needed(case: Case) -> None:
    for arguments in ([], [case.photos], [case.photos, "--labels", case.root / "labels.txt"]):
        assert lexlip("classify", *arguments).status == 2
