"""Whole training runs, small ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support import tiny
from support.halves import ASIDE, draw, recipe_of, trained, write
from support.recorder import Recorder

from lexlip_lucene.demo.scenes import make_scenes, write_scenes
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.text_encoders import fresh_network
from lexlip_lucene.errors import InputError, ModelError, OutputError, RecipeError
from lexlip_lucene.progress import SILENT
from lexlip_lucene.training.run.train import train

STATIC = {"kind": "static"}
TRANSFORMER: dict[str, Any] = {"kind": "transformer", "architecture": {**tiny.BERT.architecture, "vocab_size": 400}}
SIDES = pytest.mark.parametrize("text", [STATIC, TRANSFORMER], ids=["static", "transformer"])
BACKBONES = pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "unfrozen"])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


@BACKBONES
@SIDES
def test_a_run_gives_a_model_that_encodes_and_a_report_that_adds_up(
    data: Path, tmp_path: Path, frozen: bool, text: dict[str, Any]
) -> None:
    recipe = recipe_of(data, text=text, image__frozen=frozen)
    model, report = trained(recipe, tmp_path / "model")
    assert (report.steps, report.images, report.rejected) == (2 * (32 // 8), 40, 0)
    assert 0 <= report.best_step <= report.steps
    assert np.isfinite(report.loss)
    assert report.seconds > 0
    assert set(report.dev) == {"R@1", "R@5", "R@10"}
    assert 0 <= report.dev["R@1"] <= report.dev["R@5"] <= report.dev["R@10"] == 1.0, "8 images are kept aside"
    assert 0 < report.tokens_per_image <= len(model.lexicon)
    vectors = model.encode_images([data / "0.png", data / "1.png"])
    assert all(vectors)
    assert model.encode_texts(["a red picture"])[0]
    assert model.config.text.kind == text["kind"]


@BACKBONES
@SIDES
def test_the_same_seed_gives_the_same_weights_bit_for_bit(
    data: Path, tmp_path: Path, frozen: bool, text: dict[str, Any]
) -> None:
    settings = {"text": text, "image__frozen": frozen, "image__flip": True}
    recipe = recipe_of(data, **settings, training__average=0.9, training__image_flops=1e-2)
    first, one = trained(recipe, tmp_path / "first")
    torch.rand(7)  # the global generator has moved on
    second, two = trained(recipe, tmp_path / "second")
    assert first.sha256 == second.sha256
    cards = [model.config.files.pop("README.md") for model in (first, second)]  # which say how long it took
    assert first.config == second.config and all(cards)
    assert one._replace(seconds=0) == two._replace(seconds=0)
    other, _ = trained(recipe_of(data, **settings, training__seed=1), tmp_path / "other")
    assert other.sha256 != first.sha256


def test_scenes_of_the_demo_train_with_a_vocabulary_of_their_own(tmp_path: Path) -> None:
    captions = write_scenes(tmp_path / "scenes", make_scenes(train=40, test=0, captions=2, seed=0), SILENT)
    recipe = recipe_of(tmp_path, data__captions=captions, vocabulary={"train_size": 200})
    model, report = trained(recipe, tmp_path / "model")
    assert report.images == 40
    assert model.config.vocabulary_size == 200
    assert model.encode_texts(["a small red circle"])[0]


def test_learning_lowers_the_loss_and_finds_the_images_kept_aside(data: Path, tmp_path: Path) -> None:
    short, long = recipe_of(data, training__epochs=1), recipe_of(data, training__epochs=15, training__evaluations=5)
    (_, before), (_, after) = trained(short, tmp_path / "short"), trained(long, tmp_path / "long")
    assert after.loss < before.loss
    assert after.dev["R@1"] > 1 / ASIDE
    assert after.best_step > 0


def test_every_option_at_once_still_gives_a_model(data: Path, tmp_path: Path) -> None:
    options = {"captions_per_image": 2, "word_loss": 0.05, "word_phase": 0.3, "image_flops": 1e-3, "text_flops": 1e-3}
    rates = {"backbone_rate": 0.5, "global_path_rate": 0.1, "text_rate": 4, "average": 0.9, "weight_decay": 0.2}
    training = {"epochs": 3, "batch_size": 8, "learning_rate": 1e-3, **options, **rates}
    image = {**tiny.VIT.model_dump(), "flip": True, "grid": 1, "global_state": True}
    dropout = {"width": 16, "layers": 1, "heads": 2, "state_dropout": 0.1, "layer_dropout": 0.1, "head_dropout": 0.1}
    looks: dict[str, dict[str, Any]] = {
        "unfrozen": {"shift": 3, "brightness": 0.2},
        "frozen": {"frozen": True, "ridge": {"strength": 100}},
    }
    for name, own in looks.items():
        recipe = recipe_of(
            data, training=training, image={**image, **own, "adapter": dropout}, quantise={"bits": 4, "top_k": 5}
        )
        model, report = trained(recipe, tmp_path / name)
        assert np.isfinite(report.loss)
        assert all(0 < len(vector) <= 5 for vector in model.encode_images([data / "0.png", data / "9.png"]))


def test_a_batch_larger_than_the_images_is_one_step_an_epoch(data: Path, tmp_path: Path) -> None:
    assert trained(recipe_of(data, training__batch_size=1000), tmp_path / "model")[1].steps == 2


def test_a_transformer_may_come_from_a_folder_and_the_model_no_longer_needs_it(data: Path, tmp_path: Path) -> None:
    network: Any = fresh_network(TRANSFORMER["architecture"])
    network.save_pretrained(tmp_path / "bert")
    recipe = recipe_of(data, text={"kind": "transformer", "model": str(tmp_path / "bert")})
    train(recipe, tmp_path / "model")
    (tmp_path / "bert").rename(tmp_path / "moved")
    assert LexLip.from_pretrained(tmp_path / "model").encode_texts(["a red left half"])[0]
    assert str(tmp_path) not in (tmp_path / "model" / "config.json").read_text()


def test_a_text_network_with_fewer_tokens_than_the_tokenizer_is_refused(data: Path, tmp_path: Path) -> None:
    small = {"kind": "transformer", "architecture": {**tiny.BERT.architecture, "vocab_size": 20}}
    with pytest.raises(ModelError, match="the text network has 20 tokens, fewer than the tokenizer's"):
        train(recipe_of(data, text=small), tmp_path / "model")


def test_the_card_tells_data_figures_and_recipe_without_a_path_of_this_machine(data: Path, tmp_path: Path) -> None:
    _, report = trained(recipe_of(data, about="Coloured halves."), tmp_path / "model")
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("# tiny\n\nColoured halves.\n")
    assert "Trained on 40 images" in card
    assert f"R@1 {100 * report.dev['R@1']:.1f} %" in card
    assert "captions: captions.jsonl" in card
    assert str(data) not in card
    assert "/" not in card.split("```yaml")[1]


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"data__captions": "gone.jsonl"}, InputError, r"no such file or folder: gone\.jsonl"),
        ({"data__split": "test"}, InputError, "no image is of split 'test'"),
        ({"data__keep_aside": 40}, InputError, "data.keep_aside is 40, but there are only 40 readable training images"),
        ({"vocabulary": {}}, RecipeError, "vocabulary needs exactly one of"),
        ({"vocabulary__min_count": 999}, RecipeError, "vocabulary.min_count 999: no token is used that often"),
        ({"image__weights": "gone.safetensors"}, InputError, r"image\.weights: no such file: gone\.safetensors"),
        ({"text": {"kind": "transformer", "model": "/no/where"}}, InputError, "text.model /no/where"),
    ],
)
def test_what_can_not_be_trained_is_refused_and_nothing_written(
    data: Path, tmp_path: Path, changes: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        train(recipe_of(data, **changes), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_an_image_without_a_caption_is_refused_by_its_line(tmp_path: Path) -> None:
    lines = draw(tmp_path)
    lines[6]["captions"] = []
    with pytest.raises(InputError, match=r"captions\.jsonl:7: training image i6 has no caption"):
        train(recipe_of(write(tmp_path, lines)), tmp_path / "model")


def test_a_model_that_is_there_is_kept_without_force(data: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    progress = Recorder()
    with pytest.raises(OutputError, match="model exists already"):
        train(recipe_of(data), tmp_path / "model", progress=progress)
    assert progress.tracked == [], "the refusal comes before the work"
    train(recipe_of(data), tmp_path / "model", force=True)
    assert LexLip.from_pretrained(tmp_path / "model")
