"""`lexlip photos --looks`: visual words of the folder's own photos, learned once and kept."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.cli_run import done, lexlip
from support.photo_folder import photo, photo_folder, tiny_model, vectors_of

from lexlip_lucene.photos.looks import recipe_for
from lexlip_lucene.vectors.manifest import read_manifest
from lexlip_lucene.words.visual_words import parted


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "model")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return photo_folder(tmp_path / "photos", 5)


def run(photos: Path, *options: object) -> dict[str, Any]:
    return done("photos", photos, "--no-serve", *options)


def home_of(photos: Path) -> Path:
    return photos.with_name("photos.lexlip")


def codebook_of(photos: Path) -> bytes:
    return (home_of(photos) / "model" / "visual.safetensors").read_bytes()


def looks_of(photos: Path) -> dict[str, dict[str, int]]:
    return {id: parted(vector).looks for id, vector in vectors_of(home_of(photos) / "collection").items()}


def test_the_first_run_learns_visual_words_of_the_photos_and_encodes_with_them(
    photos: Path, model: Path, tmp_path: Path
) -> None:
    record = run(photos, "--model", model, "--looks")
    assert (record["documents"], record["encoded"], record["visual_words"]) == (5, 5, 64)
    assert record["model"] == str(home_of(photos) / "model")
    assert sorted(path.name for path in home_of(photos).iterdir()) == [
        "collection",
        "collection.manifest.json",
        "index",
        "ledger.json",
        "model",
    ]
    done("encode", "images", photos, tmp_path / "oracle", "--model", record["model"], "--visual")
    assert vectors_of(home_of(photos) / "collection") == vectors_of(tmp_path / "oracle")
    manifest, oracle = read_manifest(home_of(photos) / "collection"), read_manifest(tmp_path / "oracle")
    assert manifest is not None and oracle is not None
    assert (
        (manifest.visual_sha256, manifest.visual_codes) == (oracle.visual_sha256, oracle.visual_codes) != (None, None)
    )
    assert all(looks_of(photos).values())
    assert done("check", record["model"])["ok"] is True


def test_later_runs_keep_the_visual_words_and_encode_new_photos_only(photos: Path, model: Path) -> None:
    run(photos, "--model", model, "--looks")
    before, looks = codebook_of(photos), looks_of(photos)
    assert run(photos)["encoded"] == 0
    photo(photos / "new.png", 7)
    shutil.copyfile(photos / "2.png", photos / "copy.png")
    record = run(photos)
    assert (record["documents"], record["encoded"], record["visual_words"]) == (7, 1, 64)
    assert codebook_of(photos) == before
    now = looks_of(photos)
    assert {id: now[id] for id in looks} == looks and now["new.png"] and now["copy.png"] == now["2.png"]


def test_a_folder_that_was_indexed_without_is_encoded_again_when_looks_are_asked_for(photos: Path, model: Path) -> None:
    assert "visual_words" not in run(photos, "--model", model)
    words = vectors_of(home_of(photos) / "collection")
    ran = lexlip("photos", photos, "--no-serve", "--looks", "--json")
    assert ran.record["encoded"] == 5 and "all photos are encoded again: with visual words" in ran.err
    assert "--relearn-looks learns them again" in ran.err
    assert {id: parted(vector).words for id, vector in vectors_of(home_of(photos) / "collection").items()} == words
    ran = lexlip("photos", photos, "--no-serve", "--no-looks", "--json")
    assert ran.record["encoded"] == 5 and "without visual words" in ran.err
    assert vectors_of(home_of(photos) / "collection") == words and not (home_of(photos) / "model").exists()


def test_looks_are_learned_again_only_when_that_is_asked_for(photos: Path, model: Path) -> None:
    run(photos, "--model", model, "--looks")
    before = codebook_of(photos)
    for number in range(20, 26):
        photo(photos / f"{number}.png", number)
    run(photos)
    assert codebook_of(photos) == before
    assert run(photos, "--force")["encoded"] == 11 and codebook_of(photos) == before
    ran = lexlip("photos", photos, "--no-serve", "--relearn-looks", "--json")
    assert ran.record["encoded"] == 11 and "learned again" in ran.err
    assert codebook_of(photos) != before
    assert run(photos)["encoded"] == 0
    assert "give one of them" in lexlip("photos", photos, "--no-serve", "--relearn-looks", "--no-looks").error


def test_a_run_that_is_cut_short_while_it_encodes_does_not_learn_again(
    photos: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as cut:
        cut.setattr("lexlip_lucene.photos.photo_index.write_collection", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            lexlip("photos", photos, "--no-serve", "--model", model, "--looks")
    learned = (home_of(photos) / "learned-model" / "visual.safetensors").read_bytes()
    monkeypatch.setattr("lexlip_lucene.photos.looks._learned", lambda *_, **__: 1 / 0)
    record = run(photos, "--model", model, "--looks")
    assert (record["documents"], record["encoded"]) == (5, 0)
    assert codebook_of(photos) == learned and not (home_of(photos) / "learned-model").exists()


def test_a_model_with_visual_words_of_its_own_keeps_them(photos: Path, model: Path, tmp_path: Path) -> None:
    others = photo_folder(tmp_path / "others", 8)
    done("train-visual", others, tmp_path / "visual", "--model", model, "--set", "code=rotated")
    record = run(photos, "--model", tmp_path / "visual", "--looks")
    assert record["model"] == str(tmp_path / "visual") and not (home_of(photos) / "model").exists()
    assert run(photos)["encoded"] == 0
    assert "visual_words" not in run(photos, "--no-looks"), "words only, though the model has visual words"


def test_another_model_gets_visual_words_of_its_own(photos: Path, model: Path, tmp_path: Path) -> None:
    from support import tiny

    run(photos, "--model", model, "--looks")
    before = codebook_of(photos)
    tiny.lexlip(seed=1).save_pretrained(tmp_path / "other")
    assert run(photos, "--model", tmp_path / "other")["encoded"] == 5
    assert codebook_of(photos) != before


def test_the_photos_of_a_folder_with_looks_are_compared(photos: Path, model: Path) -> None:
    shutil.copyfile(photos / "0.png", photos / "copy of 0.png")
    record = run(photos, "--model", model, "--looks")
    found = done("duplicates", record["index"], "--above", "0.999", "--images", photos)
    assert [[member["docid"] for member in group["members"]] for group in found["groups"]] == [
        ["0.png", "copy of 0.png"]
    ]


def test_one_photo_is_too_few_to_learn_from(tmp_path: Path, model: Path) -> None:
    folder = photo_folder(tmp_path / "photos", 1)
    error = lexlip("photos", folder, "--no-serve", "--model", model, "--looks").error
    assert "can't be learned from 1 photos" in error and "leave --looks out" in error
    assert not home_of(folder).exists()


@pytest.mark.parametrize(
    ("places", "code", "size"),
    [
        (10**6, "auto-encoder", 8192),
        (16384, "auto-encoder", 8192),
        (16383, "auto-encoder", 4096),
        (512, "auto-encoder", 256),
    ],
)
def test_few_photos_get_few_codes(places: int, code: str, size: int) -> None:
    recipe = recipe_for(places)
    assert (recipe.code, recipe.size) == (code, size)


def test_too_few_photos_for_an_auto_encoder_get_rotated_scalars() -> None:
    assert recipe_for(511).code == recipe_for(1).code == "rotated"
