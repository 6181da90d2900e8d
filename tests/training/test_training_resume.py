"""A run that was stopped resumes as if it had not been: the same weights bit for bit, and the same log."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.halves import draw, recipe_of, trained, write
from support.recorder import Recorder

from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import Item, Silent
from lexlip_lucene.training.run.train import train

BERT = {"kind": "transformer", "architecture": {**tiny.BERT.architecture, "vocab_size": 400}}
PHASES: dict[str, dict[str, Any]] = {
    "frozen": {"image__frozen": True, "image__flip": True, "training__keep_start": 0.1},
    "phase 1": {"text": BERT, "training__language": {}, "training__bottleneck": {}, "training__text_flops": 1e-3},
    "phase 2": {
        "text": BERT,
        "image__shift": 2,
        "training__momentum": {"queue": 20, "top_k": 8},
        "training__flops_frequency": True,
    },
    "twin": {"training__dense": {"width": 8}, "training__distillation": {"teacher": "ensemble"}},
    "relations": {"training__relations": {"from": 0.3, "width": 32, "heads": 4, "triplet": {}}},
    "neighbours": {"training__neighbours": {"from": 0.3, "photos": 2, "cluster_size": 4, "every": 3, "near": 0.999}},
    "read": {"data__hold_megabytes": 0, "data__workers": 0, "image__augment": {}},
}


class Stopped(Exception):
    """The error that stops a run in these tests."""


class StopsAt(Silent):
    """Stops the training after so many steps of the `nth` run."""

    def __init__(self, steps: int, run: int = 1) -> None:
        self.steps, self.run = steps, run

    def track(self, items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
        self.run -= label == "training (steps)"
        for number, item in enumerate(items):
            if label == "training (steps)" and self.run == 0 and number == self.steps:
                raise Stopped
            yield item


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


def log_of(model: Path, run: str = "choosing") -> str:
    return (model.with_name(model.name + ".training") / run / "log.csv").read_text()


@pytest.mark.parametrize("phase", PHASES)
def test_a_run_that_was_stopped_gives_the_weights_of_one_that_was_not(data: Path, tmp_path: Path, phase: str) -> None:
    more = {"training__epochs": 5, "training__evaluations": 5, "training__average": 0.9, "training__image_flops": 1e-3}
    recipe = recipe_of(data, **more, **PHASES[phase])
    whole, _ = trained(recipe, tmp_path / "whole")
    with pytest.raises(Stopped):
        train(recipe, tmp_path / "parts", progress=StopsAt(10))
    assert not (tmp_path / "parts").exists()
    with pytest.raises(Stopped):
        train(recipe, tmp_path / "parts", resume=True, progress=StopsAt(5))
    progress = Recorder()
    train(recipe, tmp_path / "parts", resume=True, progress=progress)
    assert any(note.startswith("going on after step 12 of 20") for note in progress.notes)
    parts, _ = trained(recipe, tmp_path / "again")
    assert parts.sha256 == whole.sha256, "the same recipe gives the same weights"
    from lexlip_lucene.encoders.model.lexlip import LexLip

    assert LexLip.from_pretrained(tmp_path / "parts").sha256 == whole.sha256
    assert log_of(tmp_path / "parts") == log_of(tmp_path / "whole")


def test_a_final_run_goes_on_too_and_the_choice_before_it_stands(data: Path, tmp_path: Path) -> None:
    recipe = recipe_of(data, data__final_run=True, training__epochs=8, training__evaluations=4)
    whole, report = trained(recipe, tmp_path / "whole")
    assert report.best_step > 8
    with pytest.raises(Stopped):
        train(recipe, tmp_path / "parts", progress=StopsAt(11, run=2))
    train(recipe, tmp_path / "parts", resume=True)
    from lexlip_lucene.encoders.model.lexlip import LexLip

    assert LexLip.from_pretrained(tmp_path / "parts").sha256 == whole.sha256
    assert log_of(tmp_path / "parts", "final") == log_of(tmp_path / "whole", "final")


def test_without_resume_a_run_begins_again(data: Path, tmp_path: Path) -> None:
    recipe = recipe_of(data)
    with pytest.raises(Stopped):
        train(recipe, tmp_path / "model", progress=StopsAt(5))
    progress = Recorder()
    train(recipe, tmp_path / "model", progress=progress)
    assert not any(note.startswith("going on") for note in progress.notes)


def test_resume_without_a_checkpoint_begins(data: Path, tmp_path: Path) -> None:
    train(recipe_of(data), tmp_path / "model", resume=True)
    assert (tmp_path / "model").is_dir()


def test_a_checkpoint_of_another_recipe_is_refused_by_the_key_that_differs(data: Path, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        train(recipe_of(data), tmp_path / "model", progress=StopsAt(5))
    other = recipe_of(data, training__learning_rate=1e-4)
    with pytest.raises(InputError, match=r"another recipe: training\.learning_rate was 0\.003 and is 0\.0001"):
        train(other, tmp_path / "model", resume=True)


def test_a_broken_checkpoint_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        train(recipe_of(data), tmp_path / "model", progress=StopsAt(5))
    path = tmp_path / "model.training" / "choosing" / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"checkpoint\.pt: not a checkpoint that can be read"):
        train(recipe_of(data), tmp_path / "model", resume=True)
