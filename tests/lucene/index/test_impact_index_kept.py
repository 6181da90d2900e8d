"""Stored values and keywords, kept in an index beside the vectors."""

import json
import re
from pathlib import Path

import pytest
from support.index_dump import dump, require_sound, stored

from lexlip_lucene.errors import IndexingError, InputError
from lexlip_lucene.lucene.index.impact_index import ImpactIndex

LINES = [
    {"id": "a", "vector": {"x": 1}, "contents": "a cat",
     "split": "test", "size": [1, 2], "n": 1.50, "tags": ["p", "q", "p"]},
    {"id": "b", "vector": {}, "split": "träin🙂", "size": None, "n": True, "tags": []},
    {"id": "c", "vector": {"x": 2}, "split": "test", "size": {"w": 3}, "tags": "q"},
]  # fmt: skip


def test_stored_keys_and_keywords_are_read_back(tmp_path: Path) -> None:
    folder, index = tmp_path / "c", tmp_path / "index"
    folder.mkdir()
    (folder / "a.jsonl").write_text("\n".join(json.dumps(line) for line in LINES))
    ImpactIndex.build(folder, index, store=["contents", "split", "size"], keywords=["split", "n", "tags"])
    assert stored(index, "a") == {"id": ["a"], "contents": ["a cat"], "split": ["test"], "size": ["[1, 2]"]}
    assert stored(index, "b") == {"id": ["b"], "split": ["träin🙂"]}
    assert stored(index, "c") == {"id": ["c"], "split": ["test"], "size": ['{"w": 3}']}
    keywords = {field: dump(index, field).postings for field in ("split", "n", "tags")}
    assert keywords == {
        "split": {"test": [(0, 1), (2, 1)], "träin🙂": [(1, 1)]},
        "n": {"1.5": [(0, 1)], "true": [(1, 1)]},
        "tags": {"p": [(0, 1)], "q": [(0, 1), (2, 1)]},
    }
    require_sound(index)


def test_a_keyword_of_another_type_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"id": "a", "vector": {}}\n{"id": "b", "vector": {}, "tags": [1]}')
    with pytest.raises(
        IndexingError, match=re.escape('a.jsonl:2: this line can\'t be indexed: the keyword "tags" must')
    ):
        ImpactIndex.build(folder, tmp_path / "index", keywords=["tags"])


@pytest.mark.parametrize(
    ("store", "keywords", "message"),
    [
        (["id"], [], "'id' can't be stored"),
        ([], ["contents"], "'contents' can't be a keyword"),
        (["x", "x"], [], "'x' is to be stored twice"),
        ([], [""], "'' can't be a keyword"),
    ],
)
def test_a_key_that_can_not_be_kept_is_refused(
    store: list[str], keywords: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        ImpactIndex.build(tmp_path / "c", tmp_path / "index", store=store, keywords=keywords)
