"""States that are kept are read instead of computed, and are the bits of those that are not kept."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from support import tiny
from support.cli_run import done
from torch import Tensor

from lexlip_lucene.encode.arithmetic import Arithmetic
from lexlip_lucene.encode.states_pass import StatesPass, tower_fingerprint
from lexlip_lucene.encoders.model.image_tower import ImageTower

CPU = torch.device("cpu")
PRECISIONS = pytest.mark.parametrize("precision", ["float32", "bfloat16"])


def tower(seed: int = 0, **changes: object) -> ImageTower:
    torch.manual_seed(seed)
    return ImageTower(tiny.VIT.model_copy(update=changes)).eval()


def pictures(seed: int = 0, count: int = 3) -> Tensor:
    return torch.randint(0, 256, (count, 3, 32, 32), generator=torch.Generator().manual_seed(seed)).byte()


def states(made: ImageTower, pixels: Tensor, keep: Path | None = None, precision: str = "float32") -> Tensor:
    """The states that a fresh pass gives, as a second run would."""
    return StatesPass(made, CPU, Arithmetic(precision), batch_size=4, keep=keep)(pixels)


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


@PRECISIONS
def test_kept_states_are_the_bits_of_states_that_are_not_kept(tmp_path: Path, precision: str) -> None:
    plain = states(tower(), pictures(), None, precision)
    for _ in range(2):
        found = states(tower(), pictures(), tmp_path / "kept", precision)
        assert found.dtype == plain.dtype and found.shape == (3, 4, 32)
        assert torch.equal(found, plain)
    assert len(files(tmp_path / "kept")) == 1


def test_a_second_pass_reads_and_computes_nothing(tmp_path: Path) -> None:
    states(tower(), pictures(), tmp_path)
    (file,) = files(tmp_path)
    marked = torch.full_like(load_file(file)["states"], 7.0)
    save_file({"states": marked}, file)
    assert torch.equal(states(tower(), pictures(), tmp_path), marked)


def test_what_is_no_longer_kept_is_computed_again(tmp_path: Path) -> None:
    first = states(tower(), pictures(), tmp_path)
    (file,) = files(tmp_path)
    file.unlink()
    assert torch.equal(states(tower(), pictures(), tmp_path), first)
    assert files(tmp_path) == [file]


def test_other_pictures_another_tower_or_another_precision_have_files_of_their_own(tmp_path: Path) -> None:
    runs = [
        (tower(), pictures(), "float32"),
        (tower(), pictures(), "bfloat16"),
        (tower(), pictures(1), "float32"),
        (tower(), pictures(0, 2), "float32"),
        (tower(), pictures().flip(0), "float32"),
        (tower(seed=1), pictures(), "float32"),
        (tower(grid=1), pictures(), "float32"),
        (tower(mean=(0.1, 0.2, 0.3)), pictures(), "float32"),
    ]
    for number, (made, pixels, precision) in enumerate(runs):
        wanted = states(made, pixels, None, precision)
        assert torch.equal(states(made, pixels, tmp_path, precision), wanted)
        assert len(files(tmp_path)) == number + 1


def test_a_fingerprint_is_of_the_tower_s_tensors_and_of_how_it_pools() -> None:
    first = tower_fingerprint(tower())
    assert tower_fingerprint(tower()) == first
    changed = tower()
    with torch.no_grad():
        next(changed.backbone.parameters()).view(-1)[0] += 1e-6
    others = [changed, tower(grid=1), tower(global_state=True), tower(std=(0.5, 0.5, 0.4))]
    assert len({first, *map(tower_fingerprint, others)}) == 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models over one backbone, and seven pictures of which one is broken."""
    root = tmp_path_factory.mktemp("encode")
    one, other = tiny.lexlip(seed=0), tiny.lexlip(seed=1)
    other.image.tower.load_state_dict(one.image.tower.state_dict())
    one.save_pretrained(root / "one")
    other.save_pretrained(root / "other")
    (root / "photos").mkdir()
    chance = np.random.default_rng(0)
    for number in range(7):
        Image.fromarray(chance.integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(root / "photos" / f"{number}.png")
    (root / "photos" / "4.png").write_text("no picture")
    return root


def encoded(folder: Path, model: str, output: Path, *options: object) -> dict[str, bytes]:
    """Run `lexlip encode images`; return the shards it wrote."""
    record = done("encode", "images", folder / "photos", output, "--model", folder / model, "--batch-size", 3, *options)
    assert (record["documents"], record["rejected"]) == (6, 1)
    return {file.name: file.read_bytes() for file in output.iterdir()}


@PRECISIONS
def test_encode_gives_the_same_shards_with_and_without_kept_states(
    folder: Path, tmp_path: Path, precision: str
) -> None:
    options = ("--precision", precision)
    plain = encoded(folder, "one", tmp_path / "plain", *options)
    kept = (*options, "--states", tmp_path / "states")
    for name in ("first", "second"):
        assert encoded(folder, "one", tmp_path / name, *kept) == plain
    assert len(files(tmp_path / "states")) == 3, "one a batch of 3"


def test_another_model_over_the_same_backbone_reads_the_states_of_the_first(folder: Path, tmp_path: Path) -> None:
    kept = ("--states", tmp_path / "states")
    first = encoded(folder, "one", tmp_path / "one", *kept)
    written = {file: file.stat().st_mtime_ns for file in files(tmp_path / "states")}
    found = encoded(folder, "other", tmp_path / "other", *kept)
    assert found == encoded(folder, "other", tmp_path / "plain") != first
    assert {file: file.stat().st_mtime_ns for file in files(tmp_path / "states")} == written
