"""Brace patterns: those of bash, and an error for what is a slip."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lexlip_lucene.data.remote.brace_pattern import expanded
from lexlip_lucene.errors import InputError


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a.tar", ["a.tar"]),
        ("{08..10}.tar", ["08.tar", "09.tar", "10.tar"]),
        ("{8..10}.tar", ["8.tar", "9.tar", "10.tar"]),
        ("{0..1}/{a,b}", ["0/a", "0/b", "1/a", "1/b"]),
        ("x{a}{}.tar", ["x{a}{}.tar"]),
    ],
)
def test_a_pattern_stands_for_its_names_in_order(pattern: str, names: list[str]) -> None:
    assert expanded(pattern) == names


@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 12), st.integers(0, 3), st.sampled_from(["", "0", "00"])).map(
                lambda it: f"{{{it[2]}{it[0]}..{it[0] + it[1]}}}"
            ),
            st.sampled_from(["{a,b}", "{b,d,c}", "/", "x", ".tar"]),
        ),
        min_size=1,
        max_size=4,
    ).map("".join)
)
@settings(max_examples=30)
def test_names_are_those_of_bash(pattern: str) -> None:
    said = subprocess.run(["bash", "-c", f"printf '<%s>' {pattern}"], capture_output=True, text=True, check=True).stdout
    names = said[1:-1].split("><")
    if len(set(names)) == len(names):
        assert expanded(pattern) == names
    else:
        with pytest.raises(InputError, match="stands for one name twice"):
            expanded(pattern)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{3..1}.tar", r"counts down; a pattern counts up, \{1..3\}"),
        ("{0..9999999}.tar", "stands for 1000000 names at most"),
        ("{0..9999}/{0..9999}.tar", "stands for 1000000 names at most"),
        ("{a,a}.tar", "stands for one name twice"),
        ("{a,{b,c}}.tar", "a pattern has no braces within braces"),
        ("{x{0..1},y}.tar", "a pattern has no braces within braces"),
    ],
)
def test_a_slip_is_an_error(pattern: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        expanded(pattern)
