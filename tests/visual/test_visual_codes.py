"""Each code of places against what its formula says, place by place in float64."""

import numpy as np
import pytest
import torch
from torch import Tensor

from lexlip_lucene.encoders.visual.auto_encoder import AutoEncoder
from lexlip_lucene.encoders.visual.rotated import Rotated
from lexlip_lucene.encoders.visual.soft_clusters import SoftClusters
from lexlip_lucene.encoders.visual.visual_file import VISUAL_CODES
from lexlip_lucene.encoders.visual.whitening import Whitening, fit_whitening
from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import SILENT
from lexlip_lucene.recipes.visual_recipe import VisualForm, VisualRecipe

WIDTH = 12
RECIPES = {
    "auto-encoder": VisualRecipe(code="auto-encoder", size=20, per_place=3, width=6, steps=30, batch_places=32),
    "k-means": VisualRecipe(code="k-means", size=9, per_place=2, width=6),
    "rotated": VisualRecipe(code="rotated", size=24),
}


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def clustered(count: int, seed: int = 0) -> Tensor:
    """Places around 15 centres, as the states of a backbone are."""
    centres = 3 * drawn(15, WIDTH, seed=99)
    which = torch.randint(15, (count,), generator=torch.Generator().manual_seed(seed))
    return centres[which] + drawn(count, WIDTH, seed=seed + 1)


EVERY_KIND = pytest.mark.parametrize(("kind", "recipe"), list(RECIPES.items()), ids=list(RECIPES))


@EVERY_KIND
def test_the_same_places_and_seed_give_the_same_code(kind: str, recipe: VisualRecipe) -> None:
    places = clustered(400)
    one, two, other = (VISUAL_CODES[kind].fit(places, recipe, seed=seed, progress=SILENT) for seed in (0, 0, 1))
    assert all(torch.equal(tensor, two.tensors()[name]) for name, tensor in one.tensors().items())
    assert any(not torch.equal(tensor, other.tensors()[name]) for name, tensor in one.tensors().items())


@EVERY_KIND
def test_a_code_is_the_same_again_from_its_tensors(kind: str, recipe: VisualRecipe) -> None:
    code = VISUAL_CODES[kind].fit(clustered(400), recipe, seed=0, progress=SILENT)
    again = VISUAL_CODES[kind].of(code.tensors(), recipe.form())
    places = drawn(3, 7, WIDTH, seed=5)
    assert torch.equal(code.strengths(places), again.strengths(places))
    assert (again.size, again.width) == (code.size, WIDTH)


@EVERY_KIND
def test_a_code_of_a_picture_is_in_one_of_its_places(kind: str, recipe: VisualRecipe) -> None:
    code = VISUAL_CODES[kind].fit(clustered(400), recipe, seed=0, progress=SILENT)
    for picture in clustered(35, seed=3).view(5, 7, WIDTH):
        strengths = code.strengths(picture.unsqueeze(0))[0]
        held = strengths.nonzero().flatten()
        at_places = code.at_places(picture, held)
        assert at_places.shape == (7, len(held)) and (at_places >= 0).all()
        assert (at_places.amax(dim=0) > 0).all()


@pytest.mark.parametrize("kind", ["auto-encoder", "k-means"])
def test_the_strength_of_a_picture_is_the_sum_over_its_places(kind: str) -> None:
    code = VISUAL_CODES[kind].fit(clustered(400), RECIPES[kind], seed=0, progress=SILENT)
    picture = clustered(7, seed=4)
    every = torch.arange(code.size)
    torch.testing.assert_close(code.strengths(picture.unsqueeze(0))[0], code.at_places(picture, every).sum(dim=0))


def test_an_auto_encoder_keeps_the_strongest_answers_of_each_place() -> None:
    whitening = Whitening(torch.full((2,), 1.0), torch.tensor([[1.0, 0.0], [0.0, 2.0]]))
    encoder = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    code = AutoEncoder(whitening, encoder, torch.tensor([0.0, -1.0, 0.0]), per_place=1)
    # (3, 2) is (2, 2) whitened: answers 2, 1, 4. (0, 1) is (−1, 0): answers −1, −1, −1, none of them above 0.
    places = torch.tensor([[[3.0, 2.0], [0.0, 1.0]]])
    assert code.strengths(places).tolist() == [[0.0, 0.0, 4.0]]
    assert AutoEncoder(whitening, encoder, code.bias, per_place=2).strengths(places).tolist() == [[2.0, 0.0, 4.0]]


def test_soft_clusters_weigh_near_centres_as_the_formula_says() -> None:
    code = SoftClusters.fit(clustered(400), RECIPES["k-means"], seed=0, progress=SILENT)
    for place in clustered(20, seed=8):
        squared = ((code.whitening(place) - code.centres).double() ** 2).sum(dim=1)
        near = squared.argsort()[:2]
        weights = np.exp(-(squared[near] - squared[near].min()).numpy() / float(code.spread))
        found = code.strengths(place.view(1, 1, -1))[0]
        np.testing.assert_allclose(found[near].numpy(), weights / weights.sum(), rtol=1e-3, atol=1e-6)
        assert int((found > 0).sum()) <= 2


def test_the_cosine_of_rotated_codes_is_that_of_the_states() -> None:
    code = Rotated.fit(clustered(400), RECIPES["rotated"], seed=0, progress=SILENT)
    pictures = clustered(40, seed=6).view(8, 5, WIDTH)
    states = torch.nn.functional.normalize(pictures.mean(dim=1) - code.mean, dim=1)
    signed = code.strengths(pictures)
    numbers = signed[:, :WIDTH] - signed[:, WIDTH:]
    torch.testing.assert_close(numbers @ numbers.T, states @ states.T, rtol=1e-4, atol=1e-5)
    assert ((signed[:, :WIDTH] == 0) | (signed[:, WIDTH:] == 0)).all(), "a number has one sign"


def test_training_rebuilds_places_better_than_the_start() -> None:
    places = clustered(2000)
    codes = {
        steps: AutoEncoder.fit(
            places,
            RECIPES["auto-encoder"].model_copy(update={"steps": steps, "learning_rate": 5e-3}),
            seed=0,
            progress=SILENT,
        )
        for steps in (1, 400)
    }
    # The decoder is not kept: the best linear one is fitted to what the codes say of the places.
    errors = []
    for code in codes.values():
        seen = code.whitening(places)
        answers = code.strengths(places.unsqueeze(1))
        rebuilt = answers @ torch.linalg.lstsq(answers, seen).solution
        errors.append(float(((seen - rebuilt) ** 2).sum() / (seen**2).sum()))
    assert errors[1] < errors[0]


def test_whitened_directions_have_the_square_root_of_their_spread() -> None:
    places = drawn(5000, 4, seed=2) * torch.tensor([8.0, 4.0, 2.0, 1.0])
    whitened = fit_whitening(places, 4, torch.Generator().manual_seed(0))(places)
    torch.testing.assert_close(whitened.std(dim=0), torch.tensor([8.0, 4.0, 2.0, 1.0]).sqrt(), rtol=0.05, atol=0.0)
    assert fit_whitening(places, 3, torch.Generator().manual_seed(0))(places).shape == (5000, 3)


@pytest.mark.parametrize("kind", ["auto-encoder", "k-means"])
def test_too_few_places_are_refused_with_a_remedy(kind: str) -> None:
    with pytest.raises(InputError, match="give more pictures, or fewer codes"):
        VISUAL_CODES[kind].fit(clustered(8), RECIPES[kind], seed=0, progress=SILENT)


def test_half_precision_states_are_fitted_as_they_are() -> None:
    for kind, recipe in RECIPES.items():
        code = VISUAL_CODES[kind].fit(clustered(400).half(), recipe, seed=0, progress=SILENT)
        assert all(torch.isfinite(tensor).all() for tensor in code.tensors().values())


def test_a_form_is_what_encoding_needs_and_no_more() -> None:
    assert set(VisualRecipe().form().model_dump()) == set(VisualForm.model_fields)
