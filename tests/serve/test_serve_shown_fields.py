"""Stored fields as a reader sees them."""

import pytest

from lexlip_lucene.serve.shown_fields import shown_fields


def test_metadata_of_a_photo_are_in_plain_words() -> None:
    stored = {
        "id": "Alps/hut.jpg",
        "contents": "hut.jpg",
        "words": "Alps hut",
        "positions": "8x8 1",
        "date": "2023-03-04T08:05:09",
        "camera": "Canon EOS 80D",
        "place": '["Schweiz","Zermatt"]',
        "description": "Before the ascent",
    }
    assert shown_fields("Alps/hut.jpg", stored) == {
        "date": "4 March 2023, 08:05",
        "camera": "Canon EOS 80D",
        "place": "Schweiz, Zermatt",
        "description": "Before the ascent",
    }


@pytest.mark.parametrize("text", ["[", "[1]", "[]", '["a", 1]', "[nothing] here", "summer 2023", ""])
def test_what_is_no_list_of_texts_and_no_date_stays_as_it_is(text: str) -> None:
    assert shown_fields("1", {"split": text, "date": text}) == {"split": text, "date": text}


def test_contents_that_are_a_caption_are_shown() -> None:
    assert shown_fields("1.jpg", {"contents": "A dog."}) == {"contents": "A dog."}
