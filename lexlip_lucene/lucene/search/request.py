"""Weighted bags of tokens on their way to Java, as the one run of bytes that `lexlip.search.Request` reads.

    tokens, bags, entries                 three counts              (all integers: 32 bits, little-endian)
    end of each token in the text         `tokens` integers
    end of each bag in the entries        `bags` integers
    token number of each entry            `entries` integers
    weight of each entry                  `entries` integers
    the tokens in UTF-8, one after the other

The bags {"red": 3, "cat": 2} and {"cat": 1} have 2 tokens and 3 entries.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Impacts

_MOST_BYTES = 2**31 - 9
"""The longest array that Java has; integers of 32 bits suffice for what is in it."""


def pack_queries(queries: Iterable[Impacts]) -> bytes:
    """Return the queries as bags of token → query weight."""
    numbers: dict[str, int] = {}
    entries: list[int] = []
    weights: list[int] = []
    ends: list[int] = []
    for query in queries:
        entries += [numbers.setdefault(token, len(numbers)) for token in query]
        weights += query.values()
        ends.append(len(entries))
    return _packed(list(numbers), ends, entries, weights)


def pack_matrix(matrix: Any, tokens: Sequence[str]) -> bytes:
    """Return the rows of a CSR matrix (queries, tokens) as bags."""
    return _packed(tokens, matrix.indptr[1:], matrix.indices, matrix.data)


def pack_filters(filters: Mapping[str, Sequence[str]], without: Sequence[str] = (), field: str = "") -> bytes:
    """Return each filter as a bag of its field and then its values.

    Args:
        filters: keyword field → the values of which a document must have one.
        without: tokens that a document must not have, in `field`; a bag whose first weight is 1.
        field: the field of tokens.
    """
    bags = [(key, *values) for key, values in filters.items()] + ([(field, *without)] if without else [])
    texts = [text for bag in bags for text in bag]
    ends = list(accumulate(map(len, bags)))
    weights = [0] * len(texts)
    if without:
        weights[-1 - len(without)] = 1
    return _packed(texts, ends, range(len(texts)), weights)


def utf8(text: str) -> bytes:
    """Return `text` in UTF-8.

    Raises:
        InputError: it is not text, or has half a character (a command line can bring one in).
    """
    if not isinstance(text, str):
        raise InputError(f"a docid or token must be a text, got {text!r}: an integer id is the text {str(text)!r}")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{text!r} is not valid Unicode ({error.reason}): leave it out") from error


def _packed(
    tokens: Sequence[str],
    ends: Sequence[int] | NDArray[np.integer],
    entries: Sequence[int] | NDArray[np.integer],
    weights: Sequence[int] | NDArray[np.integer],
) -> bytes:
    texts = [utf8(token) for token in tokens]
    token_ends = list(accumulate(map(len, texts)))
    counts = (len(texts), len(ends), len(entries))
    size = 4 * (len(counts) + len(token_ends) + len(ends) + len(entries) + len(weights)) + sum(map(len, texts))
    if size > _MOST_BYTES:
        raise InputError(f"{len(ends)} queries take {size} bytes, and at most {_MOST_BYTES} cross at once: ask fewer")
    parts = (counts, token_ends, ends, entries, weights)
    if isinstance(entries, np.ndarray):
        integers = b"".join(np.asarray(part, dtype="<i4").tobytes() for part in parts)
    else:  # of a query's few integers numpy takes longer
        integers = struct.pack(f"<{sum(map(len, parts))}i", *chain.from_iterable(parts))
    return b"".join([integers, *texts])


NO_FILTERS = pack_filters({})
"""The filters of a search without any, packed once."""
