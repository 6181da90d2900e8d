"""Folders at URLs that may be replaced: of the verb's own files only."""

from collections.abc import Iterator
from typing import Any

import fsspec
import pytest

from lexlip_lucene.errors import OutputError
from lexlip_lucene.files.location import Location
from lexlip_lucene.files.replaced_url import require_replaceable

NAMES = r"part-\d+\.jsonl"


@pytest.fixture
def memory() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    yield system
    if system.exists("/replaced"):
        system.rm("/replaced", recursive=True)


@pytest.mark.parametrize("files", [[], ["part-0.jsonl", "part-00001.jsonl"]])
def test_nothing_and_its_own_files_may_be_replaced(memory: Any, files: list[str]) -> None:
    for name in files:
        memory.pipe_file(f"/replaced/{name}", b"")
    require_replaceable(Location("memory://replaced"), NAMES, "a collection")


@pytest.mark.parametrize("name", ["a.png", "sub/part-0.jsonl", "part-0.jsonl.png"])
def test_one_other_file_forbids_it(memory: Any, name: str) -> None:
    memory.pipe_file("/replaced/part-0.jsonl", b"")
    memory.pipe_file(f"/replaced/{name}", b"")
    with pytest.raises(OutputError, match="memory://replaced is there and is not a collection"):
        require_replaceable(Location("memory://replaced"), NAMES, "a collection")


def test_a_file_is_not_replaced_by_a_folder(memory: Any) -> None:
    memory.pipe_file("/replaced/a.tar", b"")
    with pytest.raises(OutputError, match=r"a\.tar is there and is not a collection"):
        require_replaceable(Location("memory://replaced/a.tar"), NAMES, "a collection")
