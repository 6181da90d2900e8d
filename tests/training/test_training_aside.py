"""Images kept aside choose the best step and have no other part in a training run."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.halves import IMAGES, aside_of, draw, recipe_of, trained, write
from support.recorder import Recorder

from lexlip_lucene.training.examples.draws import Draw, Draws
from lexlip_lucene.training.run import loop


def watch_batches(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The list that will hold the images of every training step, in order."""
    seen: list[list[int]] = []
    draw_part = Draws.part

    def watching(self: Draws, step: int, number: int, images: NDArray[np.int64], done: float) -> Draw:
        seen.append(images.tolist())
        return draw_part(self, step, number, images, done)

    monkeypatch.setattr(Draws, "part", watching)
    return seen


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "unfrozen"])
def test_images_kept_aside_are_in_no_training_batch(
    data: Path, tmp_path: Path, frozen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = watch_batches(monkeypatch)
    recipe = recipe_of(data, image__frozen=frozen, training__word_loss=0.1)
    trained(recipe, tmp_path / "model")
    assert len(batches) == 8
    assert all(len(set(batch)) == 8 for batch in batches)
    for epoch in (batches[:4], batches[4:]):
        assert {image for batch in epoch for image in batch} == set(range(IMAGES)) - aside_of(recipe)


def test_words_of_the_images_kept_aside_alone_are_no_dimensions(data: Path, tmp_path: Path) -> None:
    recipe = recipe_of(data)
    model, _ = trained(recipe, tmp_path / "model")
    words = {int(token[4:]) for token in model.lexicon.tokens if token.startswith("word")}
    assert words == set(range(IMAGES)) - aside_of(recipe)


def test_a_vocabulary_is_trained_without_the_images_kept_aside(tmp_path: Path) -> None:
    """A letter that only captions kept aside have is unknown to the vocabulary."""
    recipe, lines = recipe_of(tmp_path, vocabulary={"train_size": 150}), draw(tmp_path)
    for number, line in enumerate(lines):
        letter = "ж" if number in aside_of(recipe) else "ю"
        line["captions"] = [f"{caption} {letter * 2}" for caption in line["captions"]]
    write(tmp_path, lines)
    model, _ = trained(recipe, tmp_path / "model")
    letters = set("".join(model.tokenizer.get_vocab()))
    assert "ю" in letters
    assert "ж" not in letters


def test_a_final_run_trains_on_all_images_for_the_best_number_of_steps(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches, progress = watch_batches(monkeypatch), Recorder()
    recipe = recipe_of(data, data__final_run=True, training__epochs=15)
    model, report = trained(recipe, tmp_path / "model", progress)
    assert report.best_step > 0
    chosen, final = batches[: report.steps], batches[report.steps :]
    share = report.best_step / report.steps
    assert len(final) == round(share * 15 * (IMAGES // 8))
    assert any(note.startswith("final run on all 40 images") for note in progress.notes)
    assert aside_of(recipe).isdisjoint(image for batch in chosen for image in batch)
    assert {image for batch in final for image in batch} == set(range(IMAGES))
    assert {token for token in model.lexicon.tokens if token.startswith("word")} == {f"word{n}" for n in range(IMAGES)}


@pytest.mark.parametrize(("keep", "kept"), [("best", 0), ("last", -1)])
def test_the_best_step_is_kept_or_the_last(
    keep: str, kept: int, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    falling, measure = itertools.count(-1, -1), loop.measure_aside
    monkeypatch.setattr(loop, "measure_aside", lambda *args: measure(*args)._replace(recall={"R@1": next(falling)}))
    _, report = trained(recipe_of(data, training__keep=keep), tmp_path / "model")
    assert report.best_step == (0, report.steps)[kept]
