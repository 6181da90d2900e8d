"""Encoded photos that are not in the collection yet, on disk by their content: a run that was cut short loses few.

    photos.lexlip/encoding/settings.json     what they were encoded with
    photos.lexlip/encoding/part-00000.jsonl  {"sha256": …, "vector": {…}} or {"sha256": …, "reason": …}

A part appears whole or not at all. The folder goes when the collection that has its vectors takes its place.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import written_file
from lexlip_lucene.photos.ledger import Settings
from lexlip_lucene.records import Impacts

FOLDER = "encoding"


class Encoded(NamedTuple):
    """The vector of a content, or the reason why it has none."""

    sha256: str
    vector: Impacts | None = None
    reason: str = ""


class EncodedParts:
    """The parts in the folder `home`, of vectors made with `settings`; those made with others are removed."""

    def __init__(self, home: Path, settings: Settings, formats: tuple[str, ...]) -> None:
        self._folder = home / FOLDER
        self._settings = orjson.dumps({**settings.model_dump(mode="json"), "formats": formats})
        self._settings_file = self._folder / "settings.json"

    def read(self) -> dict[str, Encoded]:
        """Return what is there, by content.

        Raises:
            InputError: a part can't be read.
        """
        found: dict[str, Encoded] = {}
        for path in self._parts():
            try:
                found |= {each.sha256: each for each in map(_read, path.read_bytes().splitlines())}
            except (orjson.JSONDecodeError, KeyError) as error:
                raise InputError(f"{path} is not as it was written ({error!r}): remove {self._folder}") from None
        return found

    def add(self, encoded: Sequence[Encoded]) -> None:
        """Write one more part.

        Raises:
            OutputError: it can't be written.
        """
        number = len(self._parts())
        if not number:
            self.clear()
            with written_file(self._settings_file, force=True) as file:
                file.write(self._settings)
        with written_file(self._folder / f"part-{number:05d}.jsonl", force=True) as file:
            file.writelines(map(_line, encoded))

    def clear(self) -> None:
        """Remove all parts."""
        if self._folder.is_dir():
            self._settings_file.unlink(missing_ok=True)  # first: without it no part is read
            shutil.rmtree(self._folder)

    def _parts(self) -> list[Path]:
        if not self._settings_file.is_file() or self._settings_file.read_bytes() != self._settings:
            return []
        return sorted(self._folder.glob("part-*.jsonl"))


def _line(each: Encoded) -> bytes:
    said = {"reason": each.reason} if each.vector is None else {"vector": each.vector}
    return orjson.dumps({"sha256": each.sha256, **said}, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)


def _read(line: bytes) -> Encoded:
    record = orjson.loads(line)
    return Encoded(record["sha256"], record.get("vector"), record.get("reason", ""))
