"""Generated posts: their text never tells a type, and a wrong picture is always another one's."""

from pathlib import Path

import pytest

from lexlip_lucene.data.entities.tagged_posts import pictures_of, read_tagged_posts
from lexlip_lucene.demo.posts import NAMES, SHAPES, characters, make_posts, write_posts
from lexlip_lucene.demo.words import SHAPES as NAMED_SHAPES
from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import SILENT


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("posts") / "posts"
    write_posts(path, train=12, valid=4, test=8, seed=1, progress=SILENT)
    return path


def test_each_name_is_borne_by_characters_of_different_types() -> None:
    for name, borne in characters(0).items():
        assert len({one.type for one in borne}) == len(borne) == 3
        assert {one.colour for one in borne} == {NAMES[name]}
        assert all(one.shape in SHAPES[one.type] for one in borne)


def test_the_picture_shows_whom_the_post_names_and_the_text_says_nothing_of_them() -> None:
    borne = {(one.name, one.type): one for of_name in characters(3).values() for one in of_name}
    telling = {
        word for shapes in SHAPES.values() for shape in shapes for said in NAMED_SHAPES[shape] for word in [said]
    }
    for post, scene in make_posts(count=60, first=0, seed=3):
        named = [borne[" ".join(post.words[span.start : span.end]), span.type] for span in post.entities]
        assert 1 <= len(named) <= 2
        shown = {(thing.colour, thing.shape) for thing in scene.objects}
        assert {(one.colour, one.shape) for one in named} < shown
        assert not telling & set(post.words)


def test_the_same_words_are_of_several_types() -> None:
    types: dict[str, set[str]] = {}
    for post, _ in make_posts(count=400, first=0, seed=0):
        for span in post.entities:
            types.setdefault(" ".join(post.words[span.start : span.end]), set()).add(span.type)
    assert all(len(found) == 3 for found in types.values()) and len(types) == len(NAMES)


def test_a_post_does_not_depend_on_how_many_there_are() -> None:
    assert make_posts(count=3, first=5, seed=2) == make_posts(count=9, first=0, seed=2)[5:8]


def test_files_are_in_the_twitter_layout_with_all_pictures(folder: Path) -> None:
    counts = {name: len(read_tagged_posts(folder / f"{name}.txt")) for name in ("train", "valid", "test")}
    assert counts == {"train": 12, "valid": 4, "test": 8}
    for name in (*counts, "test-mixed", "test-shuffled"):
        assert pictures_of(read_tagged_posts(folder / f"{name}.txt"), folder / "images").missing == 0
    pictures = [post.picture for name in counts for post in read_tagged_posts(folder / f"{name}.txt")]
    assert len(set(pictures)) == 24, "no picture is in two parts"


def test_shuffled_posts_all_have_anothers_picture_and_mixed_ones_half(folder: Path) -> None:
    own = read_tagged_posts(folder / "test.txt")
    for name, wrong in (("test-mixed", 4), ("test-shuffled", 8)):
        posts = read_tagged_posts(folder / f"{name}.txt")
        assert [post.words for post in posts] == [post.words for post in own]
        assert sum(a.picture != b.picture for a, b in zip(posts, own, strict=True)) == wrong
        assert sorted(post.picture for post in posts) == sorted(post.picture for post in own)


def test_too_few_posts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 4 test posts"):
        write_posts(tmp_path / "posts", train=1, valid=1, test=3, seed=0, progress=SILENT)
    with pytest.raises(InputError, match="count must be at least 0"):
        make_posts(count=-1, first=0, seed=0)
