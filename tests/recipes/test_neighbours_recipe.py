"""The keys of `training.neighbours`: what is refused, and that a recipe without them is as it was."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lexlip_lucene.errors import RecipeError
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.neighbours_recipe import NeighboursRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.recipes.training_recipe import TrainingRecipe

SCENES = Path(__file__).parents[2] / "encode" / "scenes.yaml"


def training(**keys: Any) -> TrainingRecipe:
    return TrainingRecipe.model_validate({"epochs": 1, "batch_size": 8, "learning_rate": 0.1, **keys})


def test_a_recipe_without_neighbours_is_written_as_before_there_were_any() -> None:
    assert "neighbours" not in training().model_dump(mode="json")


def test_from_is_written_and_read_by_that_name() -> None:
    written = training(neighbours={"from": 0.25}).model_dump(mode="json")
    assert written["neighbours"] == {
        "photos": 4,
        "from": 0.25,
        "every": None,
        "cluster_size": 32,
        "near": 0.95,
        "alike": "left_out",
    }
    assert TrainingRecipe.model_validate(written) == training(neighbours={"from": 0.25})
    json = training(neighbours={"from": 0.25}).model_dump_json()
    assert TrainingRecipe.model_validate_json(json) == training(neighbours={"from": 0.25})


def test_neighbours_begin_at_their_share_of_the_run() -> None:
    recipe = NeighboursRecipe.model_validate({"from": 0.5})
    assert [recipe.has_begun(done) for done in (0.0, 0.49, 0.5, 1.0)] == [False, False, True, True]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"neighbours": {}, "momentum": {}}, "with momentum negatives are the queue's: leave one out"),
        ({"neighbours": {"photos": 3}}, r"must be a multiple of neighbours\.photos, got 8 / 1 and 3"),
        ({"neighbours": {"photos": 4}, "accumulate": 4}, r"neighbours\.photos, got 8 / 4 and 4"),
        ({"neighbours": {"cluster_size": 3}}, "cluster_size must be at least photos, got 3 and 4"),
        ({"neighbours": {"photos": 1}}, "greater than or equal to 2"),
        ({"neighbours": {"from": 1.0}}, "less than 1"),
        ({"neighbours": {"alike": "negatives"}}, "'left_out' or 'positives'"),
    ],
)
def test_what_does_not_fit_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        training(**keys)


def test_the_command_sets_from_and_names_it_to_who_misspells_it() -> None:
    recipe = read_recipe(SCENES, EncoderRecipe, ["training.neighbours={from: 0.5, photos: 2}"])
    assert recipe.training.neighbours is not None
    assert (recipe.training.neighbours.from_, recipe.training.neighbours.photos) == (0.5, 2)
    with pytest.raises(RecipeError, match=r"unknown key 'training\.neighbours\.form': did you mean 'from'\?"):
        read_recipe(SCENES, EncoderRecipe, ["training.neighbours={form: 0.5}"])
