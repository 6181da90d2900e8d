"""The values of a line of JSON as they are written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.push.written_values import Number, written_values

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
INDENTS = st.sampled_from([None, 0, 1, "\t"])


@given(st.dictionaries(st.text(), VALUES), INDENTS, st.booleans())
def test_each_value_is_read_and_its_json_is_a_part_of_the_line(
    record: dict[str, Any], indent: Any, ascii: bool
) -> None:
    line = json.dumps(record, indent=indent, ensure_ascii=ascii)
    found = written_values(line.encode(), "a")
    assert {key: json.loads(one.json) for key, one in found.items()} == record
    assert all(one.json in line and one.json == one.json.strip() for one in found.values())


@given(st.dictionaries(st.text(), VALUES))
def test_a_text_is_the_text_and_all_else_its_json(record: dict[str, Any]) -> None:
    for key, one in written_values(json.dumps(record).encode(), "a").items():
        assert one.text == (record[key] if isinstance(record[key], str) else one.json)


def test_numbers_stay_as_they_are_written_however_long() -> None:
    digits = "9" * 5000
    found = written_values(f' {{ "a" : 1e3 , "b":-0.0,"c":{digits}, "d": [1E2] }} '.encode(), "a")
    assert [one.text for one in found.values()] == ["1e3", "-0.0", digits, "[1E2]"]
    assert isinstance(found["a"].value, Number) and isinstance(found["d"].value[0], Number)


def test_values_inside_each_other_are_an_error_that_names_the_line_not_a_traceback() -> None:
    deep = b'{"id": "a", "d": ' + b"[" * 5000 + b"]" * 5000 + b"}"
    with pytest.raises(InputError, match=r"x\.jsonl:7: document a: a value has too many values inside each other"):
        written_values(deep, "x.jsonl:7: document a")


def test_of_a_key_that_is_there_twice_the_last_value_counts() -> None:
    assert written_values(b'{"a": 1, "a": 2}', "a")["a"].text == "2"
    assert written_values(b"{}", "a") == {}
