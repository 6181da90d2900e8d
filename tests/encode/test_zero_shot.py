"""Labels and images through a model: the same vectors as its own, and nothing lost on the way."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import tiny
from support.recorder import Recorder

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.data.labels import Label
from lexlip_lucene.encode import zero_shot
from lexlip_lucene.encode.arithmetic import Arithmetic
from lexlip_lucene.encode.zero_shot import Prediction, ZeroShotReport, classify_images, encode_labels
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.classify import LabelVectors, ScoredLabel, best_labels, label_vectors

encoded = zero_shot._encoded

LABELS = [Label("red", "red"), Label("n1", "dog"), Label("round", "blue circle"), Label("cat", "cat")]
TEMPLATES = ["a {}", "two {} over"]


def photos(folder: Path, count: int = 7, broken: tuple[int, ...] = ()) -> list[CaptionedImage]:
    chance = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"{number}.png"
        Image.fromarray(chance.integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(path)
        if number in broken:
            path.write_bytes(path.read_bytes()[:100])
    return read_captions(folder)


def classified(
    model: LexLip, images: list[CaptionedImage], labels: LabelVectors, **options: int
) -> tuple[list[Prediction], ZeroShotReport]:
    kept: list[Prediction] = []
    report = classify_images(model, images, labels, kept.append, arithmetic=Arithmetic(), **options)
    return kept, report


def test_a_label_is_the_sum_of_its_prompts_through_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.lexlip()
    wanted = label_vectors(
        [label.name for label in LABELS],
        [model.encode_texts([f"a {label.words}", f"two {label.words} over"]) for label in LABELS],
    )
    for at_once in (1, 2, 5, 256):
        monkeypatch.setattr(zero_shot, "TEXTS_AT_ONCE", at_once)
        found = encode_labels(model, LABELS, templates=TEMPLATES)
        assert (found.names, found.prompts, found.columns) == (wanted.names, 2, wanted.columns)
        assert (found.sums != wanted.sums).nnz == 0


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_an_image_has_the_best_labels_of_its_own_vector(batch_size: int, tmp_path: Path) -> None:
    model, images = tiny.lexlip(), photos(tmp_path)
    labels = encode_labels(model, LABELS, templates=TEMPLATES)
    kept, report = classified(model, images, labels, batch_size=batch_size, k=2)
    wanted = best_labels(model.encode_images([image.path for image in images], batch_size=batch_size), labels, 2)
    assert [(one.id, one.labels) for one in kept] == [
        (image.id, best) for image, best in zip(images, wanted, strict=True)
    ]
    assert (report.classified, report.rejected, report.known) == (7, [], 0)


def test_images_that_can_not_be_read_are_rejected_and_the_others_keep_their_ids(tmp_path: Path) -> None:
    model, images = tiny.lexlip(), photos(tmp_path, broken=(0, 3, 4))
    labels, said = encode_labels(model, LABELS), Recorder()
    kept: list[Prediction] = []
    report = classify_images(model, images, labels, kept.append, batch_size=2, arithmetic=Arithmetic(), progress=said)
    whole = [images[number] for number in (1, 2, 5, 6)]
    assert [one.id for one in kept] == [image.id for image in whole]
    assert [one.labels for one in kept] == best_labels(model.encode_images([i.path for i in whole]), labels, 5)
    assert report.classified + len(report.rejected) == len(images)
    assert [(one.id, one.file) for one in report.rejected] == [(f"{n}.png", str(images[n].path)) for n in (0, 3, 4)]
    assert [f"rejected: image {one.id}: {one.file}: {one.reason}" for one in report.rejected] == said.notes
    assert said.tracked == [("classifying images", 7, 7)]


def test_top_5_looks_at_five_labels_where_fewer_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three images one has its truth first, one fifth, one no label at all, which is wrong."""
    model, images = tiny.lexlip(), photos(tmp_path, count=3)
    five = [ScoredLabel(name, 1.0) for name in "abcde"]
    monkeypatch.setattr(zero_shot, "best_labels", lambda vectors, labels, k: [five[:k], five[:k], []])
    kept: list[Prediction] = []
    truth = {"0.png": "a", "1.png": "e", "2.png": "a"}
    report = classify_images(model, images, encode_labels(model, LABELS), kept.append, truth=truth, k=1)
    assert [[scored.label for scored in one.labels] for one in kept] == [["a"], ["a"], []]
    assert [one.truth for one in kept] == ["a", "e", "a"]
    assert (report.known, report.without_labels) == (3, 1)
    assert report.figures == {"top-1": 1 / 3, "top-5": 2 / 3}


def test_a_rejected_image_counts_in_no_figure(tmp_path: Path) -> None:
    model, images = tiny.lexlip(), photos(tmp_path, count=2, broken=(0,))
    truth = {"0.png": "red", "1.png": "red"}
    report = classify_images(model, images, encode_labels(model, LABELS), lambda found: None, truth=truth)
    assert (report.classified, len(report.rejected), report.known) == (1, 1, 1)


def test_an_image_that_gets_lost_on_the_way_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, images = tiny.lexlip(), photos(tmp_path, count=5)
    monkeypatch.setattr(zero_shot, "_encoded", lambda *arguments: list(encoded(*arguments))[:-1])
    with pytest.raises(InputError, match=r"5 images are not 4 classified \+ 0 rejected ones"):
        classified(model, images, encode_labels(model, LABELS), batch_size=2)


def test_nothing_but_unreadable_images_is_an_error(tmp_path: Path) -> None:
    model, images = tiny.lexlip(), photos(tmp_path, count=2, broken=(0, 1))
    with pytest.raises(InputError, match=f"not one image could be read; the first of 2 rejected: {images[0].path}: "):
        classified(model, images, encode_labels(model, LABELS))
    with pytest.raises(InputError, match=r"not one image could be read$"):
        classified(model, [], encode_labels(model, LABELS))


@pytest.mark.parametrize(("options", "message"), [({"k": 0}, "number of labels"), ({"batch_size": 0}, "batch size")])
def test_numbers_below_one_are_refused(options: dict[str, int], message: str, tmp_path: Path) -> None:
    model, images = tiny.lexlip(), photos(tmp_path, count=1)
    with pytest.raises(InputError, match=f"{message} must be at least 1, got 0"):
        classified(model, images, encode_labels(model, LABELS), **options)


def test_a_label_that_the_model_knows_no_word_of_is_told() -> None:
    said = Recorder()
    labels = encode_labels(tiny.lexlip(), [*LABELS, Label("z", "zebra")], templates=["{}"], progress=said)
    assert labels.empty == ["z"]
    assert said.notes == ["the model knows no word of the prompts of label 'z', so no image can have it"]


def test_labels_that_the_model_knows_nothing_of_are_refused() -> None:
    with pytest.raises(InputError, match="no word of the prompts of any of the 2 labels"):
        encode_labels(tiny.lexlip(), [Label("z", "zebra"), Label("y", "yak")], templates=["{}"])


@pytest.mark.parametrize(
    ("labels", "templates", "message"),
    [
        (LABELS, ["a {}", "a photo"], "prompt 2: a prompt needs {} exactly once"),
        (LABELS, [], "at least 1, got 0 to 0"),
        ([], TEMPLATES, "at least one label is needed"),
        ([*LABELS, LABELS[0]], TEMPLATES, "5 names and 4 different ones"),
    ],
)
def test_labels_and_templates_are_checked(labels: list[Label], templates: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        encode_labels(tiny.lexlip(), labels, templates=templates)
