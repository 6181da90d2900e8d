"""The true label of each image: from a file, or from the folders that the images lie in.

    n01440764/ILSVRC2012_val_00000293.JPEG	tench

A line of the file is `image id TAB label`. In a folder of images, one whose first folder is named as a label has that
label; another has none. An image without truth is classified all the same and counts in no figure.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import read_lines


def read_truth(path: Path, *, ids: Collection[str], labels: Collection[str]) -> dict[str, str]:
    """Read image id → label.

    Args:
        path: the file.
        ids: the images that there are.
        labels: the names of the labels.

    Raises:
        InputError: no such file, no line, or (file:line) not two columns, an id or a label that is not there, or an
            id that was there before.
    """
    ids, labels = set(ids), set(labels)
    where_of: dict[str, str] = {}
    truth: dict[str, str] = {}
    for where, line in read_lines(path, "truth"):
        columns = line.split("\t")
        if len(columns) != 2:
            raise InputError(f"{where}: truth is 'image id TAB label', two columns, but here are {len(columns)}")
        id, label = columns
        if id not in ids:
            raise InputError(f"{where}: no image has the id {id!r}: write ids as the images have them")
        if label not in labels:
            raise InputError(f"{where}: {label!r} is none of the {len(labels)} labels: write names as the labels have")
        if id in where_of:
            raise InputError(f"{where}: the image {id!r} may have one label, but it has one already at {where_of[id]}")
        where_of[id], truth[id] = where, label
    if not truth:
        raise InputError(f"truth: at least one line is needed, but {path} has none")
    return truth


def truth_of_folders(ids: Iterable[str], labels: Collection[str]) -> dict[str, str]:
    """Return image id → label for the images in a folder that is named as a label: "cat/1.jpg" has the label "cat"."""
    names = set(labels)
    firsts = ((id, *id.partition("/")[:2]) for id in ids)
    return {id: first for id, first, slash in firsts if slash and first in names}
