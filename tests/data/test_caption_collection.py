from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lexlip_lucene.data.caption_collection import CaptionDocument, read_caption_collection, write_caption_collection
from lexlip_lucene.errors import InputError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents=st.lists(st.builds(CaptionDocument, TEXT, TEXT), min_size=1, unique_by=lambda document: document.id))
def test_written_caption_collection_is_read_back(tmp_path: Path, documents: list[CaptionDocument]) -> None:
    write_caption_collection(tmp_path / "captions", documents, force=True)
    assert read_caption_collection(tmp_path / "captions") == documents


@pytest.mark.parametrize("stray", ["notes.txt", "a.jsonl.zst"])
def test_stray_file_in_a_caption_collection_is_named(tmp_path: Path, stray: str) -> None:
    folder = tmp_path / "captions"
    write_caption_collection(folder, [CaptionDocument("dog", "A dog .")])
    (folder / stray).touch()
    with pytest.raises(InputError, match=f"{stray}: a caption collection folder holds nothing but shards"):
        read_caption_collection(folder)


def test_duplicate_id_across_shards_names_both_lines(tmp_path: Path) -> None:
    for shard in "ab":
        (tmp_path / f"{shard}.jsonl").write_text('{"id": "dog", "contents": "A dog ."}\n')
    with pytest.raises(InputError, match=r"b.jsonl:1: the id 'dog' must be unique, but it is also at .*a.jsonl:1"):
        read_caption_collection(tmp_path)


@pytest.mark.parametrize("lines", [None, ""])
def test_caption_collection_without_a_document_is_refused(tmp_path: Path, lines: str | None) -> None:
    if lines is not None:
        (tmp_path / "a.jsonl").write_text(lines)
    with pytest.raises(InputError, match=r"caption collection: no (document|shard .*) in"):
        read_caption_collection(tmp_path)
