"""LexLIP's tab-separated captions: a header, then one row a caption; a quoted field is read as in CSV.

    title                                   filepath               image_id
    Two young guys with shaggy hair …       images/1000092795.jpg  0
    Two young White males are outside …     images/1000092795.jpg  0

Rows of the same `image_id` are the captions of one image, in their order, wherever they are. `filepath` is
relative to the folder that holds the file. Further columns are ignored; the file names no split.
Source: the data loader of LexLIP (Luo et al., ICCV 2023), which reads it with pandas and `sep="\\t"`.
"""

import csv
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.outside import Inside
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.compressed import opened, without_gz
from lexlip_lucene.files.lines import text_lines

COLUMNS = ("title", "filepath", "image_id")


def is_lexlip_tsv(path: Path) -> bool:
    """Say if the file begins with LexLIP's header, which topics (qid TAB text) do not."""
    if without_gz(path).suffix.lower() != ".tsv" or not path.is_file():
        return False
    with opened(path, "captions or topics") as file:
        header = file.readline(10_000).decode("utf-8-sig", errors="replace").rstrip("\r\n").split("\t")
    return set(COLUMNS) <= set(header)


class _Row(NamedTuple):
    title: str
    filepath: str
    image_id: str
    where: str


def read_lexlip_tsv(path: Path, *, outside: bool = False) -> list[CaptionedImage]:
    """Read every image, in the order of its first row; one that lies elsewhere is refused unless `outside` is on.

    Raises:
        InputError: no such file, a missing column, a row of another length, or an image with two file paths
            (all file:line).
    """
    rows_of: dict[str, list[_Row]] = {}
    with closing(text_lines(path, "LexLIP's captions")) as lines:  # an error would leave the file open for a while
        for row in _rows(path, lines):
            rows = rows_of.setdefault(row.image_id, [])
            rows.append(row)
            if row.filepath != rows[0].filepath:
                raise InputError(
                    f"{row.where}: image {row.image_id!r} must have one filepath, but it is {row.filepath!r} here "
                    f"and {rows[0].filepath!r} at {rows[0].where}"
                )
    folder = path.parent.absolute()
    inside = Inside(folder, outside=outside)
    return [
        CaptionedImage(
            image_id,
            folder / rows[0].filepath,
            "",
            tuple(row.title for row in rows),
            where=rows[0].where,
            refused=inside.refused(rows[0].filepath),
        )
        for image_id, rows in rows_of.items()
    ]


def _rows(path: Path, lines: Iterable[str]) -> Iterator[_Row]:
    reader = csv.reader(lines, delimiter="\t")
    try:
        header = next(reader, [])
        places = [_place(column, header, path) for column in COLUMNS]
        for fields in reader:
            where = f"{path}:{reader.line_num}"
            if not fields:
                continue
            if len(fields) != len(header):
                raise InputError(f"{where}: the header has {len(header)} columns, but this row has {len(fields)}")
            title, filepath, image_id = (fields[place] for place in places)
            yield _Row(title, filepath, image_id, where)
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: LexLIP's captions must be tab-separated: {error}") from error


def _place(column: str, header: list[str], path: Path) -> int:
    if column not in header:
        raise InputError(f"{path}:1: the header must have the columns {', '.join(COLUMNS)}, but it is {header}")
    return header.index(column)
