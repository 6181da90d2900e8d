"""The refresh of neighbours: clusters of what the similarity sees, the first process's in all processes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.halves import ASIDE, IMAGES, draw, recipe_of, trained, write
from support.recorder import Recorder
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.progress import SILENT
from lexlip_lucene.training.losses.views import Views
from lexlip_lucene.training.parallel import ALONE, Team
from lexlip_lucene.training.run import current_clusters as refresh
from lexlip_lucene.training.run.current_clusters import current_clusters, current_vectors
from lexlip_lucene.training.run.job import prepare
from lexlip_lucene.training.run.loop import Trainer

NEIGHBOURS = {"from": 0.5, "photos": 2, "cluster_size": 4, "every": 3}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


def trainer_of(data: Path, neighbours: dict[str, Any] = NEIGHBOURS, **changes: Any) -> Trainer:
    run = prepare(recipe_of(data, training__neighbours=neighbours, **changes), data / "model")
    return run.trainer("choosing", run.trained_on, run.kept_aside)


def vectors_of(trainer: Trainer, team: Team = ALONE) -> Tensor:
    return current_vectors(
        trainer.model,
        trainer.recipe,
        trainer.source,
        trainer.draws.trained,
        held_out=trainer.held_out,
        team=team,
        progress=SILENT,
    )


def views_of(trainer: Trainer, step: int) -> Views:
    images = trainer.draws.trained[: trainer.draws.batch]
    [inputs] = trainer.source.batches([refresh.plan_of(images, len(images))[0]])
    trainer.model.eval()
    return trainer._views(step, 0, images, inputs)


@pytest.mark.parametrize("offsets", [{}, {"image__frozen": True, "image__ridge": {"folds": 2, "strength": 1.0}}])
def test_vectors_are_of_what_the_similarity_sees(data: Path, offsets: dict[str, Any]) -> None:
    trainer = trainer_of(data, training__train_top_k=7, **offsets)
    assert (trainer.held_out is not None) == bool(offsets)
    found = vectors_of(trainer)[: trainer.draws.batch]
    torch.testing.assert_close(found, functional.normalize(views_of(trainer, 0).documents.detach(), dim=1))
    assert trainer.model.training is False, "it is left as it was"


def test_a_projection_keeps_angles_about_as_they_were(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trainer_of(data)
    whole = vectors_of(trainer)
    monkeypatch.setattr(refresh, "WIDTH", 32)
    assert whole.shape[1] > 32
    small = vectors_of(trainer)
    assert small.shape == (len(whole), 32)
    kept = functional.normalize(small, dim=1) @ functional.normalize(small, dim=1).T
    assert (kept - whole @ whole.T).abs().mean() < 3 / 32**0.5
    assert torch.equal(small, vectors_of(trainer)), "the same numbers at every refresh"


class Second(Team):
    """The second of two processes, as if the first had found that all images are in cluster 5."""

    def gather(self, own: Tensor) -> Tensor:
        return torch.cat([own, own])

    def total(self, own: Tensor) -> Tensor:
        assert not own.any(), "only the first process clusters"
        return own + 5


def test_all_processes_have_the_clusters_of_the_first(data: Path) -> None:
    trainer, progress = trainer_of(data), Recorder()
    found = current_clusters(
        trainer.model,
        trainer.recipe,
        trainer.source,
        trainer.draws.trained,
        4,
        held_out=None,
        team=Second(1, 2),
        progress=progress,
    )
    assert found.tolist() == [5] * (IMAGES - ASIDE) and found.dtype == np.int32


def test_processes_share_the_images_out(data: Path) -> None:
    trainer, seen = trainer_of(data), []

    class Counting(Team):
        def gather(self, own: Tensor) -> Tensor:
            seen.append(own)
            return torch.cat([own] * self.size)

    for rank in range(3):
        vectors_of(trainer, Counting(rank, 3))
    assert [len(own) for own in seen] == [11, 11, 11], "32 images, and one again"
    torch.testing.assert_close(torch.cat(seen)[:32], vectors_of(trainer))


def test_a_run_refreshes_when_it_is_due_and_says_so(data: Path, tmp_path: Path) -> None:
    progress = Recorder()
    recipe = recipe_of(data, training__neighbours={**NEIGHBOURS, "near": 0.999}, training__epochs=3)
    trained(recipe, tmp_path / "model", progress)
    notes = [note for note in progress.notes if note.startswith("neighbours from step")]
    assert [note.split(":")[0] for note in notes] == [f"neighbours from step {step}" for step in (7, 10)]
    assert all("32 images in " in note and "(vectors " in note for note in notes)
    log = (tmp_path / "model.training" / "choosing" / "log.csv").read_text()
    assert [line.split(",")[0] for line in log.splitlines() if "neighbours/alike" in line] == ["10", "12"]


def test_images_are_alike_only_once_batches_are_of_neighbours(data: Path) -> None:
    trainer = trainer_of(data)
    half = trainer.steps // 2
    assert views_of(trainer, half - 1).alike is None
    alike = views_of(trainer, half).alike
    assert alike is not None and not alike.positives
    shared = trainer_of(data, {**NEIGHBOURS, "alike": "positives"})
    alike = views_of(shared, half).alike
    assert alike is not None and alike.positives


def test_without_neighbours_no_images_are_alike(data: Path) -> None:
    run = prepare(recipe_of(data), data / "model")
    assert views_of(run.trainer("choosing", run.trained_on, run.kept_aside), 1).alike is None
