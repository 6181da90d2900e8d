"""The pointing game on the scenes: what is played, and by which maps."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import torch
from PIL import Image
from support import tiny

from lexlip_lucene.demo.pointing import (
    IN_A_CAPTION,
    IN_A_PROMPT,
    MAX_POOLING,
    ON_ITS_OWN,
    Named,
    main,
    named_words,
    pointing_record,
)
from lexlip_lucene.demo.scene import SIDE
from lexlip_lucene.demo.scenes import held_out_pairs, make_scenes, write_scenes
from lexlip_lucene.encoders.explain.late_maps import late_maps
from lexlip_lucene.encoders.explain.patch_maps import patch_maps, states_of
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.query.late_query import LateQuery
from lexlip_lucene.progress import SILENT
from lexlip_lucene.recipes.model_spec import LateSpec

SEED = 0


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pointing") / "scenes"
    write_scenes(folder, make_scenes(train=300, test=30, seed=SEED), SILENT)
    return folder


@pytest.fixture(scope="module")
def model() -> LexLip:
    return tiny.lexlip(late=LateSpec(width=8))


@pytest.fixture(scope="module")
def words(scenes: Path, model: LexLip) -> list[Named]:
    return list(named_words(scenes, model))


def played(scenes: Path) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Yield the scene, kind and word of every map, in the order of the game."""
    for scene in map(orjson.loads, (scenes / "captions.jsonl").read_bytes().splitlines()):
        if scene["split"] == "test" and len(scene["objects"]) > 1:
            looks = [(kind, thing[kind]) for thing in scene["objects"] for kind in ("colour", "shape")]
            yield from ((scene, *look) for look in dict.fromkeys(looks) if look[1] in tiny.WORDS)


def known_tokens(caption: str) -> list[str]:
    return [token for token in tiny.tokenizer().encode(caption).tokens if token in tiny.WORDS]


def test_every_word_that_the_model_has_is_played_with_all_that_it_names(scenes: Path, words: list[Named]) -> None:
    held_out = held_out_pairs(SEED)
    expected = list(played(scenes))
    assert len(words) == len(expected) > 20
    for word, (scene, kind, name) in zip(words, expected, strict=True):
        named = [thing for thing in scene["objects"] if thing[kind] == name]
        assert (word.kind, word.maps[MAX_POOLING].token) == (kind, name)
        assert word.boxes == [tuple(side / SIDE for side in thing["box"]) for thing in named]
        assert word.known == (not any((thing["colour"], thing["shape"]) in held_out for thing in named))
        assert word.said == any(name in known_tokens(caption) for caption in scene["captions"])


def test_a_word_is_played_by_each_kind_of_map(scenes: Path, model: LexLip, words: list[Named], tmp_path: Path) -> None:
    """The map in a caption is that of the vector which re-ranking by the first caption that has the word compares."""
    model.save_pretrained(tmp_path / "model")
    encode = LateQuery(tmp_path / "model")
    moved = 0
    for word, (scene, _, name) in zip(words, played(scenes), strict=True):
        with Image.open(scenes / scene["file"]) as picture:
            expected = {
                MAX_POOLING: patch_maps(model, picture, [name])[0],
                ON_ITS_OWN: late_maps(model, picture, [name])[0],
            }
            with torch.inference_mode():
                patches = model.patches_of_states(states_of(model, picture))[0].numpy()
        texts = {IN_A_PROMPT: f"a photo of a {name}."}
        assert word.maps.keys() == {*expected, IN_A_PROMPT, IN_A_CAPTION}
        for kind, found in expected.items():
            assert np.allclose(word.maps[kind].weights, found.weights, atol=1e-6)
        texts[IN_A_CAPTION] = next((said for said in scene["captions"] if name in known_tokens(said)), name)
        for kind, text in texts.items():
            vector = encode(text).vectors[known_tokens(text).index(name)]
            likeness = np.maximum(patches @ vector, 0).reshape(2, 2)
            assert np.allclose(word.maps[kind].weights, likeness, atol=1e-5)
        moved += not np.allclose(word.maps[IN_A_CAPTION].weights, word.maps[ON_ITS_OWN].weights, atol=1e-3)
    assert moved > len(words) // 2


def test_the_record_counts_every_word_once_in_each_division(
    scenes: Path, words: list[Named], model: LexLip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = pointing_record(words)
    every = record["all"]["words"]
    assert every == len(words) == record["colours"]["words"] + record["shapes"]["words"]
    shapes = [record[f"shapes in {part}"]["words"] for part in ("a colour that training showed", "no such colour")]
    assert sum(shapes) == record["shapes"]["words"]
    assert record["all"].keys() == {"words", MAX_POOLING, ON_ITS_OWN, IN_A_PROMPT, IN_A_CAPTION, "middle", "random"}
    model.save_pretrained(tmp_path / "model")
    main([str(scenes), "--model", str(tmp_path / "model")])
    assert orjson.loads(capsys.readouterr().out) == record


def test_a_model_without_a_late_head_is_played_by_max_pooling_only(scenes: Path) -> None:
    record = pointing_record(list(named_words(scenes, tiny.lexlip())))
    assert record["all"].keys() == {"words", MAX_POOLING, "middle", "random"}
