"""Ids that are in a collection twice are found, and none that only have a hash in common."""

from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.location import Location
from lexlip_lucene.vectors import distinct_ids
from lexlip_lucene.vectors.distinct_ids import require_distinct_ids


def written(folder: Path, shards: list[list[str]]) -> list[Location]:
    paths = [folder / f"part-{number}.jsonl" for number in range(len(shards))]
    for path, ids in zip(paths, shards, strict=True):
        path.write_bytes(b"".join(orjson.dumps({"id": id}) + b"\n" for id in ids))
    return [Location(path) for path in paths]


@given(st.lists(st.lists(st.text("ab", max_size=3), max_size=4), max_size=4), st.integers(1, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_twice_is_what_a_set_says(tmp_path: Path, shards: list[list[str]], at_once: int) -> None:
    ids = [id for shard in shards for id in shard]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distinct_ids, "_AT_ONCE", at_once)
        if len(set(ids)) == len(ids):
            require_distinct_ids(written(tmp_path, shards))
        else:
            with pytest.raises(InputError, match="ids of a collection differ"):
                require_distinct_ids(written(tmp_path, shards))


def test_ids_with_one_hash_are_distinct_and_both_places_of_one_id_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distinct_ids, "_hash", lambda id: 7)
    require_distinct_ids(written(tmp_path, [["a", "b"], ["c"]]))
    with pytest.raises(InputError, match=r"the id 'b' is at .*part-0\.jsonl:2 and at .*part-1\.jsonl:3"):
        require_distinct_ids(written(tmp_path, [["a", "b"], ["c", "d", "b"]]))
