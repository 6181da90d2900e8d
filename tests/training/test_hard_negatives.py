"""Hard negatives: what the first stage finds for a caption, but for its own image."""

from pathlib import Path

import numpy as np
import torch
from support.halves import draw, recipe_of, trained, write

from lexlip_lucene.progress import SILENT
from lexlip_lucene.training.run.hard_negatives import DEPTH, HardNegatives, hard_negatives
from lexlip_lucene.training.run.job import prepare
from lexlip_lucene.training.run.selection import measure_aside, quantised

LATE = {"width": 16, "epochs": 3, "batch_size": 8}


def test_they_are_the_images_with_the_highest_scores_but_for_the_caption_s_own(tmp_path: Path) -> None:
    data = write(tmp_path, draw(tmp_path))
    recipe = recipe_of(data, text={"kind": "static"}, quantise={"bits": 16, "top_k": 5})
    model, _ = trained(recipe, tmp_path / "model")
    job = prepare(recipe, tmp_path / "other", progress=SILENT)
    images, captions = job.trained_on, job.vocabulary.captions
    found = hard_negatives(model, job.source, captions, images).hits
    vectors = measure_aside(model, job.source, captions, images)
    scores = quantised(vectors.queries, model, "text") @ quantised(vectors.documents, model, "image").T
    numbers, owner = captions.numbers_of(images)
    assert found.shape == (captions.first[-1], min(DEPTH, len(images) - 1))
    place = {image: at for at, image in enumerate(images.tolist())}
    for row, (number, own) in enumerate(zip(numbers, owner, strict=True)):
        hits = [place[image] for image in found[number].tolist()]
        assert own not in hits and len({*hits}) == len(hits)
        in_order = scores[row, hits]
        assert (np.diff(in_order) <= 0.002 * scores.max()).all(), "up to the rounding of 16 bits"
    others = np.setdiff1d(np.arange(captions.first[-1]), numbers)
    assert (found[others] == -1).all()


def test_a_draw_has_no_image_of_the_step_and_each_once() -> None:
    negatives = HardNegatives(np.array([[1, 2], [2, 3], [7, 7]]))
    drawn = negatives.draw(np.array([0, 1, 2, 2]), np.array([1, 7]), np.random.default_rng(0))
    assert {*drawn.tolist()} <= {2, 3} and len({*drawn.tolist()}) == len(drawn)


def test_they_change_the_late_head_only_and_the_same_way_each_time(tmp_path: Path) -> None:
    data = write(tmp_path, draw(tmp_path))
    plain, hard, again = (
        trained(recipe_of(data, text={"kind": "static"}, late={**LATE, "hard_negatives": count}), tmp_path / name)[0]
        for name, count in (("a", 0), ("b", 2), ("c", 2))
    )
    states = [model.state_dict() for model in (plain, hard, again)]
    for name, tensor in states[0].items():
        if not name.startswith("late."):
            assert torch.equal(tensor, states[1][name]), name
        assert torch.equal(states[1][name], states[2][name]), name
    assert not torch.equal(states[0]["late.words"], states[1]["late.words"])


def test_both_directions_take_them(tmp_path: Path) -> None:
    data = write(tmp_path, draw(tmp_path))
    late = {**LATE, "hard_negatives": 1, "directions": "both"}
    model, _ = trained(recipe_of(data, text={"kind": "static"}, late=late), tmp_path / "model")
    assert model.late is not None and torch.isfinite(model.late.words).all()
