"""The demo's scenes: what they promise about splits, captions, places and pixels."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from lexlip_lucene.demo import words
from lexlip_lucene.demo.backgrounds import HIDDEN
from lexlip_lucene.demo.drawing import RGB, draw
from lexlip_lucene.demo.layout import relations
from lexlip_lucene.demo.scene import PIXELS, SIDE, Box, Scene
from lexlip_lucene.demo.scenes import OBJECTS, held_out_pairs, make_scenes, write_scenes
from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.progress import SILENT


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return make_scenes(train=1500, test=300, seed=5)


def of_split(scenes: Sequence[Scene], split: str) -> list[Scene]:
    return [scene for scene in scenes if scene.split == split]


def pairs(scene: Scene) -> set[tuple[str, str]]:
    return {(thing.colour, thing.shape) for thing in scene.objects}


@given(st.integers(0, 2**32))
def test_a_sixth_to_a_fifth_of_the_pairs_is_held_out_and_every_colour_and_shape_remains(seed: int) -> None:
    held_out = held_out_pairs(seed)
    assert len(held_out) == 2 * len(words.SHAPES)
    assert 0.15 <= len(held_out) / (len(words.COLOURS) * len(words.SHAPES)) <= 0.2
    for colour in words.COLOURS:
        assert 1 <= sum(pair[0] == colour for pair in held_out) <= 2
    for shape in words.SHAPES:
        assert sum(pair[1] == shape for pair in held_out) == 2


def test_no_training_scene_shows_a_held_out_pair_and_each_test_scene_does(scenes: list[Scene]) -> None:
    held_out = held_out_pairs(5)
    assert not any(pairs(scene) & held_out for scene in of_split(scenes, "train"))
    assert all(pairs(scene) & held_out for scene in of_split(scenes, "test"))


def test_every_colour_shape_and_background_occurs_in_training(scenes: list[Scene]) -> None:
    train = of_split(scenes, "train")
    assert {colour for scene in train for colour, _ in pairs(scene)} == set(words.COLOURS)
    assert {shape for scene in train for _, shape in pairs(scene)} == set(words.SHAPES)
    assert {scene.background for scene in train} == set(words.BACKGROUNDS)


def test_ids_carry_split_and_number() -> None:
    assert [scene.id for scene in make_scenes(train=2, test=1, seed=0)] == ["train-00000", "train-00001", "test-00000"]


def test_a_scene_does_not_depend_on_how_many_there_are() -> None:
    few, many = make_scenes(train=3, test=2, seed=9), make_scenes(train=7, test=4, seed=9)
    assert few[:3] == many[:3]
    assert few[3:] == many[7:9]


def test_seeds_differ() -> None:
    assert make_scenes(train=3, test=0, seed=1) != make_scenes(train=3, test=0, seed=2)


def test_scenes_and_pixels_do_not_depend_on_the_hash_seed() -> None:
    program = (
        "import hashlib; from lexlip_lucene.demo import drawing, scenes;"
        "made = scenes.make_scenes(train=20, test=20, seed=3);"
        "print(hashlib.sha256(repr(made).encode() + b''.join(drawing.draw(s).tobytes() for s in made)).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


@pytest.mark.parametrize(("name", "value"), [("train", -1), ("test", -1), ("captions", 0), ("seed", -1)])
def test_a_number_that_is_too_small_is_named(name: str, value: int) -> None:
    arguments: dict[str, Any] = {"train": 1, "test": 1, "captions": 1, "seed": 1, name: value}
    with pytest.raises(InputError, match=f"{name} must be at least .* but it is {value}"):
        make_scenes(**arguments)


def test_objects_lie_inside_the_picture_and_apart(scenes: list[Scene]) -> None:
    for scene in scenes:
        boxes = [thing.box for thing in scene.objects]
        assert 1 <= len(boxes) <= OBJECTS
        assert all(box.left >= 0 and box.top >= 0 and box.right < SIDE and box.bottom < SIDE for box in boxes)
        for a, b in combinations(boxes, 2):
            assert a.right < b.left or b.right < a.left or a.bottom < b.top or b.bottom < a.top


def test_sizes_are_what_the_table_says(scenes: list[Scene]) -> None:
    for scene in scenes:
        for thing in scene.objects:
            least, most = PIXELS[thing.size]
            assert least <= thing.box.right - thing.box.left == thing.box.bottom - thing.box.top <= most
    assert PIXELS["small"][0] >= 12
    assert PIXELS["small"][1] < PIXELS["medium"][0]
    assert PIXELS["medium"][1] < PIXELS["large"][0]


def test_no_object_has_a_colour_that_its_background_hides(scenes: list[Scene]) -> None:
    assert not any(thing.colour in HIDDEN[scene.background] for scene in scenes for thing in scene.objects)


def test_every_colour_has_paint() -> None:
    assert RGB.keys() == words.COLOURS.keys()
    assert HIDDEN.keys() == words.BACKGROUNDS.keys()


@pytest.mark.parametrize("shape", words.SHAPES)
def test_an_object_changes_pixels_in_its_box_and_its_shadow_alone(shape: str, scenes: list[Scene]) -> None:
    scene = next(scene for scene in scenes if scene.objects[-1].shape == shape)
    box = scene.objects[-1].box
    without = replace(scene, objects=scene.objects[:-1])
    changed = ImageChops.difference(draw(scene), draw(without)).getbbox()
    assert changed is not None
    left, top, right, bottom = changed
    assert box.left <= left and box.top <= top and right <= box.right + 1 and bottom <= box.bottom + 1
    side = box.right - box.left
    assert max(right - left, bottom - top) >= side - 1, "the shape fills its box one way"


def test_a_plain_object_has_about_the_colour_it_is_named_after(scenes: list[Scene]) -> None:
    close = total = 0
    for scene in scenes[:300]:
        pixels = np.asarray(draw(scene), dtype=float)
        for thing in scene.objects:
            if (thing.shape, thing.texture) in {("circle", "plain"), ("square", "plain"), ("heart", "plain")}:
                box = thing.box
                seen = pixels[(box.top + box.bottom) // 2, (box.left + box.right) // 2 - 1 :][:2].mean(axis=0)
                nearest = min(RGB, key=lambda colour: float(np.abs(seen - RGB[colour]).sum()))
                close += nearest == thing.colour
                total += 1
    assert close >= 0.95 * total > 50


def test_left_of_means_that_all_of_it_ends_before_the_other_begins() -> None:
    star, far, rings = Box(2, 20, 14, 32), Box(50, 22, 62, 34), [Box(20, 10, 32, 22), Box(20, 30, 32, 42)]
    assert relations([star], rings) == ["left", "beside"]
    assert relations(rings, [star]) == ["right", "beside"]
    assert relations([star], [far]) == ["left"]
    assert relations([star, far], rings) == []


def test_above_and_below_are_told_from_the_sides() -> None:
    top, bottom = Box(20, 2, 32, 14), Box(30, 40, 42, 52)
    assert relations([top], [bottom]) == ["above"]
    assert relations([bottom], [top]) == ["below"]


Boxes = st.builds(
    lambda left, top, side: Box(left, top, left + side, top + side),
    st.integers(0, 50),
    st.integers(0, 50),
    st.integers(1, 14),
)


@given(st.lists(Boxes, min_size=1, max_size=3), st.lists(Boxes, min_size=1, max_size=3))
def test_relations_seen_from_the_other_side_are_the_opposite(first: list[Box], second: list[Box]) -> None:
    opposite = {"left": "right", "right": "left", "above": "below", "below": "above", "beside": "beside"}
    if relations(first, second) != relations(second, first):
        assert [opposite[name] for name in relations(first, second)] == relations(second, first)


def test_the_written_folder_is_a_captions_file_with_its_pictures(tmp_path: Path) -> None:
    scenes = make_scenes(train=2, test=1, captions=3, seed=4)
    path = write_scenes(tmp_path / "scenes", scenes, SILENT)
    assert path == tmp_path / "scenes" / "captions.jsonl"
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    for scene, line in zip(scenes, lines, strict=True):
        assert line["id"] == scene.id and line["split"] == scene.split
        assert line["captions"] == list(scene.captions) and len(scene.captions) == 3
        assert [thing["box"] for thing in line["objects"]] == [list(thing.box) for thing in scene.objects]
        with Image.open(path.parent / line["file"]) as image:
            assert image.size == (SIDE, SIDE) and image.mode == "RGB"
            assert image.tobytes() == draw(scene).tobytes()


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="exists already"):
        write_scenes(tmp_path, make_scenes(train=1, test=0, seed=1), SILENT)
    assert list(tmp_path.iterdir()) == []
