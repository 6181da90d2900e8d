"""The defects of the official LexLIP code (ChiYeungLaw/LexLIP-ICCV23), each with the test that guards against it.

Of 1 to 4 this file has only the parts; tests/training/test_objective.py has them as the loop runs them.

 1. The FLOPS regulariser sees vectors of unit length, on which it is at most 1: no pressure towards sparsity.
 2. Phase 2 copies its momentum encoders before the weights of phase 1 are loaded.
 3. The momentum encoders move in every forward pass: once a micro-batch, and in validation too.
 4. The queue starts as random vectors with weights below 0, and drops keys where it wraps around.
 5. The step to keep is chosen on the test images.
 6. At another picture size positions are cut out of a corner, or stretched along the flattened table
    (tests/training/test_continuing.py has every kind of position; here a whole run).
 7. Logits at [CLS] and [SEP], and rows of the vocabulary that are not words, are part of the vectors.
 8. Evaluation loads and encodes an image once a caption.
 9. No way to use a trained model from code is given, none to export it, and exact versions are required.
10. The score that is evaluated is the cosine of dense vectors, of which an inverted index never sees one.
"""

import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from support import tiny
from support.cli_run import lexlip
from support.halves import draw, recipe_of, trained, write
from torch import Tensor

import lexlip_lucene
from lexlip_lucene.data import images
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.data.image_limits import ImageLimits
from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encoders.model.image_tower import ImageTower
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.text_encoders import TransformerText
from lexlip_lucene.encoders.model.tokens import tokenise
from lexlip_lucene.encoders.pool.saturation import divide_by_length
from lexlip_lucene.training.formulas import flops_loss
from lexlip_lucene.training.losses.follower import Follower
from lexlip_lucene.training.losses.lexicon_queue import LexiconQueue
from lexlip_lucene.training.run.job import prepare
from lexlip_lucene.training.run.selection import measure_aside, quantised


def tensors_of(model: torch.nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def test_defect_1_denser_and_heavier_vectors_cost_more_without_a_bound() -> None:
    sparse = torch.zeros(4, 1000)
    sparse[:, :10] = 1.0
    dense = torch.ones(4, 1000)
    assert flops_loss(dense).item() == 100 * flops_loss(sparse).item() == 1000.0
    unit = flops_loss(divide_by_length(dense, 1.0)), flops_loss(divide_by_length(sparse, 1.0))
    assert [loss.item() for loss in unit] == pytest.approx([1.0, 1.0])  # all that the official code distinguishes


def test_defect_2_the_momentum_encoders_start_from_the_weights_that_were_loaded(tmp_path: Path) -> None:
    phase_1, fresh = tiny.lexlip(text=tiny.BERT, seed=1), tiny.lexlip(text=tiny.BERT, seed=2)
    phase_1.save_pretrained(tmp_path / "phase-1")
    follower = Follower(LexLip.from_pretrained(tmp_path / "phase-1"), 0.99)
    assert same(tensors_of(follower.model), tensors_of(phase_1))
    assert not same(tensors_of(follower.model), tensors_of(fresh))


def test_defect_3_the_momentum_encoders_move_once_an_optimiser_step_and_at_no_other_time() -> None:
    model = tiny.lexlip(text=tiny.BERT)
    follower = Follower(model, 0.5)
    start = tensors_of(follower.model)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(4):  # micro-batches
        model.train().text_weights(["a red dog", "two cats"]).square().sum().backward()
        follower.model.text_weights(["a red dog", "two cats"])
    optimiser.step()
    model.eval().encode_texts(["a red dog"])  # validation
    follower.model.encode_texts(["a red dog"])
    assert same(tensors_of(follower.model), start)
    follower.follow(model)
    for name, parameter in follower.model.named_parameters():
        halfway = (start[name] + model.get_parameter(name).detach()) / 2
        torch.testing.assert_close(parameter.detach(), halfway)


def test_defect_4_the_queue_holds_nothing_but_keys_and_gives_nothing_before_it_is_full() -> None:
    queue, keys = LexiconQueue(5, 4, 8), torch.rand(6, 8)
    assert not queue.values.any()
    queue.push(keys[:4], torch.arange(4))
    with pytest.raises(AssertionError, match="filled before it counts"):
        queue.similarity(keys)
    queue.push(keys[4:], torch.arange(4, 6))
    assert (queue.values >= 0).all()
    assert (queue.similarity(keys) >= 0).all()


def test_defect_4_no_key_is_dropped_where_the_queue_wraps_around() -> None:
    queue = LexiconQueue(11, 8, 8)  # no multiple of a batch of 4
    keys = torch.rand(40, 8)
    for begin in range(0, 40, 4):
        queue.push(keys[begin : begin + 4], torch.arange(begin, begin + 4))
        newest = range(max(0, begin + 4 - 11), begin + 4)
        assert sorted(queue.owners.tolist())[-len(newest) :] == list(newest)
    torch.testing.assert_close(queue.similarity(torch.eye(8)).T, keys[queue.owners])


def test_defect_5_what_is_chosen_does_not_depend_on_the_images_of_val_and_test(tmp_path: Path) -> None:
    lines = draw(tmp_path)
    others = [
        {"id": f"o{split}", "file": f"absent-{split}.png", "split": split, "captions": [f"a {split}word left"] * 30}
        for split in ("val", "test")
    ]
    recipe = recipe_of(write(tmp_path, [*lines, *others]), training__evaluations=4)
    model, report = trained(recipe, tmp_path / "with")
    assert (report.images, report.rejected) == (40, 0), "no picture of another split is looked at"
    assert {"valword", "testword"} <= set(model.tokenizer.get_vocab())
    assert {"valword", "testword"}.isdisjoint(model.lexicon.tokens)
    (tmp_path / "captions.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    without, same_report = trained(recipe, tmp_path / "without")
    assert without.sha256 == model.sha256
    assert without.config.model_copy(update={"files": {}}) == model.config.model_copy(update={"files": {}})
    assert same_report._replace(seconds=0) == report._replace(seconds=0)


def test_defect_6_a_run_at_another_picture_size_keeps_where_positions_are(tmp_path: Path) -> None:
    data = write(tmp_path, draw(tmp_path))
    model, _ = trained(recipe_of(data), tmp_path / "small")
    backbone: Any = model.image.tower.backbone
    with torch.no_grad():
        backbone.pos_embed[0, 1:] = torch.tensor([1.0, 1.0, 5.0, 5.0]).unsqueeze(1)  # a function of only the row
    model.save_pretrained(tmp_path / "small", force=True)
    image = {**tiny.VIT.model_dump(), "size": 64, "arguments": {**tiny.VIT.arguments, "img_size": 64}}
    settings: dict[str, Any] = {"training__start": tmp_path / "small", "training__learning_rate": 1e-12}
    larger, _ = trained(recipe_of(data, image=image, **settings), tmp_path / "large")
    found: Any = larger.image.tower.backbone
    grid = found.pos_embed.detach()[0, 1:, 7].view(4, 4)
    torch.testing.assert_close(grid, grid[:, :1].expand(4, 4))
    assert (grid[:, 0].diff() > 0).all(), "from the upper half's 1 to the lower half's 5"
    torch.testing.assert_close(found.pos_embed[0, 0], backbone.pos_embed[0, 0])


def test_defect_7_logits_at_special_positions_are_no_part_of_a_vector() -> None:
    model = tiny.lexlip(text=tiny.BERT)
    assert isinstance(model.text, TransformerText)
    tokens = tokenise(model.tokenizer, ["a red dog", "two cats run over a blue star"], max_length=16)
    found = model.raw_text_weights(tokens)
    hidden = model.text.network(input_ids=tokens.ids, attention_mask=tokens.attention.long()).logits
    logits = torch.nn.functional.linear(hidden, *model.text.vocabulary_projection())
    special = ~tokens.words
    logits = logits[:, :, model.text.rows].masked_fill(special.unsqueeze(2), -torch.inf)
    torch.testing.assert_close(found, torch.log1p(torch.relu(logits.amax(dim=1))))


def test_defect_7_rows_that_are_no_words_are_no_dimensions() -> None:
    assert set(tiny.lexlip().lexicon.tokens).isdisjoint({*tiny.SPECIAL, "[unused0]", "."})


def test_defect_8_a_run_and_an_encoding_open_every_picture_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: Counter[str] = Counter()
    read = images.open_image

    def counted(path: Path, limits: ImageLimits, *, side: int | None = None) -> Image.Image:
        opened[path.name] += 1
        return read(path, limits, side=side)

    monkeypatch.setattr(images, "open_image", counted)
    recipe = recipe_of(write(tmp_path, draw(tmp_path)), training__epochs=3, training__evaluations=3)
    model, _ = trained(recipe, tmp_path / "model")
    assert opened == {f"{number}.png": 1 for number in range(40)}
    encode_images(model, read_captions(tmp_path / "captions.jsonl"), tmp_path / "collection")
    assert opened == {f"{number}.png": 2 for number in range(40)}


def test_defect_8_an_image_kept_aside_is_encoded_once_whatever_its_captions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = prepare(recipe_of(write(tmp_path, draw(tmp_path))), tmp_path / "model")
    trainer = run.trainer("choosing", run.trained_on, run.kept_aside)
    seen: list[int] = []
    forward = ImageTower.forward

    def counted(tower: ImageTower, given: Tensor) -> Tensor:
        seen.append(len(given))
        return forward(tower, given)

    monkeypatch.setattr(ImageTower, "forward", counted)
    aside = measure_aside(trainer.model, trainer.source, trainer.captions, run.kept_aside)
    assert len(aside.queries) == 2 * len(run.kept_aside) == 16
    assert sum(seen) == len(aside.documents) == 8


def test_defect_9_a_model_is_used_from_code_and_exported() -> None:
    for name in ("from_pretrained", "save_pretrained", "encode_images", "encode_texts"):
        assert callable(getattr(lexlip_lucene.LexLip, name))
    ran = lexlip("export", "onnx", "--help")
    assert ran.status == 0 and "ONNX" in ran.out


def test_defect_9_no_exact_version_of_anything_is_required() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    assert required
    versions = [one.partition(";")[0].strip() for one in required]  # without the platforms, which "==" names
    assert [one for one in versions if "==" in one and not one.endswith(".*")] == []


def test_defect_10_a_model_is_chosen_by_the_integers_that_an_index_would_hold() -> None:
    model = tiny.lexlip()
    weights = torch.rand(6, len(model.lexicon))
    impacts = quantised(weights, model, "image")
    assert np.array_equal(impacts, np.rint(impacts))
    assert impacts.max() == 2**model.config.bits - 1
