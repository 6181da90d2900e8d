"""Labels: the classes that images are sorted into, one a line.

    tabby
    crane	construction crane

The text before a TAB is the name of the class, as the truth and the results write it; the text after it has the
words that a prompt says. Without a TAB they are the same.
"""

from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.errors import InputError
from lexlip_lucene.files.lines import read_full_lines


class Label(NamedTuple):
    """A class: its name, and its words in a prompt."""

    name: str
    words: str


def read_labels(path: Path) -> list[Label]:
    """Read labels in their order, which decides between equal scores.

    Raises:
        InputError: no such file, no line, or (file:line) an empty line, an empty name or empty words, more than one
            TAB, or a name that was there before.
    """
    where_of: dict[str, str] = {}
    labels = []
    for where, line in read_full_lines(path, "labels"):
        label = _parsed(line, where)
        if label.name in where_of:
            raise InputError(
                f"{where}: the label {label.name!r} must be unique, but it is also at {where_of[label.name]}"
            )
        where_of[label.name] = where
        labels.append(label)
    return labels


def _parsed(line: str, where: str) -> Label:
    name, *words = line.split("\t")
    if len(words) > 1:
        raise InputError(f"{where}: a label is 'label' or 'label TAB words', but here are {1 + len(words)} columns")
    label = Label(name, words[0] if words else name)
    for part, text in label._asdict().items():
        if not text.strip():
            raise InputError(f"{where}: the {part} of a label must not be empty, got {line!r}")
    return label
