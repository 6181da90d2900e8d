"""The tagger's folder and its answers: what is written is read, damage is found, and nothing is left to chance."""

import json
from pathlib import Path

import pytest
from support import taggers, tiny

from lexlip_lucene.encoders.entities.entity_tagger import EntityTagger
from lexlip_lucene.errors import InputError, ModelError

TEXT = "Two red dogs run over a cat"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tagger") / "tagger"
    taggers.tagger().save_pretrained(path)
    return path


def test_what_is_saved_tags_as_before(folder: Path) -> None:
    before, after = taggers.tagger(), EntityTagger.from_pretrained(folder)
    assert before.tag(TEXT) == after.tag(TEXT) != []
    seen = taggers.picture()
    assert before.tag(TEXT, seen) == after.tag(TEXT, seen)
    assert before.match_probability(TEXT, seen) == after.match_probability(TEXT, seen)


def test_an_entity_has_its_place_and_its_probability(folder: Path) -> None:
    for entity in EntityTagger.from_pretrained(folder).tag(TEXT):
        assert TEXT[entity.start : entity.end] == entity.text
        assert entity.type in ("LOC", "PER") and 0 < entity.p <= 1


def test_the_same_picture_gives_the_same_answer_every_time(folder: Path, tmp_path: Path) -> None:
    tagger, seen = EntityTagger.from_pretrained(folder), taggers.picture()
    seen.save(tmp_path / "seen.png")
    answers = [tagger.match_probability(TEXT, picture) for picture in (seen, seen, tmp_path / "seen.png")]
    assert len(set(answers)) == 1, "no crop is drawn, and no dropout"


def test_a_post_is_tagged_alike_in_any_batch(folder: Path) -> None:
    tagger = EntityTagger.from_pretrained(folder)
    posts = [["red", "dogs"], ["two", "cat", "run", "over", "a", "blue", "star"], ["a"]]
    seen = [None, taggers.picture((20, 20, 230)), taggers.picture()]
    together = tagger.tag_words(posts, seen)
    for post, picture, found in zip(posts, seen, together, strict=True):
        (alone,) = tagger.tag_words([post], [picture])
        assert [span for span, _ in alone.spans] == [span for span, _ in found.spans]
        assert [p for _, p in alone.spans] == pytest.approx([p for _, p in found.spans], abs=1e-4)
        assert (alone.match is None) == (picture is None)
        assert found.match == (None if alone.match is None else pytest.approx(alone.match, abs=1e-5))


def test_a_text_of_any_length_is_tagged(folder: Path) -> None:
    tagger = EntityTagger.from_pretrained(folder)
    assert tagger.tag(" ".join([TEXT] * 40), taggers.picture())
    assert tagger.tag("") == tagger.tag(" \n") == []


def test_a_tagger_without_tower_says_so(tmp_path: Path) -> None:
    made = taggers.tagger(None)
    made.save_pretrained(tmp_path / "texts")
    tagger = EntityTagger.from_pretrained(tmp_path / "texts")
    assert tagger.tag(TEXT) == made.tag(TEXT)
    with pytest.raises(ModelError, match="without pictures"):
        tagger.tag(TEXT, taggers.picture())


def test_a_text_without_words_matches_nothing(folder: Path) -> None:
    with pytest.raises(InputError, match="a text with a word"):
        EntityTagger.from_pretrained(folder).match_probability(" ", taggers.picture())


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_changed_file_is_refused(tmp_path: Path, name: str) -> None:
    taggers.tagger().save_pretrained(tmp_path / "tagger")
    path = tmp_path / "tagger" / name
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError):
        EntityTagger.from_pretrained(tmp_path / "tagger")


def test_a_config_that_asks_for_more_than_the_weights_hold_is_refused(tmp_path: Path) -> None:
    taggers.tagger().save_pretrained(tmp_path / "tagger")
    path = tmp_path / "tagger" / "config.json"
    config = json.loads(path.read_bytes())
    config["text"]["architecture"]["intermediate_size"] = 65536
    config["text"]["architecture"]["num_hidden_layers"] = 128
    del config["checksum"]
    path.write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelError, match="does not fit"):
        EntityTagger.from_pretrained(tmp_path / "tagger")


def test_the_folder_of_another_model_is_told_from_a_tagger_s(tmp_path: Path) -> None:
    tiny.lexlip().save_pretrained(tmp_path / "lexlip")
    with pytest.raises(ModelError, match="an entity tagger is needed, but this is the folder of another model"):
        EntityTagger.from_pretrained(tmp_path / "lexlip")


def test_a_folder_that_is_no_tagger_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="entity tagger"):
        EntityTagger.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text('{"schema_version": 1, "name": "x"}', encoding="utf-8")
    with pytest.raises(ModelError, match=r"config\.json"):
        EntityTagger.from_pretrained(tmp_path)
