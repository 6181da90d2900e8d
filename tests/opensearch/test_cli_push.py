"""The verb `lexlip push`."""

from pathlib import Path
from socket import create_server

import pytest
from pushed import documents, new_alias, vectors_held, with_manifest, written
from running_cluster import RunningNode
from support.cli_run import done, lexlip


def test_a_push_an_append_and_a_deletion_say_what_is_there(node: RunningNode, tmp_path: Path) -> None:
    found, more = documents(60), documents(5, prefix="more ")
    collection = with_manifest(written(tmp_path / "c", found, keys={"split": "val"}))
    address, ids = f"{node.url}/{new_alias()}", tmp_path / "ids.txt"
    ids.write_text("é 1\né 2\n", encoding="utf-8")
    record = done("push", collection, address, "--shards", 2, "--replicas", 0, "--keyword", "split")
    assert (record["documents"], record["shards"], record["replicas"], record["added"]) == (60, 2, 0, 60)
    assert record["alias"] == address.rpartition("/")[2] and record["index"].startswith(f"{record['alias']}-")
    assert record["seconds"] > 0 and record["bytes"] > 0 and record["postings"] > 0
    record = done("push", written(tmp_path / "d", more), address, "--append")
    assert (record["documents"], record["added"]) == (65, 5)
    record = done("push", address, "--delete", ids)
    assert (record["documents"], record["deleted"]) == (63, 2)
    kept = {one.id: one.vector for one in [*found, *more] if one.id not in ("é 1", "é 2")}
    assert vectors_held(node, record["index"]) == kept


def test_a_person_reads_which_index_serves_and_which_is_kept(node: RunningNode, tmp_path: Path) -> None:
    address = f"{node.url}/{new_alias()}"
    first = done("push", written(tmp_path / "a", documents(9)), address)["index"]
    ran = lexlip("push", written(tmp_path / "b", documents(10)), address)
    assert ran.status == 0 and ran.out.startswith(f"{address} names ")
    assert "10 documents (1 empty)" in ran.out and "1 shard, 0 replicas; 10 added in" in ran.out
    assert f"{first}, which served before, is kept" in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--append", "--shards", 2], "--shards does not go with --append"),
        (["--append", "--keyword", "split"], "--keyword does not go with --append"),
        (["--replace"], "--replace goes with --append"),
        (["--delete", "ids.txt"], "a collection does not go with --delete"),
        (["--shards", 0], "shards must be at least 1, got 0"),
        (["--wait", "nan"], "--wait must be a number of seconds, 0 or more, got nan"),
        (["--wait", "-1"], "--wait must be a number of seconds, 0 or more, got -1.0"),
        (["--shards", 1025], "shards must be in 1..1024, got 1025"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, arguments: list[object], said: str) -> None:
    assert said in lexlip("push", tmp_path, "http://localhost:1/photos", *arguments).error


def test_an_address_with_a_password_is_refused_and_not_repeated(tmp_path: Path) -> None:
    error = lexlip("push", tmp_path, "http://me:geheim@localhost:1/photos").error
    assert "LEXLIP_OPENSEARCH_PASSWORD" in error and "geheim" not in error


def test_a_cluster_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ran = lexlip("push", written(tmp_path / "c", documents(3)), f"http://127.0.0.1:{port}/photos")
    assert f"http://127.0.0.1:{port}/photos can't be reached" in ran.error


def test_without_an_address_the_usage_is_wrong(tmp_path: Path) -> None:
    assert lexlip("push", tmp_path).status == 2
