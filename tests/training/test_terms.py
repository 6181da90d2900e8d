"""Terms: losses by name, in a recipe and from Python, and what a run does for them."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from pydantic import Field
from support import tiny
from support.halves import draw, recipe_of, write
from torch import Tensor, nn

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError, RecipeError, TrainingError
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.recipes.settings import settings_of
from lexlip_lucene.recipes.training_recipe import TrainingRecipe
from lexlip_lucene.training.losses import terms
from lexlip_lucene.training.losses.needs import Needs, joint_needs
from lexlip_lucene.training.losses.parts import Parts
from lexlip_lucene.training.losses.term import Term, TermSettings
from lexlip_lucene.training.losses.terms import BUILT_IN, named_terms, register
from lexlip_lucene.training.losses.views import Views
from lexlip_lucene.training.run.checkpoint import read_checkpoint
from lexlip_lucene.training.run.job import prepare
from lexlip_lucene.training.run.loop import Trainer
from lexlip_lucene.training.run.run_log import read_log
from lexlip_lucene.training.run.train import train

BERT: dict[str, Any] = {"kind": "transformer", "architecture": {**tiny.BERT.architecture, "vocab_size": 400}}
ONE_STEP: dict[str, Any] = {"training__steps": 3, "training__epochs": None, "training__evaluations": 1}


class ShiftSettings(TermSettings):
    to: float = Field(default=2.0, gt=0)


class Shift(Term):
    """A loss with a parameter, a buffer and every hook."""

    name = "shift"
    settings = ShiftSettings
    asked: ClassVar[Needs] = Needs()

    def __init__(self, settings: ShiftSettings, parts: Parts) -> None:
        super().__init__(settings, parts)
        self.to_value = settings.to
        self.learned = nn.Parameter(torch.zeros(()))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))
        self.filled: list[int] = []

    @classmethod
    def needs(cls, settings: ShiftSettings) -> Needs:
        return cls.asked

    def batches_before(self, images: int) -> int:
        return 2

    def fill(self, views: Views) -> None:
        self.filled.append(len(views.own.images))

    def forward(self, views: Views) -> Tensor:
        return (self.learned - self.to_value).square() / views.team.size

    def after_step(self, model: LexLip) -> None:
        self.steps += 1


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> type[Shift]:
    """A class of its own for each test, known until the test ends."""
    monkeypatch.setattr(terms, "_registered", dict(terms._registered))
    return register(type("Shift", (Shift,), {}))


def with_shift(data: Path, **settings: Any) -> EncoderRecipe:
    return recipe_of(data, training__terms={"shift": settings}, **ONE_STEP)


def trainer_of(recipe: EncoderRecipe, folder: Path) -> Trainer:
    run = prepare(recipe, folder / "model")
    return run.trainer("choosing", run.trained_on, run.kept_aside)


# --- names and settings ------------------------------------------------------------------------------------------


def test_every_built_in_loss_has_a_name_of_its_own_and_its_key_is_one_of_the_recipe() -> None:
    assert len({kind.name for kind in BUILT_IN}) == len(BUILT_IN)
    keys = {kind.key.removeprefix("training.") for kind in BUILT_IN if kind.key is not None}
    assert keys and keys <= TrainingRecipe.model_fields.keys()


def test_a_registered_loss_trains_and_is_logged_under_its_name(
    data: Path, tmp_path: Path, registered: type[Shift]
) -> None:
    train(with_shift(data, weight=0.5, to=3.0), tmp_path / "model")
    log = read_log(tmp_path / "model.training" / "choosing" / "log.csv")
    figures = {figure.name: figure.value for figure in log}
    assert list(figures)[:2] == ["loss/contrast", "loss/shift"]
    assert 8.9 < figures["loss/shift"] < 9.0, "it began at 3² and falls"


def test_the_weight_in_the_recipe_is_the_factor_in_the_sum(data: Path, registered: type[Shift]) -> None:
    gradients = []
    for weight in (1.0, 0.25):
        trainer = trainer_of(with_shift(data, weight=weight), data)
        [(step, images, inputs)] = trainer.inputs(0, 1)
        term = trainer.objective.terms["shift"]
        assert isinstance(term, Shift)
        trainer.gradients(step, images, inputs, list(trainer.objective.parameters()))
        assert term.learned.grad is not None
        gradients.append(term.learned.grad.item())
    assert gradients == [pytest.approx(-4.0), pytest.approx(-1.0)]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"l3": {}}, r"^training\.terms: unknown loss 'l3'; registered are shift; with keys of their own: words, lang"),
        ({"contrast": {}}, r"^training\.terms: the loss contrast is set by training\.contrast, not here$"),
        ({"shift": {"t": 1}}, r"^training\.terms\.shift: unknown key 't': did you mean 'to'\?$"),
        ({"shift": {"to": 0}}, r"^training\.terms\.shift: to: Input should be greater than 0, got 0$"),
        ({"shift": {"weight": -1}}, r"^training\.terms\.shift: weight: .*greater than or equal to 0, got -1$"),
    ],
)
def test_a_name_or_setting_that_is_not_known_is_an_error_before_the_data_are_read(
    data: Path, tmp_path: Path, registered: type[Shift], named: dict[str, Any], message: str
) -> None:
    recipe = recipe_of(data, training__terms=named, data__captions=tmp_path / "missing.jsonl")
    with pytest.raises(RecipeError, match=message):
        train(recipe, tmp_path / "model")


@pytest.mark.parametrize("name", ["contrast", "two words", "a,b", "items"])
def test_a_name_that_is_taken_or_can_t_be_logged_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match="the name of a"):
        register(type("Refused", (Shift,), {"name": name}))
    assert name not in terms._registered or terms._registered[name] in BUILT_IN


def test_a_name_registered_again_has_the_newer_loss(data: Path, registered: type[Shift]) -> None:
    newer = register(type("Newer", (Shift,), {}))
    assert [term.kind for term in named_terms(with_shift(data).training) if term.kind.name == "shift"] == [newer]


def test_a_recipe_file_and_an_override_name_a_loss(data: Path, tmp_path: Path, registered: type[Shift]) -> None:
    text = (
        f"name: tiny\ndata: {{captions: {data / 'captions.jsonl'}, keep_aside: 8}}\n"
        f"vocabulary: {{wordpieces: {data / 'vocab.txt'}}}\n"
        "image: {backbone: resnet10t, adapter: {width: 8}}\ntext: {kind: static}\n"
        "training: {epochs: 1, batch_size: 8, learning_rate: 0.1, contrast: 0, terms: {shift: {to: 3}}}\n"
    )
    (tmp_path / "recipe.yaml").write_text(text)
    recipe = read_recipe(tmp_path / "recipe.yaml", EncoderRecipe, ["training.terms.shift.weight=0.5"])
    assert [(term.kind.name, term.settings) for term in named_terms(recipe.training)] == [
        ("shift", ShiftSettings(weight=0.5, to=3.0))
    ]


def test_a_recipe_without_such_losses_keeps_its_fingerprint(data: Path) -> None:
    recipe = recipe_of(data)
    assert '"terms"' not in settings_of(recipe, set())
    assert '"terms":{"shift":{"weight":1}}' in settings_of(
        recipe_of(data, training__terms={"shift": {"weight": 1}}), set()
    )


# --- what a run does for its losses ------------------------------------------------------------------------------


def test_a_loss_sees_the_batches_that_it_asks_for_and_every_step(data: Path, registered: type[Shift]) -> None:
    trainer = trainer_of(with_shift(data), data)
    trainer.run()
    term = trainer.objective.terms["shift"]
    assert isinstance(term, Shift)
    assert term.filled == [8, 8]
    assert term.steps == 3


def test_a_loss_s_tensors_are_in_the_checkpoint(data: Path, tmp_path: Path, registered: type[Shift]) -> None:
    recipe = with_shift(data)
    train(recipe, tmp_path / "model")
    saved = read_checkpoint(tmp_path / "model.training" / "choosing" / "checkpoint.pt", recipe)
    assert saved is not None
    assert saved["objective"]["terms.shift.steps"] == 3
    assert saved["objective"]["terms.shift.learned"] != 0


def test_a_checkpoint_of_other_parts_is_refused_by_its_name(
    data: Path, tmp_path: Path, registered: type[Shift]
) -> None:
    recipe = with_shift(data)
    train(recipe, tmp_path / "model")
    path = tmp_path / "model.training" / "choosing" / "checkpoint.pt"
    state = torch.load(path, weights_only=True)
    state["objective"]["shift.learned"] = state["objective"].pop("terms.shift.learned")
    torch.save(state, path)
    with pytest.raises(InputError, match=r"checkpoint\.pt: .*shift\.learned and 1 more.*train without --resume"):
        train(recipe, tmp_path / "model", resume=True, force=True)


def test_a_loss_that_is_no_single_number_is_named(data: Path, tmp_path: Path, registered: type[Shift]) -> None:
    registered.forward = lambda self, views: views.image_weights  # type: ignore[method-assign]  # until the test ends
    with pytest.raises(TrainingError, match=r"^the loss shift must be one number, got a tensor \(8, \d+\)$"):
        train(with_shift(data), tmp_path / "model")


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        (Needs(transformer=True), "^the loss shift needs text.kind transformer, got static$"),
        (Needs(dense=True), "^the loss shift needs the dense twin: set training.dense$"),
        (Needs(teacher="expander"), "^the loss shift needs the expander, its teacher: set expander$"),
    ],
)
def test_what_a_loss_needs_and_the_recipe_lacks_is_an_error(
    data: Path, tmp_path: Path, registered: type[Shift], needs: Needs, message: str
) -> None:
    registered.asked = needs
    with pytest.raises(RecipeError, match=message):
        train(with_shift(data), tmp_path / "model")


def test_captions_are_masked_at_the_share_that_a_loss_needs(data: Path, registered: type[Shift]) -> None:
    registered.asked = Needs(masked=0.5, weakly_seen=0.9)
    trainer = trainer_of(with_shift(data), data)
    drawn = trainer.draws.part(0, 0, trainer.draws.trained[:4], 0.0)
    assert trainer.draws.masks == (0.5, 0.9)
    assert drawn.masked is not None and drawn.weakly_seen is not None
    assert (drawn.weakly_seen.labels >= 0).sum() > (drawn.masked.labels >= 0).sum() > 0


def test_losses_that_need_other_shares_are_an_error() -> None:
    needs = {"one": Needs(masked=0.3), "two": Needs(), "three": Needs(masked=0.5)}
    with pytest.raises(RecipeError, match=r"one share of masked words .* the loss one needs 0\.3 and three needs 0\.5"):
        joint_needs(needs)
    assert joint_needs({"one": Needs(masked=0.3), "two": Needs(masked=0.3, teacher="a")}).masks == (0.3, 0.0)


def test_every_teacher_is_loaded_once_and_the_expander_made() -> None:
    needs = {"a": Needs(teacher="clip"), "b": Needs(teacher="expander"), "c": Needs(teacher="clip")}
    joint = joint_needs(needs)
    assert (joint.teachers, joint.expander) == (("clip",), True)
