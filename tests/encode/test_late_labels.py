"""Labels by late interaction, against the formulas in float64."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from support import tiny
from support.noise_photos import noise_photos
from support.recorder import Recorder

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.data.labels import Label
from lexlip_lucene.encode import late_labels
from lexlip_lucene.encode.arithmetic import Arithmetic
from lexlip_lucene.encode.late_labels import LateLabels, encode_late_labels
from lexlip_lucene.encode.zero_shot import Prediction, ZeroShotReport, classify_images, encode_labels
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.pixels import normalise, to_square
from lexlip_lucene.encoders.query.late_query import LateQuery
from lexlip_lucene.errors import InputError, ModelError
from lexlip_lucene.recipes.model_spec import LateSpec

Vectors = NDArray[np.float64]

LABELS = [Label("red", "red"), Label("n1", "dog"), Label("round", "blue circle"), Label("cat", "cat")]
TEMPLATES = ["a {}", "two {} over a star", "{} run"]


@pytest.fixture(scope="module", params=[True, False], ids=["context", "table"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("late labels") / "model"
    tiny.lexlip(late=LateSpec(width=8, context=request.param)).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> LexLip:
    return LexLip.from_pretrained(folder)


@pytest.fixture(scope="module")
def query(folder: Path) -> LateQuery:
    return LateQuery(folder)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[CaptionedImage]:
    return read_captions(noise_photos(tmp_path_factory.mktemp("late labels") / "photos", 7))


def array(values: torch.Tensor) -> Vectors:
    return values.detach().numpy().astype(np.float64)


def unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def token_vectors(model: LexLip, text: str) -> tuple[Vectors, Vectors]:
    """Return u_t and w_t of a text whose words are all in the lexicon, by the formulas of `late_head.py`."""
    assert model.late is not None
    rows = [model.lexicon.tokens.index(word) for word in text.split()]
    own = unit(array(model.late.words)[rows])
    weights = np.log1p(np.exp(array(model.late.raw_weight)[rows]))
    if model.late.context is None:
        return own, weights
    before, after, whole = array(model.late.context)
    mean = weights @ own / weights.sum()
    found = [
        own[place]
        + (own[place - 1] @ before if place else 0)
        + (own[place + 1] @ after if place + 1 < len(own) else 0)
        + mean @ whole
        for place in range(len(own))
    ]
    return unit(np.array(found)), weights


def patch_vectors(model: LexLip, image: CaptionedImage) -> Vectors:
    assert model.late is not None
    with Image.open(image.path) as opened, torch.inference_mode():
        pixels = to_square(opened.convert("RGB"), tiny.SIZE).unsqueeze(0)
        states = model.image.places(model.image.tower(normalise(pixels, model.config.image)))[0]
    return unit(array(states) @ array(model.late.patches.weight).T)


def text_score(model: LexLip, text: str, patches: Vectors) -> float:
    vectors, weights = token_vectors(model, text)
    return float(weights @ (vectors @ patches.T).max(axis=1) / weights.sum())


def slow(model: LexLip, images: Sequence[CaptionedImage], templates: Sequence[str]) -> list[dict[str, float]]:
    patches = [patch_vectors(model, image) for image in images]
    return [
        {
            label.name: sum(text_score(model, one.replace("{}", label.words), seen) for one in templates)
            / len(templates)
            for label in LABELS
        }
        for seen in patches
    ]


def classified(
    model: LexLip, images: Sequence[CaptionedImage], labels: LateLabels, **options: int
) -> tuple[list[Prediction], ZeroShotReport]:
    kept: list[Prediction] = []
    report = classify_images(model, images, labels, kept.append, arithmetic=Arithmetic(), **options)
    return kept, report


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_a_label_scores_the_mean_over_its_prompts_of_their_late_scores(
    batch_size: int, query: LateQuery, model: LexLip, images: list[CaptionedImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_labels, "TOKENS_AT_ONCE", 3 + batch_size)
    kept, report = classified(
        model, images, encode_late_labels(query, LABELS, templates=TEMPLATES), batch_size=batch_size
    )
    assert (report.classified, report.without_labels) == (len(images), 0)
    for found, wanted in zip(kept, slow(model, images, TEMPLATES), strict=True):
        assert {one.label: one.score for one in found.labels} == pytest.approx(wanted, abs=1e-5)
        scores = [one.score for one in found.labels]
        assert scores == sorted(scores, reverse=True)


def test_an_ensemble_averages_scores_and_not_vectors(
    query: LateQuery, model: LexLip, images: list[CaptionedImage]
) -> None:
    """One image, one label, two prompts of two words each: the mean of the scores is not that of mean vectors."""
    templates = ["a {}", "{} run"]
    patches = patch_vectors(model, images[0])
    (first, weights), (second, others) = (token_vectors(model, text) for text in ("a dog", "dog run"))
    mean, share = unit((first + second) / 2), (weights + others) / 2
    of_means = float(share @ (mean @ patches.T).max(axis=1) / share.sum())
    of_scores = (text_score(model, "a dog", patches) + text_score(model, "dog run", patches)) / 2
    ((one,),) = (found.labels for found in classified(model, images[:1], _of(query, templates, "dog"))[0])
    assert one.score == pytest.approx(of_scores, abs=1e-5)
    assert abs(of_scores - of_means) > 1e-2


def _of(query: LateQuery, templates: Sequence[str], *words: str) -> LateLabels:
    return encode_late_labels(query, [Label(word, word) for word in words], templates=templates)


def test_labels_are_cut_at_k_and_listed_below_zero_too(query: LateQuery) -> None:
    labels = encode_late_labels(query, LABELS, templates=TEMPLATES)
    patches = [-labels.vectors[:1], labels.vectors[:1]]
    every = labels.best(patches, 9)
    assert [len(best) for best in every] == [4, 4] and min(one.score for one in every[0]) < 0
    assert labels.best(patches, 2) == [best[:2] for best in every]
    assert labels.best([], 2) == []
    with pytest.raises(InputError, match="number of labels must be at least 1, got 0"):
        labels.best(patches, 0)


def test_labels_of_the_same_words_tie_in_their_order(
    query: LateQuery, model: LexLip, images: list[CaptionedImage]
) -> None:
    labels = [Label("n2", "blue circle"), Label("long", "two dogs run over a star"), Label("n1", "blue circle")]
    kept, _ = classified(model, images, encode_late_labels(query, labels, templates=TEMPLATES))
    for found in kept:
        scores = {one.label: one.score for one in found.labels}
        assert scores["n1"] == scores["n2"]
        assert [one.label for one in found.labels if one.label != "long"] == ["n2", "n1"]


def test_a_label_without_a_word_that_has_a_vector_is_said_and_no_image_has_it(
    query: LateQuery, model: LexLip, images: list[CaptionedImage]
) -> None:
    said = Recorder()
    labels = encode_late_labels(query, [*LABELS, Label("z", "zebra")], templates=TEMPLATES, progress=said)
    assert labels.empty == ["z"]
    assert said.notes == ["the model has a vector for no word of label 'z', so no image can have it"]
    assert all("z" not in [one.label for one in found.labels] for found in classified(model, images, labels)[0])
    with pytest.raises(InputError, match="a vector for no word of any of the 2 labels"):
        encode_late_labels(query, [Label("z", "zebra"), Label("y", "yak")])


def test_a_prompt_that_cuts_a_label_s_words_apart_counts_for_nothing(
    query: LateQuery, model: LexLip, images: list[CaptionedImage]
) -> None:
    """In "xdogx" the tokenizer finds no word, so that prompt has no token."""
    with_one, without = (classified(model, images, _of(query, few, "dog"))[0] for few in (["{}", "x{}x"], ["{}"]))
    assert with_one == without


def test_images_that_can_not_be_read_are_rejected(query: LateQuery, model: LexLip, tmp_path: Path) -> None:
    photos = noise_photos(tmp_path / "photos", 4)
    for number in (0, 2, 3):
        (photos / f"{number:02}.png").write_text("no picture")
    kept, report = classified(
        model, read_captions(photos), encode_late_labels(query, LABELS, templates=["a {}"]), batch_size=2
    )
    assert [one.id for one in kept] == ["01.png"] and len(kept[0].labels) == 4
    assert [one.id for one in report.rejected] == ["00.png", "02.png", "03.png"]


def test_a_model_without_a_late_head_is_refused(query: LateQuery, images: list[CaptionedImage]) -> None:
    with pytest.raises(ModelError, match="model tiny has no patch vectors: train it with late in its recipe"):
        classified(tiny.lexlip(), images, encode_late_labels(query, LABELS))


@pytest.mark.parametrize(
    ("labels", "templates"), [(LABELS, ["a photo"]), (LABELS, []), ([], TEMPLATES), ([*LABELS, LABELS[0]], TEMPLATES)]
)
def test_labels_and_templates_are_refused_as_without_late_interaction(
    labels: list[Label], templates: list[str], query: LateQuery, model: LexLip
) -> None:
    with pytest.raises(InputError) as plain:
        encode_labels(model, labels, templates=templates)
    with pytest.raises(InputError) as late:
        encode_late_labels(query, labels, templates=templates)
    assert str(late.value) == str(plain.value)
