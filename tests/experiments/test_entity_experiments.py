"""The entity experiments on tiny posts: their tables, and the linear CRF that text taggers are compared with."""

from pathlib import Path

import pytest
from support import taggers

from lexlip_lucene.data.entities.tagged_posts import TaggedPost, tagged_lines
from lexlip_lucene.errors import InputError
from lexlip_lucene.experiments.entities import posts, twitter
from lexlip_lucene.experiments.entities.linear_crf import features, linear_crf_tags, shape

LEARNT = [
    TaggedPost(("Paris", "is", "big"), ("B-LOC", "O", "O"), "", ""),
    TaggedPost(("I", "saw", "George", "Best"), ("O", "O", "B-PER", "I-PER"), "", ""),
]


def test_the_linear_crf_finds_again_what_it_was_shown() -> None:
    assert linear_crf_tags(LEARNT, LEARNT) == [list(post.tags) for post in LEARNT]


def test_a_word_s_features_are_its_own_and_its_neighbours() -> None:
    first, second = features(["#NWM7", "Paris"])
    assert {"word=#nwm7", "shape=#X9", "prefix=#n", "suffix=wm7", "tag", "-1:edge", "1:word=paris"} <= set(first)
    assert {"title", "-1:shape=#X9", "1:edge", "2:edge"} <= set(second)
    assert shape("McDonald's") == "XxXx'x"


def test_twitters_table_has_the_floor_and_the_taggers(tmp_path: Path) -> None:
    for name in ("twitter2015", "twitter2017"):
        for part in ("train", "valid"):
            (tmp_path / f"{name}-{part}.txt").write_text("".join(tagged_lines(LEARNT)), encoding="utf-8")
    taggers.tagger(None).save_pretrained(tmp_path / "tagger")
    rows = twitter.measured(tmp_path, [("2017", tmp_path / "tagger")])
    assert [(row.year, row.figures.f1) for row in rows[:4]] == [("2015", 1.0)] * 2 + [("2017", 1.0)] * 2
    assert rows[4].year == "2017" and rows[4].figures.there == 2
    assert twitter.table(rows).count("\n") == 7
    with pytest.raises(InputError, match="YEAR=FOLDER"):
        twitter.main([str(tmp_path), "--tagger", "2016=x"])


def test_the_posts_table_says_what_wrong_pictures_cost(tmp_path: Path) -> None:
    folder = tmp_path / "posts"
    taggers.write_posts(folder)
    taggers.write_recipe(folder)
    for name in ("test-mixed", "test-shuffled"):
        (folder / f"{name}.txt").write_bytes((folder / "test.txt").read_bytes())
    output = tmp_path / "figures"
    posts.main([str(folder), "--recipe", str(folder / "tagger.yaml"), "--output", str(output), "--seeds", "0", "1"])
    table = (output / "table.md").read_text(encoding="utf-8")
    assert table.count("| yes |") == table.count("| no |") == 4
    assert "all pictures wrong: 0.00 points lost with the match gate, 0.00 without" in table
    assert (output / "gate-1" / "model.safetensors").is_file() and (output / "no-gate-0").is_dir()


def test_a_loss_is_the_difference_of_the_means() -> None:
    rows = [
        posts.Row(gate, seen, f1)
        for gate, seen, f1 in [
            (True, "right picture", [0.9, 1.0]),
            (True, "all pictures wrong", [0.7, 0.7]),
            (False, "right picture", [0.9]),
            (False, "all pictures wrong", [0.4]),
        ]
    ]
    assert posts.losses(rows, "all pictures wrong") == {True: pytest.approx(0.25), False: pytest.approx(0.5)}
