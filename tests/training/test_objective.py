"""The objective of a run, as the loop computes it: its losses, their weights, and the vectors they are of."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support import tiny
from support.halves import draw, recipe_of, write
from support.recorder import Recorder
from torch import Tensor, nn

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.text_encoders import StaticText
from lexlip_lucene.encoders.pool.saturation import divide_by_length
from lexlip_lucene.errors import TrainingError
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.training.examples.sources import weights_of
from lexlip_lucene.training.formulas import contrastive_loss
from lexlip_lucene.training.losses.flops import ramp
from lexlip_lucene.training.losses.lexicon_queue import LexiconQueue
from lexlip_lucene.training.losses.momentum_contrast import MomentumContrast, momentum_contrastive_loss
from lexlip_lucene.training.losses.views import Views
from lexlip_lucene.training.parallel import ALONE
from lexlip_lucene.training.run.checkpoint import read_checkpoint
from lexlip_lucene.training.run.job import prepare
from lexlip_lucene.training.run.loop import Trainer
from lexlip_lucene.training.run.selection import measure_aside
from lexlip_lucene.training.run.train import train

BERT: dict[str, Any] = {"kind": "transformer", "architecture": {**tiny.BERT.architecture, "vocab_size": 400}}
EVERYTHING: dict[str, Any] = {
    "text": BERT,
    "training__captions_per_image": 2,
    "training__word_loss": 0.1,
    "training__language": {"weight": 0.5},
    "training__bottleneck": {"image_weight": 0.3, "text_weight": 0.7},
    "training__contrast": 1.5,
    "training__dense": {"width": 8, "weight": 0.8},
    "training__distillation": {"teacher": "ensemble", "weight": 0.6},
    "training__image_flops": 0.2,
    "training__text_flops": 0.4,
    "training__flops_ramp": 0.5,
    "training__word_phase": 0.25,
}
WEIGHTS = {
    "words": 0.1,
    "language": 0.5,
    "image_to_text": 0.3,
    "text_to_text": 0.7,
    "contrast": 1.5,
    "dense_contrast": 0.8,
    "distillation": 0.6,
    "image_flops": 0.2,
    "text_flops": 0.4,
}
MOMENTUM: dict[str, Any] = {"text": BERT, "training__momentum": {"queue": 20, "top_k": 1000, "decay": 0.5}}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


def trainer_of(data: Path, progress: Progress = SILENT, **changes: Any) -> Trainer:
    """A run at its start."""
    run = prepare(recipe_of(data, **changes), data / "model", progress=progress)
    return run.trainer("choosing", run.trained_on, run.kept_aside)


def views_of(trainer: Trainer, done: float = 1.0) -> Views:
    """The views of the first step, at a share of the run."""
    [(step, images, [inputs])] = trainer.inputs(0, 1)
    drawn = trainer.draws.part(step, 0, images, done)
    trainer.draws.seed_networks(step, 0)
    return Views(
        model=trainer.model,
        recipe=trainer.recipe,
        team=ALONE,
        source=trainer.source,
        inputs=inputs,
        whole=drawn,
        own=drawn,
        done=done,
    )


def gradients_of(trainer: Trainer) -> tuple[dict[str, float], dict[str, Tensor | None]]:
    """Losses and gradients of the first step."""
    trainer.fill_queues()
    [(step, images, inputs)] = trainer.inputs(0, 1)
    named = {**dict(trainer.model.named_parameters()), **dict(trainer.objective.named_parameters())}
    losses, _ = trainer.gradients(step, images, inputs, list(named.values()))
    return losses, {name: parameter.grad for name, parameter in named.items()}


def without_gradient(module: nn.Module | None) -> bool:
    assert module is not None
    return all(part.grad is None or not part.grad.any() for part in module.parameters())


def momentum_of(trainer: Trainer) -> MomentumContrast:
    momentum = trainer.objective.terms["momentum_contrast"]
    assert isinstance(momentum, MomentumContrast)
    return momentum


# --- which losses, with which weights ----------------------------------------------------------------------------


@pytest.mark.parametrize("done", [0.25, 0.5, 1.0])
def test_the_total_is_the_sum_of_every_loss_times_its_weight(data: Path, done: float) -> None:
    trainer = trainer_of(data, **EVERYTHING)
    losses = trainer.objective(views_of(trainer, done))
    pressure = min(1.0, (done - 0.25) / 0.5) ** 2
    assert losses.each.keys() == WEIGHTS.keys()
    wanted = sum(
        weight * losses.each[name].item() * (pressure if name.endswith("_flops") else 1.0)
        for name, weight in WEIGHTS.items()
    )
    assert losses.total.item() == pytest.approx(wanted, rel=1e-5)
    assert ramp(done - 0.25, 0.5) == pressure
    assert all(loss.item() > 0 for loss in losses.each.values())


def test_the_contrast_is_of_the_scaled_similarities_of_the_batch(data: Path) -> None:
    trainer = trainer_of(data, training__similarity_scale=4.0, training__captions_per_image=2)
    views = views_of(trainer)
    scores = torch.einsum("tv,iv->ti", views.queries, views.documents).view(8, 2, 8)
    losses = trainer.objective(views)
    torch.testing.assert_close(losses.total, contrastive_loss(4.0 * scores))


def test_before_the_word_phase_ends_images_and_captions_are_not_compared(data: Path) -> None:
    trainer = trainer_of(data, **EVERYTHING)
    early = trainer.objective(views_of(trainer, 0.24)).each
    assert early.keys() == {"words", "language", "image_to_text", "text_to_text"}
    trainer = trainer_of(data, training__word_loss=0.1, training__word_phase=0.25, training__image_flops=0.1)
    losses = trainer.objective(views_of(trainer, 0.0))
    losses.total.backward()
    assert losses.each.keys() == {"words"}
    assert without_gradient(trainer.model.text)


def test_a_loss_of_weight_0_gives_no_gradient(data: Path) -> None:
    nothing = {"image_weight": 0, "text_weight": 0}
    trainer = trainer_of(
        data,
        text=BERT,
        training__bottleneck=nothing,
        training__language={"weight": 0},
        training__dense={"width": 8, "weight": 0},
        training__contrast=0,
        training__word_loss=1.0,
    )
    losses, _ = gradients_of(trainer)
    assert losses.keys() == {"words", "language", "dense_contrast"}
    assert without_gradient(trainer.model.text)
    assert without_gradient(trainer.model.dense)
    assert without_gradient(trainer.objective.shared)
    assert not without_gradient(trainer.model.image.head)


def test_every_parameter_learns_when_every_loss_counts(data: Path) -> None:
    trainer = trainer_of(data, **{**EVERYTHING, "training__word_phase": 0.0})
    _, gradients = gradients_of(trainer)
    idle = {name for name, gradient in gradients.items() if gradient is None or not gradient.any()}
    assert {name for name in idle if "position" not in name and "token_type" not in name} == set()


# --- FLOPS (official defect 1) -----------------------------------------------------------------------------------


def test_flops_sees_vectors_before_any_division_by_length(data: Path) -> None:
    trainer = trainer_of(data, training__image_flops=1.0, training__text_flops=1.0, training__contrast=0)
    model = trainer.model
    assert isinstance(model.text, StaticText)

    def flops(factor: float) -> dict[str, Tensor]:
        views = views_of(trainer)
        views.image_weights = factor * views.image_weights
        found: dict[str, Tensor] = trainer.objective(views).each
        return found

    once = flops(1.0)
    weights = torch.nn.functional.softplus(model.text.raw_weight).detach()
    model.text.start_from(2 * weights)
    doubled = flops(2.0)
    for side in ("image_flops", "text_flops"):
        torch.testing.assert_close(doubled[side], 4 * once[side])


def test_flops_is_the_sum_of_the_squares_of_the_mean_weights(data: Path) -> None:
    trainer = trainer_of(data, text=BERT, training__image_flops=1.0, training__text_flops=1.0)
    views = views_of(trainer)
    each = trainer.objective(views).each
    for side, weights in (("image", views.image_weights), ("text", views.text_weights)):
        means = weights.detach().double().numpy().mean(axis=0)
        assert each[f"{side}_flops"].item() == pytest.approx(np.square(means).sum(), rel=1e-5)


def test_similarities_see_the_heaviest_tokens_of_training_and_flops_sees_all(data: Path) -> None:
    trainer = trainer_of(data, training__train_top_k=2, training__image_flops=0.1, training__text_flops=0.1)
    views = views_of(trainer)
    assert views.documents.count_nonzero(dim=1).tolist() == [2] * len(views.documents)
    assert int(views.queries.count_nonzero(dim=1).max()) <= 2
    each = trainer.objective(views).each
    whole = views_of(trainer_of(data))
    assert int(whole.documents.count_nonzero(dim=1).max()) > 2
    for side, weights in (("image", whole.image_weights), ("text", whole.text_weights)):
        means = weights.detach().double().numpy().mean(axis=0)
        assert each[f"{side}_flops"].item() == pytest.approx(np.square(means).sum(), rel=1e-5)


# --- momentum (official defects 2, 3 and 4) ----------------------------------------------------------------------


def test_queues_are_full_of_true_keys_before_the_first_step(data: Path) -> None:
    trainer = trainer_of(data, **MOMENTUM)
    assert not momentum_of(trainer).is_filled
    trainer.fill_queues()
    momentum, model = momentum_of(trainer), trainer.model.eval()

    def keys(queue: LexiconQueue) -> Tensor:
        return queue.similarity(torch.eye(len(model.lexicon))).T

    assert momentum.is_filled
    for queue in (momentum.images, momentum.texts):
        assert (queue.values >= 0).all()
        assert set(queue.owners.tolist()) <= set(trainer.draws.trained.tolist())
    wanted = weights_of(model, trainer.source, momentum.images.owners.numpy())
    torch.testing.assert_close(keys(momentum.images), wanted)
    numbers, owners = trainer.captions.numbers_of(momentum.texts.owners.numpy())
    own = divide_by_length(model.raw_text_weights(trainer.captions.rows(numbers)).detach(), 1.0)
    for place, key in enumerate(keys(momentum.texts)):
        assert any(torch.allclose(key, caption, atol=1e-5) for caption in own[owners == place])


@pytest.mark.parametrize("top_k", [1, 3, 1000])
def test_a_positive_is_the_key_that_the_queue_will_hold(data: Path, top_k: int) -> None:
    """Were it not cut like the negatives, a model that sees no difference between images would still have no loss."""
    trainer = trainer_of(data, **{**MOMENTUM, "training__momentum": {"queue": 20, "top_k": top_k}})
    trainer.fill_queues()
    momentum, views = momentum_of(trainer), views_of(trainer)
    images = torch.from_numpy(views.own.images)
    sides = ((momentum.images, views.queries), (momentum.texts, views.documents))
    places = [(queue.next + torch.arange(len(images))) % queue.size for queue, _ in sides]
    negatives = [(queue.similarity(vectors), queue.owners == images.unsqueeze(1)) for queue, vectors in sides]
    loss = momentum(views)
    momentum.after_step(trainer.model)
    positives = [
        queue.similarity(vectors)[:, at].diagonal() for (queue, vectors), at in zip(sides, places, strict=True)
    ]
    wanted = [
        momentum_contrastive_loss(momentum.scale(own, ALONE), momentum.scale(others, ALONE), excluded)
        for own, (others, excluded) in zip(positives, negatives, strict=True)
    ]
    torch.testing.assert_close(loss, torch.stack(wanted).mean())


def test_a_run_fills_its_queues_and_then_steps(data: Path) -> None:
    told = Recorder()
    trainer_of(data, told, training__steps=1, training__epochs=None, **MOMENTUM).run()
    labels = [label for label, _, _ in told.tracked]
    assert labels.index("filling the queues (batches)") < labels.index("training (steps)")


def test_momentum_encoders_start_from_the_started_model_and_follow_once_a_step(data: Path, tmp_path: Path) -> None:
    """A whole phase 1, then one step of phase 2 in four parts, measured before and after."""
    train(recipe_of(data, text=BERT, training__language={}, training__bottleneck={}), tmp_path / "phase 1")
    one = {"training__steps": 1, "training__epochs": None, "training__accumulate": 4, "training__evaluations": 1}
    recipe = recipe_of(data, training__start=tmp_path / "phase 1", training__learning_rate=0.1, **MOMENTUM, **one)
    train(recipe, tmp_path / "phase 2")
    saved = read_checkpoint(tmp_path / "phase 2.training" / "choosing" / "checkpoint.pt", recipe)
    assert saved is not None and saved["step"] == 1
    start = LexLip.from_pretrained(tmp_path / "phase 1").state_dict()
    behind, ahead = saved["objective"]["terms.momentum_contrast._extra_state"], saved["model"]
    assert behind.keys() == ahead.keys() == start.keys()
    assert any(not torch.equal(ahead[name], start[name]) for name in start)
    for name, tensor in start.items():
        torch.testing.assert_close(
            behind[name], (tensor + ahead[name]) / 2, msg=lambda said, name=name: f"{name}: {said}"
        )


def test_neither_the_parts_of_a_step_nor_measuring_move_a_momentum_encoder(data: Path) -> None:
    trainer = trainer_of(data, training__accumulate=4, **MOMENTUM)
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    with torch.no_grad():
        for parameter in trainer.model.parameters():
            parameter.add_(1.0)  # what a follower that moved would move towards
    gradients_of(trainer)
    assert trainer.aside is not None
    measure_aside(trainer.model, trainer.source, trainer.captions, trainer.aside)
    follower = momentum_of(trainer).follower.state_dict()
    assert all(torch.equal(before[name], tensor) for name, tensor in follower.items())


# --- how it is computed ------------------------------------------------------------------------------------------


def test_bfloat16_comes_close_to_the_losses_of_float32(data: Path) -> None:
    settings = {**EVERYTHING, "training__word_phase": 0.0}
    exact, _ = gradients_of(trainer_of(data, **settings))
    close, gradients = gradients_of(trainer_of(data, training__precision="bfloat16", **settings))
    assert close.keys() == exact.keys()
    assert close != exact
    assert close == pytest.approx(exact, rel=0.03, abs=1e-3)  # bfloat16 has 8 bits
    assert all(gradient.dtype == torch.float32 for gradient in gradients.values() if gradient is not None)


def test_checkpointing_gives_the_same_gradients(data: Path) -> None:
    """Dropout in both networks is on: what is computed again is dropped again."""
    adapter = {"width": 16, "layers": 1, "heads": 2, "state_dropout": 0.1, "layer_dropout": 0.1}
    settings = {"text": BERT, "image": {**tiny.VIT.model_dump(), "adapter": adapter}, "training__language": {}}
    losses, wanted = gradients_of(trainer_of(data, **settings))
    sparing = trainer_of(data, training__checkpointing=True, **settings)
    assert sparing.model.image.tower.backbone.grad_checkpointing is True
    found_losses, found = gradients_of(sparing)
    assert found_losses == pytest.approx(losses, rel=1e-6)
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, msg=lambda said, name=name: f"{name}: {said}")


def test_a_loss_that_is_no_number_stops_the_run_by_its_name(data: Path, tmp_path: Path) -> None:
    recipe = recipe_of(data, training__similarity_scale=1e39)  # infinite in float32
    with pytest.raises(TrainingError, match=r"^step 1: a loss must be a finite number, but contrast is nan: lower"):
        train(recipe, tmp_path / "model")
    assert not (tmp_path / "model").exists()
