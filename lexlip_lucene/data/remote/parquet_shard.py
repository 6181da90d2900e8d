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
from typing import Any

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
        for number, row in enumerate(self._rows()):
            image = self._image(number, row, places)
            places.setdefault(image.id, image.where)
            yield image

    def _image(self, number: int, row: dict[str, Any], places: dict[str, str]) -> CaptionedImage:
        picture = _first(row, PICTURES)
        parts = picture if isinstance(picture, dict) else {"bytes": picture}
        content, path = bytes(parts["bytes"] or b""), parts.get("path")
        named = _first(row, IDS)
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
            keys={key: value for key, value in row.items() if key not in (*PICTURES, *IDS)},
            content=no_content if refused else lambda: content,
        )

    def _rows(self) -> Iterator[dict[str, Any]]:
        with self.location.opened() as file, self._damage_named():
            table = _parquet_file(file)
            columns = self._columns(table.schema_arrow)
            for batch in table.iter_batches(batch_size=ROWS, columns=columns, use_threads=False):
                yield from batch.to_pylist()

    def _columns(self, schema: Any) -> list[str]:
        """Return the names of the columns to read; InputError where none holds pictures."""
        picture = next((name for name in PICTURES if name in schema.names), None)
        if picture is None or not _holds_bytes(schema.field(picture).type):
            kind = "" if picture is None else f", and {picture} has {schema.field(picture).type}"
            raise InputError(
                f"{self.location}: a column of encoded pictures is needed, bytes or a struct with bytes, named "
                f"{', '.join(PICTURES)}, but the columns are {', '.join(schema.names) or 'none'}{kind}"
            )
        return [picture, *(name for name in schema.names if name != picture and _is_plain(schema.field(name).type))]

    @contextmanager
    def _damage_named(self) -> Iterator[None]:
        try:
            yield
        except (LexlipError, MemoryError):
            raise
        except Exception as error:  # those of Arrow, and of each store
            reason = " ".join(str(error).split())
            raise InputError(f"{self.location}: this Parquet file can't be read: {reason}") from error


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
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _is_plain(kind: Any) -> bool:
    """Say if the values of a column are texts, lists of texts, numbers or truth values."""
    from pyarrow import types

    if types.is_list(kind) or types.is_large_list(kind):
        return bool(types.is_string(kind.value_type) or types.is_large_string(kind.value_type))
    return any(
        kinds(kind)
        for kinds in (
            types.is_string,
            types.is_large_string,
            types.is_integer,
            types.is_floating,
            types.is_boolean,
        )
    )


def _first(row: dict[str, Any], names: Sequence[str]) -> Any:
    return next((row[name] for name in names if name in row), None)
