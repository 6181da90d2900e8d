"""Lists of texts that are handed in: a single text is refused, since it would be taken apart into its letters."""

from collections.abc import Iterable

from lexlip_lucene.errors import InputError


def as_texts(values: Iterable[str], what: str) -> list[str]:
    """Return the texts as a list.

    Raises:
        InputError: `values` is a single text, or no list, or has something else than a text; the message names `what`.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InputError(f"{what} must be a list of texts, got {values!r}")
    texts = list(values)
    for text in texts:
        if not isinstance(text, str):
            raise InputError(f"{what} must be a list of texts, but one of them is {text!r}")
    return texts
