"""The captions of a captions file, looked up by the id of their image, in a table on the disk."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.compressed import without_gz
from lexlip_lucene.files.lines import list_at, read_json_lines, text_at


class CaptionTable:
    """image id → its captions, joined by a space; made by `caption_table`.

    Attributes:
        path: of the captions file.
        images: in it that have captions.
    """

    def __init__(self, path: Path, rows: sqlite3.Connection) -> None:
        self.path = path
        self.images = int(rows.execute("SELECT count(*) FROM captions WHERE text <> ''").fetchone()[0])
        self._rows = rows

    def text(self, docid: str) -> str | None:
        """Return the joined captions of an image; None if the file does not name it."""
        found = self._rows.execute("SELECT text FROM captions WHERE id = ?", (docid,)).fetchone()
        return None if found is None else str(found[0])


@contextmanager
def caption_table(path: Path | None) -> Iterator[CaptionTable | None]:
    """Give the table of the captions file `path`, None without one; it is removed when the block ends.

    A `.jsonl` file is read line by line, the other layouts at once (`data/captions.py`).

    Raises:
        InputError: the file is not what is needed, or two lines have one id (file:line).
    """
    if path is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="lexlip-captions-") as folder:
        rows = sqlite3.connect(Path(folder, "captions"), isolation_level=None)
        try:
            rows.execute("PRAGMA journal_mode = OFF")
            rows.execute("CREATE TABLE captions (id TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
            rows.execute("BEGIN")
            for where, docid, text in _texts(path):
                try:
                    rows.execute("INSERT INTO captions VALUES (?, ?)", (docid, text))
                except sqlite3.IntegrityError:
                    raise InputError(f"{where}: the id {docid!r} must be unique, but a line before has it") from None
            rows.execute("COMMIT")
            yield CaptionTable(path, rows)
        finally:
            rows.close()


def _texts(path: Path) -> Iterator[tuple[str, str, str]]:
    if path.is_dir() or without_gz(path).suffix.lower() != ".jsonl":
        for image in read_captions(path):
            yield image.where or str(path), image.id, " ".join(image.captions)
        return
    for where, record in read_json_lines(path, "captions file"):
        yield where, text_at(record, "id", where), " ".join(list_at(record, "captions", where, of=str))
