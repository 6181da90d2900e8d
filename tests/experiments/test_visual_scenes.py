"""Visual words on drawn scenes: what two scenes share, where a match points, and the measurement as a whole."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support import tiny

from lexlip_lucene.demo.scenes import make_scenes, write_scenes
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError
from lexlip_lucene.experiments.visual.scenes import first_of, main, others, shared_by
from lexlip_lucene.experiments.visual.shapes import Thing, pointed, read_things, shares_elsewhere, shares_pair
from lexlip_lucene.progress import SILENT
from lexlip_lucene.records import Hit
from lexlip_lucene.vectors.patch_map import Box, Grid
from lexlip_lucene.vectors.place_matches import PlaceMatches

LEFT, RIGHT = Box(0, 0, 0.4, 1), Box(0.6, 0, 1, 1)
"""Over the left and the right column of a grid of 2 × 2."""


def star(box: Box, colour: str = "red") -> Thing:
    return Thing("star", colour, box)


def matches(*pairs: tuple[int, int]) -> PlaceMatches:
    contributions = np.zeros((4, 4))
    for strength, (query, document) in enumerate(pairs, start=1):
        contributions[query, document] = strength
    return PlaceMatches(Grid(2, 2), contributions)


def test_a_scene_is_found_elsewhere_only_if_no_like_object_overlaps() -> None:
    assert shares_elsewhere([star(LEFT)], [star(RIGHT)])
    assert not shares_elsewhere([star(LEFT)], [star(LEFT), star(RIGHT)])
    assert not shares_elsewhere([star(LEFT)], [star(RIGHT, "blue")])
    assert not shares_pair([star(LEFT)], [star(LEFT, "blue")])


def test_a_match_points_at_an_object_of_the_same_look_wherever_it_lies() -> None:
    (found,) = pointed(matches((1, 0), (0, 3)), [star(LEFT)], [star(RIGHT)])
    assert found == (1.0, 0.0, 0.5), "place 0 lies on the star, 3 on its like; 1 lies on no star of the query"


def test_a_match_that_points_beside_the_object_misses() -> None:
    (found,) = pointed(matches((0, 3), (2, 0)), [star(LEFT)], [star(RIGHT)])
    assert found.hit == 0, "the strongest of the star's places is 2, which points left"


def test_an_object_without_any_contribution_misses() -> None:
    (found,) = pointed(matches(), [star(LEFT)], [star(LEFT)])
    assert found == (0.0, 1.0, 0.5)
    assert pointed(matches((0, 0)), [star(LEFT)], [star(LEFT, "blue")]) == []


def test_chance_is_the_share_of_all_other_scenes() -> None:
    things = {"a": [star(LEFT)], "b": [star(RIGHT)], "c": [Thing("ring", "red", LEFT)]}
    assert shared_by(things, others(things)) == {"shape": 1 / 3, "shape and colour": 1 / 3, "elsewhere": 1 / 3}


def test_a_scene_is_not_among_its_own_hits() -> None:
    assert first_of({"a": [Hit("a", 9, 1), Hit("b", 8, 2)]}) == {"a": ["b"]}


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes") / "scenes"
    write_scenes(folder, make_scenes(train=12, test=6, seed=0), SILENT)
    return folder


def test_scenes_are_measured_from_pictures_to_the_table(
    scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    image = tiny.VIT.model_copy(update={"arguments": {**tiny.VIT.arguments, "img_size": 64}, "size": 64})
    tiny.lexlip(image).save_pretrained(tmp_path / "model")
    given = ["--model", str(tmp_path / "model"), "--output", str(tmp_path / "out"), "--seeds", "2"]
    main([str(scenes), *given, "--set", "size=24", "--set", "steps=2", "--set", "width=8", "--set", "keep=12"])
    printed = capsys.readouterr().out
    rows = [line.split("|")[1].strip() for line in printed.splitlines() if line.startswith("| ")]
    assert rows[:6] == ["first ten by", "---", "looks", "words", "dense", "random"]
    assert "±" in printed
    assert LexLip.from_pretrained(tmp_path / "model").sha256, "the model is as it was"


def test_captions_without_objects_are_named(tmp_path: Path) -> None:
    (tmp_path / "captions.jsonl").write_text('{"id": "1", "file": "1.png", "split": "test", "captions": ["a"]}\n')
    with pytest.raises(InputError, match=r"captions.jsonl:1: no objects: the scenes that `lexlip demo` draws"):
        read_things(tmp_path / "captions.jsonl", "test")
    with pytest.raises(InputError, match=r"no scene of split 'train'"):
        read_things(tmp_path / "captions.jsonl", "train")
