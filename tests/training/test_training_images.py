"""Sources of a training run's images: pictures, or the cached states of a frozen backbone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from support import tiny
from support.halves import IMAGES, draw, recipe_of, trained, write
from support.recorder import Recorder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


def test_an_unreadable_training_image_is_left_out_named_and_counted(tmp_path: Path) -> None:
    lines = draw(tmp_path)
    (tmp_path / "3.png").write_bytes((tmp_path / "3.png").read_bytes()[:60])
    (tmp_path / "5.png").unlink()
    captions, progress = write(tmp_path, lines) / "captions.jsonl", Recorder()
    model, report = trained(recipe_of(tmp_path), tmp_path / "model", progress)
    assert (report.images, report.rejected) == (38, 2)
    left_out = [note for note in progress.notes if note.startswith("left out: ")]
    assert [note.split(": ")[1:3] for note in left_out] == [
        [f"{captions}:4", "image i3"],
        [f"{captions}:6", "image i5"],
    ]
    assert not {"word3", "word5"} & set(model.lexicon.tokens)


def test_a_frozen_backbone_stays_as_it_was_and_another_does_not(data: Path, tmp_path: Path) -> None:
    """Two seeds of training that share the backbone's weights."""
    start = tiny.lexlip()
    save_file(start.image.tower.backbone.state_dict(), tmp_path / "backbone")
    for frozen in (True, False):
        recipe = recipe_of(data, image__weights=tmp_path / "backbone", image__frozen=frozen, training__epochs=4)
        model, report = trained(recipe, tmp_path / f"frozen-{frozen}")
        assert report.best_step > 0
        pairs = zip(model.image.tower.parameters(), start.image.tower.parameters(), strict=True)
        assert all(torch.equal(now, before) for now, before in pairs) == frozen


def test_the_states_of_a_frozen_backbone_are_computed_once(data: Path, tmp_path: Path) -> None:
    recipe, cache = recipe_of(data, image__frozen=True, image__flip=True), tmp_path / "cache"
    runs = []
    for name, folder in (("plain", None), ("first", cache), ("second", cache)):
        progress = Recorder()
        model, _ = trained(recipe, tmp_path / name, progress, folder)
        computed = any(label.startswith("backbone states") for label, _, _ in progress.tracked)
        runs.append((model.sha256, computed, any(note.startswith("backbone states read") for note in progress.notes)))
    assert [run[1:] for run in runs] == [(True, False), (True, False), (False, True)]
    assert runs[0][0] == runs[1][0] == runs[2][0]
    (file,) = cache.iterdir()
    assert load_file(file)["states"].shape == (2, IMAGES, 4, 32), "as they are and mirrored, 4 patches of width 32"
    assert load_file(file)["states"].dtype == torch.float16
    for change in ({"image__global_state": True}, {"image__flip": False}, {"image__mean": (0.1, 0.2, 0.3)}):
        trained(
            recipe_of(data, **{"image__frozen": True, "image__flip": True, **change}),
            tmp_path / str(change),
            cache=cache,
        )
    assert len(list(cache.iterdir())) == 4, "other states have another name"


def test_the_states_that_train_are_those_that_encode(data: Path, tmp_path: Path) -> None:
    """A vector encoded from the file is the one that training computed from cached half-precision states."""
    recipe, cache = recipe_of(data, image__frozen=True), tmp_path / "cache"
    model, _ = trained(recipe, tmp_path / "model", cache=cache)
    (file,) = cache.iterdir()
    states = load_file(file)["states"][0]
    pixels = torch.stack([torch.from_numpy(np.array(Image.open(data / f"{n}.png"))).permute(2, 0, 1) for n in range(5)])
    with torch.inference_mode():
        from_cache = model.image.logits(states[:5])
        from_file = model.image.logits(model.image.tower((pixels.float() / 255 - 0.5) / 0.5))
    torch.testing.assert_close(from_cache, from_file, rtol=1e-2, atol=1e-2)  # half precision has 11 bits
