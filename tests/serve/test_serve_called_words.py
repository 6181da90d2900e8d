"""Words that a query's own words call for: they go with these, and are lighter and heavier with them."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from lexlip_lucene.serve.searching import Searching
from lexlip_lucene.words.read_query import ReadQuery

READ = ReadQuery({"kid": 100, "snow": 80, "boy": 40, "skis": 10}, words="kid snow", called=["boy", "skis"])
CALLERS = {"boy": "kid", "skis": "snow"}


@pytest.mark.parametrize(
    ("edits", "excluded", "expected"),
    [
        ({}, [], {"kid": 100, "snow": 80, "boy": 40, "skis": 10}),
        ({"kid": 0}, [], {"kid": 100, "snow": 80, "skis": 10}),
        ({"kid": 50}, [], {"kid": 100, "snow": 80, "boy": 20, "skis": 10}),
        ({"kid": 0, "boy": 70}, [], {"kid": 100, "snow": 80, "boy": 40, "skis": 10}),
        ({"boy": 0}, [], {"kid": 100, "snow": 80, "boy": 40, "skis": 10}),
        ({}, ["snow"], {"kid": 100, "snow": 80, "boy": 40}),
    ],
)
def test_what_a_word_calls_for_changes_with_it(
    edits: dict[str, int], excluded: list[str], expected: dict[str, int]
) -> None:
    searching = cast(Any, SimpleNamespace(model=SimpleNamespace(callers=lambda read: CALLERS)))
    assert Searching._edited(searching, READ, edits, excluded) == expected, "the edits themselves are laid over it"
