"""The rows of a vocabulary that are dimensions."""

import sys
import unicodedata

import pytest

from lexlip_lucene.vectors.lexicon import JAVA_WHITE_SPACE, Lexicon, make_lexicon, why_not_indexable


def lexicon_of(*tokens: str, counts: dict[int, int] | None = None, min_count: int = 0) -> Lexicon:
    rows = {token: row for row, token in enumerate(tokens)}
    return make_lexicon(rows, special=["[PAD]", "[CLS]"], counts=counts, min_count=min_count)


def test_special_unused_and_wordless_rows_are_no_dimensions() -> None:
    lexicon = lexicon_of("[PAD]", "[unused0]", "[unused99]", "[CLS]", "!", "...", "##-", "a", "##s", "3", "é", "円")
    assert lexicon.tokens == ("a", "##s", "3", "é", "円")
    assert lexicon.rows == (7, 8, 9, 10, 11)


def test_a_token_that_only_looks_unused_stays() -> None:
    assert lexicon_of("[unused]", "unused0", "[unused0]x").tokens == ("[unused]", "unused0", "[unused0]x")


def test_rows_that_the_captions_hardly_use_are_no_dimensions() -> None:
    counts = {0: 3, 1: 2, 3: 30}
    assert lexicon_of("red", "rare", "never", "cat", counts=counts, min_count=3).tokens == ("red", "cat")
    assert lexicon_of("red", "rare", "never", counts=counts, min_count=0).tokens == ("red", "rare", "never")
    assert lexicon_of("red", "rare", "never", counts=None, min_count=3).tokens == ("red", "rare", "never")


def test_dimensions_are_in_row_order_whatever_the_vocabulary_s_own() -> None:
    lexicon = make_lexicon({"b": 5, "a": 9, "c": 1}, special=[], counts=None, min_count=0)
    assert lexicon == Lexicon(tokens=("c", "b", "a"), rows=(1, 5, 9))
    assert lexicon.position_of_row == {1: 0, 5: 1, 9: 2}
    assert len(lexicon) == 3


def test_white_space_is_what_java_says_it_is() -> None:
    """Character.isWhitespace: separators but the three no-break ones, and nine control characters."""
    separators = {
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) in ("Zs", "Zl", "Zp") and character not in "\u00a0\u2007\u202f"
    }
    assert separators | set("\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f") == JAVA_WHITE_SPACE


@pytest.mark.parametrize("mark", sorted(JAVA_WHITE_SPACE))
def test_a_token_with_white_space_is_not_a_dimension(mark: str) -> None:
    assert why_not_indexable(f"new{mark}york") == "contains white space"
    assert lexicon_of("a", f"new{mark}york").tokens == ("a",)


@pytest.mark.parametrize("mark", "\u00a0\u2007\u202f\x85\u200b\ufeff")
def test_what_java_does_not_take_for_white_space_stays_inside_a_token(mark: str) -> None:
    assert lexicon_of(f"new{mark}york").tokens == (f"new{mark}york",)


@pytest.mark.parametrize("token", ["a" * 255, "é" * 255, "😀" * 127 + "a"])
def test_a_token_of_255_utf_16_units_is_kept_and_one_of_256_is_not(token: str) -> None:
    assert why_not_indexable(token) is None
    assert why_not_indexable(token + "a") == "is longer than 255 characters"


def test_an_empty_token_is_not_a_dimension() -> None:
    assert why_not_indexable("") == "is empty"


def test_the_identity_changes_with_the_order_and_with_nothing_else() -> None:
    one, same = lexicon_of("a", "b"), lexicon_of("[PAD]", "a", "!", "b")
    assert one.rows != same.rows
    assert one.sha256 == same.sha256
    assert len({one.sha256, lexicon_of("b", "a").sha256, lexicon_of("a").sha256, lexicon_of("ab").sha256}) == 4
