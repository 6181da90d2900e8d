"""The relation loss in whole runs: what it reaches, when it begins, and that a model knows nothing of it.

Defects of HREM's published code (CrossmodalGroup/HREM), and where they are guarded against:

 1. The epoch to keep is chosen on the test images: here on images kept aside, as every run (test_training_aside.py).
 2. Negatives are weighed by 512 numbers for vectors of 1,024 (test_relation_triplets.py).
 3. √(2 − 2s) of cosines above 1 is no number, and
 4. a failure to draw a negative is swallowed as a loss of 0 (test_relation_triplets.py).
 5. Pads are fragments like others, and
 6. captions of fewer than ten words end a run (test_relation_fragments.py).
 7. Images are connected by their similarity to texts (test_relation_graph.py).
 8. The standalone form is missing (test_relation_interaction.py), and so are batches of neighbours.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from support import tiny
from support.halves import draw, recipe_of, trained, write

from lexlip_lucene.errors import RecipeError
from lexlip_lucene.training.losses.views import Views
from lexlip_lucene.training.relations.word_vectors import bag_of_words, mapped
from lexlip_lucene.training.run.job import prepare
from lexlip_lucene.training.run.loop import Trainer
from lexlip_lucene.training.run.run_log import read_log

BERT = {"kind": "transformer", "architecture": {**tiny.BERT.architecture, "vocab_size": 400}}
STATIC = {"kind": "static"}
RELATIONS: dict[str, Any] = {"from": 0, "width": 32, "heads": 4}
CASES: dict[str, dict[str, Any]] = {
    "static": {"text": STATIC, "training__relations": RELATIONS},
    "standalone": {"text": STATIC, "training__relations": {**RELATIONS, "form": "standalone", "permuted": True}},
    "states": {"text": STATIC, "training__relations": {**RELATIONS, "nodes": "states"}},
    "triplets": {"text": STATIC, "training__relations": {**RELATIONS, "triplet": {"furthest": 1.9}}},
    "transformer": {"text": BERT, "training__relations": {**RELATIONS, "width": 16}},
    "transformer states": {"text": BERT, "training__relations": {**RELATIONS, "width": 16, "nodes": "states"}},
    "frozen": {"image__frozen": True, "training__captions_per_image": 2, "training__relations": RELATIONS},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


def trainer_of(data: Path, **changes: Any) -> Trainer:
    job = prepare(recipe_of(data, **changes), data / "model")
    return job.trainer("choosing", job.trained_on, job.kept_aside)


def views_of(trainer: Trainer) -> Views:
    [(step, images, inputs)] = trainer.inputs(0, 1)
    trainer.draws.seed_networks(step, 0)
    return trainer._views(step, 0, images, inputs[0])


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_reaches_both_lexicon_heads_and_all_that_learns_beside(data: Path, case: str) -> None:
    trainer = trainer_of(data, **CASES[case])
    term = trainer.objective.terms["relations"]
    trainer.model.train()
    loss = term(views_of(trainer))
    assert loss.isfinite() and loss > 0
    loss.backward()
    heads = ["image.head.tokens.weight", "image.head.dense.weight"]
    heads.append(
        "text.raw_weight"
        if trainer.recipe.text.kind == "static"
        else "text.network.cls.predictions.transform.dense.weight"
    )
    reached = {name: part.grad for name, part in trainer.model.named_parameters() if part.grad is not None}
    assert all(reached[name].any() for name in heads)
    beside = dict(term.named_parameters())
    unused = {"scale.log"} if "triplet" in CASES[case]["training__relations"] else set()
    assert {name for name, part in beside.items() if part.grad is None} == unused
    learned = beside["instances.relevance.of_texts.0.weight"].grad
    assert learned is not None and learned.isfinite().all()


@pytest.mark.parametrize("text", [STATIC, BERT], ids=["static", "transformer"])
def test_a_model_trained_with_relations_has_the_files_and_tensors_of_one_without(
    data: Path, tmp_path: Path, text: dict[str, Any]
) -> None:
    relations = {**RELATIONS, "width": 16}
    plain, _ = trained(recipe_of(data, text=text), tmp_path / "plain")
    taught, _ = trained(recipe_of(data, text=text, training__relations=relations), tmp_path / "taught")
    assert plain.sha256 != taught.sha256, "it learned something else"
    shapes = [{name: part.shape for name, part in model.state_dict().items()} for model in (plain, taught)]
    assert shapes[0] == shapes[1]
    files = [
        {path.name: path.stat().st_size for path in model.folder.iterdir()} for model in (plain, taught) if model.folder
    ]
    assert files[0].keys() == files[1].keys()
    assert files[0]["model.safetensors"] == files[1]["model.safetensors"]
    changing = {"files", "ceilings"}
    assert plain.config.model_dump(exclude=changing) == taught.config.model_dump(exclude=changing)
    assert [name for name, _ in plain.named_modules()] == [name for name, _ in taught.named_modules()]


def test_a_loss_that_has_not_begun_changes_no_bit(data: Path, tmp_path: Path) -> None:
    plain, _ = trained(recipe_of(data), tmp_path / "plain")
    late = recipe_of(data, training__relations={**RELATIONS, "from": 0.99})
    assert trained(late, tmp_path / "late")[0].sha256 == plain.sha256


def test_the_loss_begins_at_its_share_of_the_run(data: Path, tmp_path: Path) -> None:
    recipe = recipe_of(data, training__epochs=10, training__relations={**RELATIONS, "from": 0.5})
    trained(recipe, tmp_path / "model")
    rows = read_log(tmp_path / "model.training" / "choosing" / "log.csv")
    found = {row.step: row.value for row in rows if row.name == "loss/relations"}
    assert found[20] == 0, "40 steps: the 20th is before the half"
    assert found[30] > 0


def test_a_map_of_hidden_states_is_what_the_logits_make_of_the_words() -> None:
    torch.manual_seed(0)
    hidden, weight, bias, words = torch.randn(2, 3, 4), torch.randn(9, 4), torch.randn(9), torch.randn(9, 5)
    torch.testing.assert_close(mapped(hidden, weight, bias, words), (hidden @ weight.T + bias) @ words)
    torch.testing.assert_close(mapped(hidden, weight, None, words), hidden @ weight.T @ words)


def test_a_bag_of_words_is_the_mean_of_its_words_by_weight_and_zeros_without_any() -> None:
    words = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
    bags = bag_of_words(torch.tensor([[1.0, 3.0, 0.0], [0.0, 0.0, 0.0]]), words)
    assert bags.tolist() == [[0.25, 1.5], [0.0, 0.0]]


def test_heads_that_do_not_divide_the_width_are_refused(data: Path) -> None:
    with pytest.raises(ValueError, match="width must be a multiple of heads, got 32 and 5"):
        recipe_of(data, training__relations={"width": 32, "heads": 5})
    with pytest.raises(RecipeError, match=r"training.relations.heads must divide .* 16, got 32"):
        trainer_of(data, text=BERT, training__relations={"width": 64, "heads": 32})


def test_a_recipe_without_relations_is_written_as_before_they_were_known(data: Path) -> None:
    assert "relations" not in recipe_of(data).training.model_dump()
    assert "relations" in recipe_of(data, training__relations=RELATIONS).training.model_dump()
