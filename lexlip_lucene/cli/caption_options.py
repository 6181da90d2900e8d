"""The options --caption-field and --caption-weight of the verbs that build an index."""

from typing import Annotated

import typer

from lexlip_lucene.errors import InputError

CaptionFieldKeys = Annotated[
    list[str] | None,
    typer.Option(
        "--caption-field", metavar="KEY", help="Search this key's texts in the same ranking; may be repeated."
    ),
]
CaptionWeight = Annotated[
    float | None,
    typer.Option(help="Weight of the caption fields beside what is seen: 1 for captions, 0.25 for file names."),
]


def stated_captions(keys: list[str] | None, weight: float | None) -> dict[str, float]:
    """Return key → weight of the caption fields.

    Raises:
        InputError: a weight without a field, or a key twice.
    """
    from lexlip_lucene.search.caption_fields import CAPTION_WEIGHT

    keys = keys or []
    if weight is not None and not keys:
        raise InputError("--caption-weight is the weight of caption fields: name one with --caption-field")
    if len(set(keys)) != len(keys):
        raise InputError(f"--caption-field names a key twice, got {', '.join(keys)}: name each once")
    return dict.fromkeys(keys, CAPTION_WEIGHT if weight is None else weight)
