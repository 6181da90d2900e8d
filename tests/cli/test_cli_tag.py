"""`lexlip train` of a tagger recipe, and `lexlip tag` over the three kinds of posts."""

import json
from pathlib import Path
from typing import Any

import pytest
from support import taggers
from support.cli_run import done, lexlip

from lexlip_lucene.data.entities.tagged_posts import read_tagged_posts


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tag") / "posts"
    taggers.write_posts(folder)
    recipe = taggers.write_recipe(folder, epochs=12, learning_rate=5e-3, encoder_rate=1, swapped=0)
    record = done("train", recipe, "--output", folder / "tagger")
    assert record["posts"] == 32 and record["valid"]["f1"] > 0.8
    return folder


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_tagged_posts_are_tagged_with_their_pictures_and_measured(posts: Path, tmp_path: Path) -> None:
    out, model = tmp_path / "entities.jsonl", ("--model", posts / "tagger")
    record = done("tag", posts / "test.txt", *model, "--images", posts / "images", "--output", out)
    assert record["posts"] == record["pictures"] == 10 and record["missing_pictures"] == 0
    found = lines(out)
    assert sum(len(line["entities"]) for line in found) == record["entities"] == record["strict"]["found"]
    for line, post in zip(found, read_tagged_posts(posts / "test.txt"), strict=True):
        assert line["text"] == " ".join(post.words) and 0 < line["match"] < 1
        for entity in line["entities"]:
            assert line["text"][entity["start"] : entity["end"]] == entity["text"]
            assert entity["type"] in ("LOC", "PER") and 0 < entity["p"] <= 1
    texts = done("tag", posts / "test.txt", *model, "--output", tmp_path / "texts.jsonl")
    assert texts["pictures"] == 0 and texts["strict"]["f1"] < record["strict"]["f1"]
    assert not any("match" in line for line in lines(tmp_path / "texts.jsonl"))


def test_a_picture_that_is_missing_or_broken_is_said_and_counted(posts: Path, tmp_path: Path) -> None:
    first, second, *_ = (post.picture for post in read_tagged_posts(posts / "test.txt"))
    images = tmp_path / "images"
    images.mkdir()
    for path in (posts / "images").iterdir():
        if path.stem != first:
            (images / path.name).write_bytes(b"broken" if path.stem == second else path.read_bytes())
    out = tmp_path / "entities.jsonl"
    ran = lexlip("tag", posts / "test.txt", "--model", posts / "tagger", "--images", images, "--output", out)
    assert ran.status == 0 and "1 pictures are missing and 1 can't be read" in ran.out
    assert ["match" in line for line in lines(out)] == [False, False, *[True] * 8]


def test_plain_texts_are_tagged_line_by_line(posts: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("two red dog run\n\n…\nA cat\n", encoding="utf-8")
    out = tmp_path / "entities.jsonl"
    record = done("tag", tmp_path / "texts.txt", "--model", posts / "tagger", "--output", out)
    assert record["posts"] == 3 and "strict" not in record
    assert [line["id"] for line in lines(out)] == ["1", "2", "3"]


def test_captions_are_tagged_with_the_pictures_of_their_images(posts: Path, tmp_path: Path) -> None:
    records = [
        {"id": "a", "file": "images/000.png", "split": "", "captions": ["two red dog run", "a cat run"]},
        {"id": "c", "file": "/outside.png", "split": "", "captions": ["dog"]},
        {"id": "b", "file": "missing.png", "split": "", "captions": ["over a dog"]},
    ]
    (posts / "captions.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    out = tmp_path / "entities.jsonl"
    record = done("tag", posts / "captions.jsonl", "--model", posts / "tagger", "--output", out)
    assert (record["posts"], record["pictures"]) == (4, 2)
    assert record["missing_pictures"] + record["unreadable_pictures"] == 2
    assert [line["id"] for line in lines(out)] == ["a#0", "a#1", "c#0", "b#0"]
    only = done("tag", posts / "captions.jsonl", "--model", posts / "tagger", "--output", out, "--text-only", "--force")
    assert (only["pictures"], only["missing_pictures"]) == (0, 0)


def test_what_does_not_fit_is_refused_in_a_line(posts: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("a dog\n", encoding="utf-8")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "bad.txt").write_text("dog\tB-PER\ncat\tperson\n", encoding="utf-8")
    model, out = ("--model", posts / "tagger"), ("--output", tmp_path / "out.jsonl")
    images = ("--images", posts / "images")
    assert "plain text" in lexlip("tag", tmp_path / "texts.txt", *model, *out, *images).error
    assert "at least one post" in lexlip("tag", tmp_path / "empty.txt", *model, *out).error
    assert "bad.txt:2" in lexlip("tag", tmp_path / "bad.txt", *model, *out).error
    assert "--split" in lexlip("tag", tmp_path / "texts.txt", *model, *out, "--split", "test").error
    assert "--text-only" in lexlip("tag", posts / "test.txt", *model, *out, *images, "--text-only").error
    assert "entity tagger" in lexlip("tag", posts / "test.txt", "--model", tmp_path, *out).error
    assert "--resume" in lexlip("train", posts / "tagger.yaml", "--output", tmp_path / "new", "--resume").error
    (tmp_path / "out.jsonl").touch()
    assert "exists already" in lexlip("tag", posts / "test.txt", *model, *out).error
