"""Tokens as words: pieces of the query's words are joined, others are shown without their mark."""

from typing import NamedTuple

import pytest

from lexlip_lucene.pictures.shown_words import ShownWord, shown_token, shown_tokens, shown_weights, shown_words


class Term(NamedTuple):
    token: str
    contribution: int


@pytest.mark.parametrize(
    ("tokens", "text", "shown"),
    [
        ("snow ##board dog", "A dog on a Snowboard", "snowboard snowboard dog"),
        ("snow ##board", "snow, a snowboard", "snow snowboard"),
        ("snow ##board", "", "snow board"),
        ("snow ##board", "snowfall", "snow board"),
        ("snow ##bo ##ard", "snowboard", "snowboard snowboard snowboard"),
        ("snow ##board snowboard", "snowboard", "snow board snowboard"),
        ("##", "##", "##"),
    ],
)
def test_pieces_are_the_word_that_the_query_has_or_lose_their_mark(tokens: str, text: str, shown: str) -> None:
    assert list(shown_tokens(tokens.split(), text).values()) == shown.split()


def test_words_add_up_to_their_pieces_and_the_heaviest_is_first() -> None:
    terms = [Term("dog", 50), Term("snow", 40), Term("##board", 20), Term("##s", 5)]
    assert shown_words(terms, "dogs snowboard") == [
        ShownWord("snowboard", ("snow", "##board"), 60),
        ShownWord("dogs", ("dog", "##s"), 55),
    ]


def test_a_piece_and_a_word_that_look_alike_are_shown_once() -> None:
    assert shown_token("##board") == "board"
    assert shown_weights({"board": 3, "##board": 7, "dog": 1}) == {"board": 7, "dog": 1}
