"""Pictures held in memory and pictures read while the model trains are the same to a training step."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from support import tiny
from support.halves import draw, recipe_of, write
from support.recorder import Recorder
from torch import Tensor

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import SILENT
from lexlip_lucene.recipes.encoder_recipe import AugmentRecipe
from lexlip_lucene.training.examples.augmentation import UNCHANGED, Augmentation
from lexlip_lucene.training.examples.sources import (
    HeldPictures,
    PlannedBatch,
    ReadPictures,
    find_pictures,
    plan_of,
    weights_of,
)
from lexlip_lucene.training.run.train import train

SIZE, COUNT = 16, 6
AUGMENT = AugmentRecipe()
AUGMENTED = [
    UNCHANGED,
    Augmentation(mirrored=True),
    Augmentation(shift=(-2, 3)),
    Augmentation(brightness=1.3),
    Augmentation(rand_augment=7),
    Augmentation(mirrored=True, shift=(1, 0), brightness=0.8, rand_augment=123),
]
PLAN = [
    PlannedBatch(np.array(images), augmentation)
    for images, augmentation in zip([[3], [0, 5, 1], [2, 2], [4, 0], [1, 3, 5], [5, 4]], AUGMENTED, strict=True)
]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[CaptionedImage]:
    """Pictures of noise, larger than they are trained on, as PNG and JPEG."""
    folder, chance = tmp_path_factory.mktemp("noise"), np.random.default_rng(0)
    listed = []
    for number in range(COUNT):
        path = folder / f"{number}.{'png' if number % 2 else 'jpg'}"
        Image.fromarray(chance.integers(0, 256, (20 + number, 24, 3), dtype=np.uint8)).save(path)
        listed.append(CaptionedImage(f"i{number}", path, "train", ("a",), f"captions.jsonl:{number + 1}"))
    return listed


def source(images: Sequence[CaptionedImage], hold: int, workers: int = 0) -> HeldPictures | ReadPictures:
    """`hold` megabytes; the pictures take less than one, so 0 has them read."""
    found = find_pictures(images, SIZE, hold_megabytes=hold, workers=workers, augment=AUGMENT, progress=SILENT)
    return found.source


@pytest.mark.parametrize("workers", [0, 2])
def test_pictures_that_are_read_give_the_bits_of_pictures_that_are_held(
    images: list[CaptionedImage], workers: int
) -> None:
    held, read = source(images, 1), source(images, 0, workers)
    assert isinstance(held, HeldPictures) and isinstance(read, ReadPictures)
    torch.manual_seed(0)
    wanted = list(held.batches(PLAN))
    torch.manual_seed(1)  # the looks' own seeds decide, not the global one
    found = list(read.batches(PLAN))
    assert [len(batch) for batch in found] == [len(images) for images, _ in PLAN]
    for one, other in zip(found, wanted, strict=True):
        assert one.dtype == other.dtype and torch.equal(one, other)


def test_a_picture_is_seen_by_its_number_whatever_the_plan_s_order(images: list[CaptionedImage]) -> None:
    pictures = source(images, 1)
    assert isinstance(pictures, HeldPictures)
    assert torch.equal(next(iter(pictures.batches([PlannedBatch(np.array([4, 1]))]))), pictures.pixels[[4, 1]])
    turned = next(iter(pictures.batches([PlannedBatch(np.array([2]), Augmentation(mirrored=True))])))
    assert torch.equal(turned[0], pictures.pixels[2].flip(-1))


def test_every_picture_of_a_batch_is_augmented_apart(images: list[CaptionedImage]) -> None:
    pictures = source(images, 1)
    (batch,) = pictures.batches([PlannedBatch(np.array([2] * 8), Augmentation(rand_augment=1))])
    assert len({tuple(picture.flatten().tolist()) for picture in batch}) > 1


def test_an_empty_plan_gives_nothing(images: list[CaptionedImage]) -> None:
    for workers in (0, 2):
        assert list(source(images, 0, workers).batches([])) == []


def test_plans_cut_images_into_batches_as_they_are() -> None:
    plan = plan_of(np.arange(5), 2)
    assert [(wanted.images.tolist(), wanted.augmentation) for wanted in plan] == [
        ([0, 1], UNCHANGED),
        ([2, 3], UNCHANGED),
        ([4], UNCHANGED),
    ]


def test_weights_are_the_model_s_own_whichever_way_the_pictures_come() -> None:
    model = tiny.lexlip()
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 3, 32, 32), dtype=np.uint8))
    numbers = np.array([3, 0, 4])
    found = weights_of(model, HeldPictures(pixels), numbers, batch=2)
    torch.testing.assert_close(found, model.image_weights(pixels[[3, 0, 4]]).detach())


# --- which of the two --------------------------------------------------------------------------------------------


def test_pictures_are_held_while_they_fit_and_else_read(images: list[CaptionedImage]) -> None:
    """A megabyte is 10⁶ bytes; many small pictures take the place of a few large ones."""
    size = 1000  # 3 MB a picture
    assert isinstance(find_pictures(images[:2], size, hold_megabytes=6, progress=SILENT).source, HeldPictures)
    read = find_pictures(images[:2], size, hold_megabytes=5, workers=3, augment=AUGMENT, progress=SILENT).source
    assert isinstance(read, ReadPictures)
    assert (read.paths, read.size, read.workers, read.augment) == (
        tuple(image.path for image in images[:2]),
        size,
        3,
        AUGMENT,
    )


@pytest.mark.parametrize(("hold", "label"), [(1, "reading training images"), (0, "looking at training images")])
def test_a_picture_without_a_header_is_left_out_by_its_line(
    images: list[CaptionedImage], tmp_path: Path, hold: int, label: str
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    wrong = [
        CaptionedImage("gone", tmp_path / "gone.png", "train", ("a",), "captions.jsonl:8"),
        CaptionedImage("text", tmp_path / "text.png", "train", ("a",), "captions.jsonl:9"),
    ]
    told = Recorder()
    found = find_pictures(
        [wrong[0], images[1], wrong[1], images[3]], SIZE, hold_megabytes=hold, workers=0, progress=told
    )
    assert found.readable == [1, 3]
    assert [line.split(": ")[:2] for line in found.rejected] == [
        ["captions.jsonl:8", "image gone"],
        ["captions.jsonl:9", "image text"],
    ]
    assert all("\n" not in line for line in found.rejected)
    (both,) = found.source.batches([PlannedBatch(np.array([0, 1]))])
    (wanted,) = source(images, 1).batches([PlannedBatch(np.array([1, 3]))])
    assert torch.equal(both, wanted), "numbers count the readable ones"
    assert told.tracked == [(label, 4, 4)]


# --- broken while the model trains -------------------------------------------------------------------------------


def cut(path: Path) -> None:
    """Leave the header and lose the data."""
    path.write_bytes(path.read_bytes()[:-40])


def test_a_picture_that_turns_out_broken_stops_the_reading_by_its_path(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    paths = tuple(tmp_path / f"{number}.png" for number in range(3))
    for path in paths:
        Image.fromarray(chance.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)).save(path)
    cut(paths[1])
    batches = ReadPictures(paths, SIZE, workers=0).batches(plan_of(np.array([0, 2, 1, 0]), 2))
    assert next(batches).shape == (2, 3, SIZE, SIZE)
    with pytest.raises(InputError, match=rf"^{paths[1]}: .*: take the picture out of the captions file, or mend it$"):
        next(batches)


def test_a_run_that_reads_its_pictures_stops_at_a_broken_one(tmp_path: Path) -> None:
    lines = draw(tmp_path)
    for number in range(40):
        cut(tmp_path / f"{number}.png")
    streamed: dict[str, Any] = {"data__hold_megabytes": 0, "data__workers": 0}
    with pytest.raises(InputError, match=rf"^{tmp_path}/\d+\.png: .* or mend it$"):
        train(recipe_of(write(tmp_path, lines), **streamed), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_the_weights_trained_are_the_same_from_held_and_from_read_pictures(tmp_path: Path) -> None:
    from lexlip_lucene.encoders.model.lexlip import LexLip

    data = write(tmp_path, draw(tmp_path))
    looks: dict[str, Any] = {"image__flip": True, "image__shift": 2, "image__brightness": 0.2, "image__augment": {}}

    def tensors(name: str, **where: Any) -> dict[str, Tensor]:
        train(recipe_of(data, training__epochs=1, **looks, **where), tmp_path / name)
        return LexLip.from_pretrained(tmp_path / name).state_dict()

    held, read = tensors("held"), tensors("read", data__hold_megabytes=0, data__workers=0)
    assert all(torch.equal(held[name], read[name]) for name in held)
