"""The training of the late head, which follows that of the lexicon."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.halves import draw, recipe_of, trained, write

from lexlip_lucene.encoders.query.late_query import LateQuery
from lexlip_lucene.errors import RecipeError
from lexlip_lucene.training.run.late_selection import standardised

STATIC = {"kind": "static"}
LATE = {"width": 16, "epochs": 3, "batch_size": 8}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "unfrozen"])
@pytest.mark.parametrize("final", [True, False], ids=["final", "choosing"])
def test_the_late_head_is_trained_and_nothing_else_is_changed(
    data: Path, tmp_path: Path, frozen: bool, final: bool
) -> None:
    settings: dict[str, Any] = {"text": STATIC, "image__frozen": frozen, "data__final_run": final}
    plain, _ = trained(recipe_of(data, **settings), tmp_path / "plain")
    model, report = trained(recipe_of(data, **settings, late=LATE), tmp_path / "late")
    assert model.late is not None and model.config.late is not None
    for name, tensor in plain.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name]), name
    assert report.late_dev is not None and set(report.late_dev) == {"R@1", "R@5", "R@10"}
    assert model.config.late.mix == report.late_mix == LateQuery(tmp_path / "late").mix
    assert f"mix {report.late_mix:.2f}: R@1" in (tmp_path / "late" / "README.md").read_text()


def test_the_same_seed_gives_the_same_late_head_and_another_seed_another(data: Path, tmp_path: Path) -> None:
    first, second = (trained(recipe_of(data, text=STATIC, late=LATE), tmp_path / name)[0] for name in "ab")
    other, _ = trained(recipe_of(data, text=STATIC, late=LATE, training__seed=1), tmp_path / "c")
    assert first.late is not None and second.late is not None and other.late is not None
    assert torch.equal(first.late.words, second.late.words)
    assert not torch.equal(first.late.words, other.late.words)


@pytest.mark.parametrize("directions", ["text", "both"])
def test_equal_token_weights_stay_equal_and_learned_ones_do_not(data: Path, tmp_path: Path, directions: str) -> None:
    for kind, spread in (("equal", 0.0), ("learned", None)):
        late = {**LATE, "token_weights": kind, "directions": directions, "captions_per_image": 2}
        model, _ = trained(recipe_of(data, text=STATIC, late=late), tmp_path / kind)
        assert model.late is not None
        weights = torch.nn.functional.softplus(model.late.raw_weight.detach())
        assert torch.isfinite(weights).all()
        assert (float(weights.max() - weights.min()) < 1e-6) == (spread == 0.0)


def test_a_mix_that_the_recipe_names_is_kept(data: Path, tmp_path: Path) -> None:
    model, report = trained(recipe_of(data, text=STATIC, late={**LATE, "mix": 0.35}), tmp_path / "model")
    assert model.config.late is not None
    assert report.late_mix == model.config.late.mix == 0.35


def test_learning_makes_the_late_head_better_than_chance(data: Path, tmp_path: Path) -> None:
    late = {**LATE, "epochs": 30, "mix": 0.0}
    _, report = trained(recipe_of(data, text=STATIC, late=late), tmp_path / "model")
    assert report.late_dev is not None
    assert report.late_dev["R@1"] > 2 / 8, "8 images are kept aside"


def test_a_late_head_may_be_continued_from_a_model_without_one(data: Path, tmp_path: Path) -> None:
    trained(recipe_of(data, text=STATIC), tmp_path / "start")
    recipe = recipe_of(data, text=STATIC, late=LATE, training__start=tmp_path / "start")
    model, report = trained(recipe, tmp_path / "model")
    assert model.late is not None and report.late_dev is not None


@pytest.mark.parametrize(("key", "value"), [("width", 0), ("token_weights", "idf"), ("mix", 1.1), ("epochs", 0)])
def test_a_setting_out_of_range_is_refused_by_its_name(data: Path, key: str, value: Any) -> None:
    with pytest.raises((RecipeError, ValueError), match=key):
        recipe_of(data, text=STATIC, late={**LATE, key: value})


def test_scores_that_are_all_equal_are_standardised_to_zero() -> None:
    scores = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]])
    found = standardised(scores)
    assert found[0].tolist() == [0, 0, 0]
    assert found[1].std() == pytest.approx(1) and found[1].mean() == pytest.approx(0)
