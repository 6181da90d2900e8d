"""Tagged posts: both layouts, their entities, their pictures, and lines that are neither."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.data.entities.iob2 import WordSpan, all_tags, spans_of, tags_of
from lexlip_lucene.data.entities.tagged_posts import pictures_of, read_tagged_posts, tagged_lines, types_of
from lexlip_lucene.errors import InputError

TWITTER = "IMGID:12\nRT\tO\nGeorge\tB-PER\nZimmerman\tI-PER\n\nIMGID:13\nParis\tB-LOC\nExpo\tB-OTHER\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "posts.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_twitter_layout_is_read_with_pictures_and_misc(tmp_path: Path) -> None:
    first, second = read_tagged_posts(written(tmp_path, TWITTER))
    assert first.words == ("RT", "George", "Zimmerman") and first.picture == "12"
    assert first.entities == [WordSpan(1, 3, "PER")]
    assert second.entities == [WordSpan(0, 1, "LOC"), WordSpan(1, 2, "MISC")], "OTHER is MISC"
    assert second.where.endswith("posts.txt:6")
    assert types_of([first, second]) == ("LOC", "MISC", "PER")


def test_conll_is_read_by_its_last_column(tmp_path: Path) -> None:
    text = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\n"
    first, second = read_tagged_posts(written(tmp_path, text))
    assert first.words == ("EU", "rejects") and first.tags == ("B-ORG", "O") and first.picture == ""
    assert second.entities == [WordSpan(0, 1, "PER")]


def test_a_space_that_is_no_ascii_is_a_word_as_in_twitter_2015(tmp_path: Path) -> None:
    (post,) = read_tagged_posts(written(tmp_path, "\xa0\tO\nParis\tB-LOC\n"))
    assert post.words == ("\xa0", "Paris")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Paris\n", 1),
        ("Paris\tB-LOC\nis\tX\n", 2),
        ("Paris\tB-loc\n", 1),
        ("\tO\n", 1),
        ("IMGID:../x\nParis\tO\n", 1),
        ("Paris\tO\nIMGID:3\n", 2),
        ("IMGID:3\n\nParis\tO\n", 1),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, line: int) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=f"{path}:{line}: "):
        read_tagged_posts(path)


def test_a_file_without_posts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one post"):
        read_tagged_posts(written(tmp_path, "\n-DOCSTART- O\n\n"))


def test_a_missing_picture_is_counted_and_never_another_one(tmp_path: Path) -> None:
    posts = read_tagged_posts(written(tmp_path, TWITTER + "\nnone\tO\n"))
    (tmp_path / "12.jpg").touch()
    (tmp_path / "17_06_4705.jpg").touch()
    found = pictures_of(posts, tmp_path)
    assert found.paths == [tmp_path / "12.jpg", None, None] and found.missing == 1
    assert pictures_of(posts, None) == ([None] * 3, 0)
    with pytest.raises(InputError, match="folder of pictures"):
        pictures_of(posts, tmp_path / "images")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    posts = read_tagged_posts(written(tmp_path, TWITTER))
    again = read_tagged_posts(written(tmp_path, "".join(tagged_lines(posts))))
    assert [(post.words, post.tags, post.picture) for post in again] == [
        (post.words, post.tags, post.picture) for post in posts
    ]


def test_a_stray_inside_tag_is_part_of_no_entity() -> None:
    assert spans_of(["I-PER", "B-PER", "I-LOC", "I-PER"]) == [WordSpan(1, 2, "PER")]


@given(st.lists(st.sampled_from(all_tags(("LOC", "PER"))), max_size=12))
def test_tags_of_entities_mean_the_same_entities(tags: list[str]) -> None:
    spans = spans_of(tags)
    again = tags_of(spans, len(tags))
    assert spans_of(again) == spans and len(again) == len(tags)
