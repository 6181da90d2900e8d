"""Families of scenes: what siblings share, and what tells them apart."""

from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from lexlip_lucene.demo.families import main, make_families
from lexlip_lucene.demo.scene import Scene
from lexlip_lucene.demo.scenes import held_out_pairs
from lexlip_lucene.errors import InputError


def families(**changes: int) -> list[list[Scene]]:
    scenes = make_families(**{"train": 12, "test": 6, "each": 4, "seed": 0, **changes})
    return [list(family) for _, family in groupby(scenes, key=lambda scene: scene.id.rsplit("-", 1)[0])]


def test_siblings_have_the_same_objects_in_other_colours_and_places() -> None:
    for family in families():
        assert len(family) == 4
        kinds = [Counter((thing.shape, thing.size, thing.texture) for thing in scene.objects) for scene in family]
        assert all(kind == kinds[0] for kind in kinds)
        places = {tuple(thing.box for thing in scene.objects) for scene in family}
        assert len(places) == 4
    colours = [{tuple(thing.colour for thing in scene.objects) for scene in family} for family in families()]
    assert sum(len(some) for some in colours) > 3 * len(colours), "most siblings have other colours"


def test_most_siblings_stand_before_the_same_background() -> None:
    found = [len({scene.background for scene in family}) for family in families(train=40)]
    assert found.count(1) > len(found) / 2


def test_every_test_scene_shows_a_held_out_pair_and_no_training_scene_does() -> None:
    unseen = held_out_pairs(0)
    for family in families():
        for scene in family:
            shown = {(thing.colour, thing.shape) for thing in scene.objects}
            assert bool(shown & unseen) == (scene.split == "test")


def test_a_family_does_not_depend_on_how_many_there_are() -> None:
    assert families(train=3, test=0) == families(train=12, test=0)[:3]


def test_a_number_out_of_range_is_named() -> None:
    with pytest.raises(InputError, match="each must be at least 1, but it is 0"):
        make_families(train=1, test=0, each=0, seed=0)


def test_the_command_writes_a_captions_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path / "out"), "--train", "2", "--test", "1", "--each", "2"])
    assert (tmp_path / "out" / "captions.jsonl").read_text().count("\n") == 6
    assert capsys.readouterr().out.strip().endswith("captions.jsonl")
