"""Text files line by line, each with its place."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import list_at, read_json_lines, read_lines, text_at, text_lines


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content)
    return path


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    path = written(tmp_path, "a\u2028b\x0cc\x85d\r\n\n\r\ne".encode())
    assert list(read_lines(path, "topics")) == [(f"{path}:1", "a\u2028b\x0cc\x85d"), (f"{path}:4", "e")]


def test_a_byte_order_mark_is_dropped_only_at_the_start(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffa\n\ufeffb\n".encode())
    assert [line for _, line in read_lines(path, "topics")] == ["a", "\ufeffb"]


def test_line_ends_are_kept_on_demand(tmp_path: Path) -> None:
    assert list(text_lines(written(tmp_path, b"a\r\n\nb"), "topics")) == ["a\r\n", "\n", "b"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\ufeff"), min_size=1)))
def test_lines_that_are_not_empty_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = written(tmp_path_factory.mktemp("lines"), "\n".join(lines).encode())
    assert [line for _, line in read_lines(path, "topics")] == lines


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\n\xff\n", r"file:2: topics must be UTF-8"),
        (b"\xef\xbb", r"file:1: topics must be UTF-8"),
    ],
)
def test_a_line_that_is_not_utf_8_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(read_lines(written(tmp_path, content), "topics"))


@pytest.mark.parametrize("line", ["{", "[1]", '"text"', "3", "{} {}", "NaN"])
def test_a_line_that_is_not_one_json_object_is_named(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, f'{{"a": 1}}\n{line}\n'.encode())
    with pytest.raises(InputError, match=r"file:2: a line of a captions file must be one JSON object"):
        list(read_json_lines(path, "captions file"))


def test_json_lines_come_with_their_places(tmp_path: Path) -> None:
    path = written(tmp_path, b'{"a": 1}\n\n{"b": 2}')
    assert list(read_json_lines(path, "captions file")) == [(f"{path}:1", {"a": 1}), (f"{path}:3", {"b": 2})]


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"topics: no such file: .*gone"):
        list(text_lines(tmp_path / "gone", "topics"))
    with pytest.raises(InputError, match="topics: a file is needed, but this is a folder"):
        list(text_lines(tmp_path, "topics"))


def test_values_of_the_wrong_type_are_named_with_their_key() -> None:
    record = {"id": "a", "n": 1, "captions": ["x"], "mixed": ["x", 2]}
    assert text_at(record, "id", "f:1") == "a"
    assert list_at(record, "captions", "f:1", of=str) == ["x"]
    with pytest.raises(InputError, match='f:1: "n" must be a text, but it is 1'):
        text_at(record, "n", "f:1")
    with pytest.raises(InputError, match=r'f:1: the key "split" is missing; there are: .*"captions"'):
        text_at(record, "split", "f:1")
    with pytest.raises(InputError, match='f:1: "id" must be a list, but it is "a"'):
        list_at(record, "id", "f:1", of=str)
    with pytest.raises(InputError, match=r'f:1: "mixed"\[1\] must be a text, but it is 2'):
        list_at(record, "mixed", "f:1", of=str)
    with pytest.raises(InputError, match=r'f:1: "captions"\[0\] must be an object, but it is "x"'):
        list_at(record, "captions", "f:1", of=dict)


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(InputError) as raised:
        text_at({"id": list(range(1000))}, "id", "f:1")
    assert len(str(raised.value)) < 120
