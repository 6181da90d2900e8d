"""The limits of one request, and of all of them together.

The constants are in the OpenAPI; `Limits` is what a server is started with.
"""

from dataclasses import dataclass

QUERY_CHARACTERS = 1_000
"""Longest text of a query: models read some tens of words of it."""

MOST_TOKENS = 512
"""Tokens of a query: a vector of 128, edited, and room for models that keep more."""

WEIGHTS_CHARACTERS = 8_000
"""Longest list of weights: 512 tokens of 11 letters."""

MOST_EXCLUDED, TOKEN_CHARACTERS = 16, 255
MOST_FILTERS, FILTER_CHARACTERS = 16, 300
MOST_HITS = 1_000
EXPLAINED, MOST_EXPLAINED = 100, 200
"""Hits whose terms are looked up unless more are asked for, and the most: each is a look at every query token."""

DOCID_CHARACTERS = 1_000
PICTURE_CHARACTERS = 64

LONGEST_LINK = 1 << 18
"""Bytes of an address with its headers: every parameter at its longest, with twelve for each character."""

BODY_OVERHEAD = 16_384
"""Bytes of a body beside the picture in it: the multipart boundary and headers."""

LINGER_SECONDS = 2.0
"""The time for which the rest of a request that was answered early is read and dropped."""


@dataclass(frozen=True)
class Limits:
    """The limits of a server.

    Attributes:
        upload_bytes: of one picture.
        upload_pixels: of one picture, as its header says, before anything is decoded; a JPEG may have five
            times as many (see `uploads.py`).
        workers: searches at a time; each is one thread, which Java shares.
        waiting: searches that wait for a worker; more are asked to come again.
        picture_workers: pictures decoded, encoded or made smaller at a time.
        pictures_waiting: pictures that wait.
        seconds: for one request's work, and for the arrival of its body.
        loading_seconds: for what encodes pictures to be loaded, which the first of them waits for beside.
        connections: open at a time; when more come, those are closed that waited longest for their client.
        thumbnail_bytes: of memory for small pictures.
        vectors: of documents that are kept for "more like this".
        refresh_seconds: between two looks for a newer commit of the index.
    """

    upload_bytes: int = 40 << 20
    upload_pixels: int = 25_000_000
    workers: int = 4
    waiting: int = 60
    picture_workers: int = 2
    pictures_waiting: int = 60
    seconds: float = 10.0
    loading_seconds: float = 300.0
    connections: int = 200
    thumbnail_bytes: int = 32 << 20
    vectors: int = 256
    refresh_seconds: float = 2.0
