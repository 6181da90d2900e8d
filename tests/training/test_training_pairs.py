"""`training.pairs`: pairs that are left out or weighed, and what stays as it was without it."""

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import torch
from support import tiny
from support.halves import IMAGES, draw, recipe_of, trained, write
from support.recorder import Recorder

from lexlip_lucene.errors import InputError
from lexlip_lucene.experiments.pairs.arms import with_captions
from lexlip_lucene.training.examples.sources import PlannedBatch
from lexlip_lucene.training.formulas import contrastive_loss
from lexlip_lucene.training.run.job import prepare

FROZEN = {**tiny.VIT.model_dump(), "frozen": True}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


def pairs_file(folder: Path, improbable: set[tuple[int, int]], *, left_out: int = -1) -> Path:
    lines = [
        {"id": f"i{image}", "caption": caption, "score": 1.0, "p": 0.1 if (image, caption) in improbable else 0.9}
        for image in range(IMAGES)
        for caption in range(2)
        if image != left_out
    ]
    (folder / "pairs.jsonl").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    return folder / "pairs.jsonl"


def dropping(data: Path, file: Path, dropped: int, **changes: Any) -> Any:
    return recipe_of(data, training__pairs={"filter": file, "keep": 1 - dropped / (2 * IMAGES)}, **changes)


def test_a_filter_drops_the_least_probable_captions_and_images_that_have_none_left(data: Path, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, {(3, 1), (5, 0), (5, 1)})
    recorder = Recorder()
    job = prepare(dropping(data, file, 3), tmp_path / "model", progress=recorder)
    captions = {image.id: len(image.captions) for image in job.images}
    assert captions == {f"i{n}": 1 if n == 3 else 2 for n in range(IMAGES) if n != 5}
    assert job.weights is None
    (note,) = [line for line in recorder.notes if "improbable" in line]
    assert "3 of 80 pairs are left out" in note and "1 of 40 images, which have none left" in note


@pytest.mark.parametrize("image", [FROZEN, tiny.VIT.model_dump()], ids=["frozen", "unfrozen"])
def test_pictures_stay_with_their_captions_when_one_goes(data: Path, tmp_path: Path, image: dict[str, Any]) -> None:
    file = pairs_file(tmp_path, {(5, 0), (5, 1)})
    whole = prepare(recipe_of(data, image=image), tmp_path / "model")
    job = prepare(dropping(data, file, 2, image=image), tmp_path / "model")
    inputs = next(iter(job.source.batches([PlannedBatch(np.array([4, 5]))])))
    wanted = next(iter(whole.source.batches([PlannedBatch(np.array([4, 6]))])))
    assert [job.images[n].id for n in (4, 5)] == ["i4", "i6"]
    assert torch.equal(inputs, wanted)


def test_the_images_kept_aside_do_not_depend_on_the_filter(data: Path, tmp_path: Path) -> None:
    whole = prepare(recipe_of(data), tmp_path / "model")
    aside = {whole.images[n].id for n in whole.kept_aside}
    gone = sorted(aside)[0]
    number = int(gone[1:])
    file = pairs_file(tmp_path, {(number, 0), (number, 1), (number ^ 1, 0)})
    job = prepare(dropping(data, file, 3), tmp_path / "model")
    assert {job.images[n].id for n in job.kept_aside} == aside - {gone}


def test_states_that_were_kept_serve_any_filter(data: Path, tmp_path: Path) -> None:
    prepare(recipe_of(data, image=FROZEN), tmp_path / "model", cache=tmp_path / "states")
    before = sorted((tmp_path / "states").iterdir())
    file = pairs_file(tmp_path, {(5, 0), (5, 1)})
    prepare(dropping(data, file, 2, image=FROZEN), tmp_path / "model", cache=tmp_path / "states")
    assert sorted((tmp_path / "states").iterdir()) == before != []


def test_an_arm_of_the_experiment_is_the_job_of_its_recipe(data: Path, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, {(3, 1), (5, 0), (5, 1)})
    recipe = dropping(data, file, 3, image=FROZEN)
    whole = prepare(recipe_of(data, image=FROZEN), tmp_path / "model")
    found = with_captions(whole, whole.images, recipe, tmp_path)
    wanted = prepare(recipe, tmp_path / "model")
    assert list(found.images) == list(wanted.images)
    assert found.kept_aside.tolist() == wanted.kept_aside.tolist()
    assert torch.equal(found.source.kept, wanted.source.kept)  # type: ignore[attr-defined]
    assert torch.equal(found.vocabulary.captions.tokens.ids, wanted.vocabulary.captions.tokens.ids)


def test_equal_weights_train_as_none_do(data: Path, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, set())
    one, _ = trained(recipe_of(data), tmp_path / "none")
    two, _ = trained(recipe_of(data, training__pairs={"weights": file}), tmp_path / "equal")
    for name, tensor in one.state_dict().items():
        torch.testing.assert_close(two.state_dict()[name], tensor, atol=1e-4, rtol=1e-3)


def test_weights_change_what_is_learned_and_the_card_names_no_folder(data: Path, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, {(image, 1) for image in range(IMAGES)})
    one, _ = trained(recipe_of(data), tmp_path / "none")
    two, _ = trained(recipe_of(data, training__pairs={"weights": file}), tmp_path / "weighed")
    assert one.sha256 != two.sha256
    card = (tmp_path / "weighed" / "README.md").read_text(encoding="utf-8")
    assert "weights: pairs.jsonl" in card and str(tmp_path) not in card


def test_a_pair_that_the_file_lacks_is_named(data: Path, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, set(), left_out=7)
    with pytest.raises(InputError, match=r"pairs\.jsonl: .* none for caption 0 of image 'i7' \(.*captions\.jsonl:8\)"):
        prepare(recipe_of(data, training__pairs={"filter": file}), tmp_path / "model")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training__pairs": {}}, "one of filter and weights is needed, and not both"),
        ({"training__pairs": {"filter": "a", "weights": "b"}}, "one of filter and weights is needed, and not both"),
        ({"training__pairs": {"filter": "a", "keep": 0}}, "greater than 0"),
    ],
)
def test_settings_that_do_not_fit_are_refused(data: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recipe_of(data, **changes)


def test_weights_are_refused_beside_the_momentum_contrast(data: Path) -> None:
    training = {"epochs": 1, "batch_size": 8, "learning_rate": 1e-3, "momentum": {}, "pairs": {"weights": "a"}}
    with pytest.raises(ValueError, match=r"pairs\.weights weighs the in-batch contrast"):
        recipe_of(data, training=training)


def test_a_recipe_without_pairs_keeps_its_fingerprint(data: Path) -> None:
    assert "pairs" not in recipe_of(data).model_dump(mode="json")["training"]
    with_pairs = recipe_of(data, training__pairs={"filter": "a"}).model_dump(mode="json")["training"]["pairs"]
    assert with_pairs == {"filter": "a", "keep": 0.9, "weights": None}


def test_weights_of_one_are_no_weights() -> None:
    similarity = torch.randn(4, 3, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(contrastive_loss(similarity, weights=torch.ones(4, 3)), contrastive_loss(similarity))


def test_the_weighted_contrast_is_the_one_by_hand() -> None:
    similarity = torch.tensor([[[2.0, 0.0]], [[1.0, 3.0]]])
    weights = torch.tensor([[0.25], [1.0]])
    first = np.log(1 + np.exp(-2)), np.log(1 + np.exp(1 - 2))  # caption 0 among images, image 0 among captions
    second = np.log(1 + np.exp(1 - 3)), np.log(1 + np.exp(0 - 3))
    wanted = (0.25 * sum(first) + 1.0 * sum(second)) / (2 * 1.25)
    assert contrastive_loss(similarity, weights=weights).item() == pytest.approx(wanted)


def test_a_pair_of_weight_zero_teaches_nothing_but_as_a_negative() -> None:
    similarity = torch.randn(3, 1, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weights = torch.tensor([[0.0], [1.0], [1.0]])
    contrastive_loss(similarity, weights=weights).backward()
    assert similarity.grad is not None
    assert similarity.grad[0, 0, 0] == 0, "its own pair is pulled nowhere"
    assert (similarity.grad[0, 0, 1:] > 0).all(), "its caption is still another's negative"
