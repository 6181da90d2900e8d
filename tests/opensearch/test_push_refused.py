"""A push to a cluster that refuses one of its requests, as a secured one does where the user lacks a right."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pushed import behind, documents, new_alias, require_oracle, written
from running_cluster import RunningNode

from lexlip_lucene.errors import ClusterError, LexlipError
from lexlip_lucene.opensearch.connection import Connection
from lexlip_lucene.opensearch.push.report import PushReport
from lexlip_lucene.opensearch.push.sink import OpenSearchSink


class Refusing:
    """A cluster that refuses one request: the one of the number `refused`, from 0, or those that delete an index.

    Searches count as one.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refused: int | None) -> None:
        self._numbers: dict[str | int, int] = {}
        real = Connection.request

        def request(connection: Connection, method: str, path: str, *rest: Any, **named: Any) -> Any:
            number = self._numbers.setdefault(path if path.endswith("_msearch") else len(self._numbers), self.asked)
            if number == refused or (refused is None and method == "DELETE"):
                raise ClusterError(f"{method} {path} is not for you", 403)
            return real(connection, method, path, *rest, **named)

        monkeypatch.setattr(Connection, "request", request)

    @property
    def asked(self) -> int:
        """Requests that were made."""
        return len(self._numbers)


def _pushed(address: str, collection: Path, **options: Any) -> PushReport:
    with OpenSearchSink(address) as sink:
        return sink.push(collection, **options)


def test_whatever_request_is_refused_what_served_before_serves(
    node: RunningNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"{node.url}/{new_alias()}"
    alias = address.rpartition("/")[2]
    before = _pushed(address, written(tmp_path / "a", documents(20))).index
    collection = written(tmp_path / "b", documents(30))
    for refused in count():
        cluster = Refusing(monkeypatch, refused)
        try:
            new = _pushed(address, collection, resume=True)
        except LexlipError as error:
            assert "is not for you" in str(error) and behind(node, alias) == {before}, error
        monkeypatch.undo()
        if behind(node, alias) != {before}:
            break
    assert refused == cluster.asked > 10, "none is left that could be refused"
    assert behind(node, alias) == {new.index}
    require_oracle(address, documents(30))


def test_a_refused_deletion_says_that_the_new_index_serves(
    node: RunningNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"{node.url}/{new_alias()}"
    before = _pushed(address, written(tmp_path / "a", documents(20))).index
    Refusing(monkeypatch, None)
    with pytest.raises(ClusterError, match=f"serves by now, and {before} is still there$"):
        _pushed(address, written(tmp_path / "b", documents(30)), drop_old=True)
    assert behind(node, address.rpartition("/")[2]) != {before}
