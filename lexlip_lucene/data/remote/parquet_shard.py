"""A Parquet file of pictures, as Hugging Face's data sets have them: a row each, its encoded bytes in a column.

    image     struct{bytes, path}, or plain bytes                              (or img, jpg, jpeg, png, webp)
    id        a text or an integer; without such a column FILE/ROW is the id   (or key, __key__, image_id)
    caption   a text, or a list of texts                                       (or captions, text)

Further columns of texts, lists of texts, numbers and truth values go with the picture into its collection. Rows count
from 0. A row group is read piece by piece, so memory depends on a picture's size and not on the file's.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.remote.picture_shard import MOST_BYTES, no_content
from lexlip_lucene.errors import InputError, LexlipError
from lexlip_lucene.files.location import Location

ENDING = ".parquet"

PICTURES = ("image", "img", "jpg", "jpeg", "png", "webp")
IDS = ("id", "key", "__key__", "image_id")
CAPTIONS = ("caption", "captions", "text")

ROWS = 32
"""Rows that are read at a time."""

_PIECE = 1 << 20
"""Bytes of a column that are read at a time."""


class ParquetShard:
    """A Parquet file of pictures."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self._stem = location.name.removesuffix(ENDING)

    def images(self) -> Iterator[CaptionedImage]:
        """Yield the picture of each row, in order; as in `PictureShard`."""
        places: dict[str, str] = {}
        with self.location.opened() as file, self._damage_named():
            table = _parquet_file(file)
            columns = self._columns(table.schema_arrow)
            batches = table.iter_batches(batch_size=ROWS, columns=columns.names, use_threads=False)
            for number, row in enumerate(row for batch in batches for row in batch.to_pylist()):
                image = self._image(number, row, columns, places)
                places.setdefault(image.id, image.where)
                yield image

    def _image(self, number: int, row: dict[str, Any], columns: "_Columns", places: dict[str, str]) -> CaptionedImage:
        picture = row.pop(columns.picture)
        named = None if columns.id is None else row.pop(columns.id)
        parts = picture if isinstance(picture, dict) else {"bytes": picture}
        content, path = bytes(parts["bytes"] or b""), parts.get("path")
        id = f"{self._stem}/{number}" if named in (None, "") else str(named)
        refused = ""
        if not content:
            refused = "there are no bytes in this row" + (f", only the path {path!r}" if path else "")
        elif len(content) > MOST_BYTES:
            refused = f"the picture has {len(content)} bytes, and {MOST_BYTES} are read at most"
        elif id in places:
            refused = f"the id {id!r} has been at {places[id]} already: no two pictures share one"
        captions = _first(row, CAPTIONS)
        return CaptionedImage(
            id=id,
            path=Path(path or id),
            split=row["split"] if isinstance(row.get("split"), str) else "",
            captions=tuple(captions) if isinstance(captions, list) else (captions,) if captions else (),
            where=f"{self.location}:row {number}",
            refused=refused,
            keys=row,
            content=no_content if refused else lambda: content,
        )

    def _columns(self, schema: Any) -> "_Columns":
        """Return the columns to read; InputError if none holds pictures, or ids are neither texts nor integers."""
        kinds = {name: _values(schema.field(name).type) for name in schema.names}
        pictures, ids = ([name for name in names if name in kinds] for names in (PICTURES, IDS))
        picture = next((name for name in pictures if _holds_bytes(kinds[name])), None)
        if picture is None:
            kind = f", and {pictures[0]} has {kinds[pictures[0]]}" if pictures else ""
            raise InputError(
                f"{self.location}: a column of encoded pictures is needed, bytes or a struct with bytes, named "
                f"{', '.join(PICTURES)}, but the columns are {', '.join(schema.names) or 'none'}{kind}"
            )
        id = next((name for name in ids if _is_of_ids(kinds[name])), None)
        if ids and id is None:
            raise InputError(f"{self.location}: ids are texts or integers, but the column {ids[0]} has {kinds[ids[0]]}")
        further = [name for name in kinds if name not in (picture, id) and _is_plain(kinds[name])]
        return _Columns(picture, id, [picture, *([] if id is None else [id]), *further])

    @contextmanager
    def _damage_named(self) -> Iterator[None]:
        try:
            yield
        except (LexlipError, MemoryError):
            raise
        except Exception as error:  # those of Arrow, and of each store
            reason = self.location.reason(error)
            raise InputError(f"{self.location}: this Parquet file can't be read: {reason}") from error


class _Columns(NamedTuple):
    """The columns of pictures and of ids, which may be missing, and the names of all that are read."""

    picture: str
    id: str | None
    names: list[str]


def _parquet_file(file: Any) -> Any:
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise InputError("Parquet is read by pyarrow: pip install 'lexlip-lucene[remote]'") from error
    return ParquetFile(file, buffer_size=_PIECE, pre_buffer=False)


def _holds_bytes(kind: Any) -> bool:
    from pyarrow import types

    if types.is_struct(kind):
        return any(field.name == "bytes" and _holds_bytes(field.type) for field in kind)
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def _values(kind: Any) -> Any:
    """Return the type of the values of a column: of a dictionary-encoded one, of its dictionary."""
    from pyarrow import types

    return kind.value_type if types.is_dictionary(kind) else kind


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_of_ids(kind: Any) -> bool:
    from pyarrow import types

    return _is_text(kind) or bool(types.is_integer(kind) or types.is_null(kind))


def _is_plain(kind: Any) -> bool:
    """Say if the values of a column are texts, lists of texts, numbers or truth values."""
    from pyarrow import types

    if types.is_list(kind) or types.is_large_list(kind):
        return _is_text(_values(kind.value_type))
    return _is_text(kind) or bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind))


def _first(row: dict[str, Any], names: Sequence[str]) -> Any:
    return next((row[name] for name in names if name in row), None)
