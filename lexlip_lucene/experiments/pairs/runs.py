"""The record of finished runs, one JSON line each, by which a table that was stopped is resumed."""

from pathlib import Path
from typing import Any

import orjson

from lexlip_lucene.files.lines import read_json_lines


class Runs:
    """Runs in the file at `path`, which is made with the first one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = read_json_lines(path, "record of runs") if path.exists() else ()
        self.done: list[dict[str, Any]] = [record for _, record in lines]

    def has(self, **key: Any) -> bool:
        """Return True if a run with these values is there."""
        return any(all(run.get(name) == value for name, value in key.items()) for run in self.done)

    def add(self, record: dict[str, Any]) -> None:
        """Append a run; a line that was cut short by a kill would be refused when the file is read again."""
        self.done.append(record)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(orjson.dumps(record, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")
