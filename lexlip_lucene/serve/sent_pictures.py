"""Pictures that were sent to search by: the last ones are kept, so that a short address can name each."""

import secrets
from threading import Lock
from typing import NamedTuple

from cachetools import LRUCache

from lexlip_lucene.serve.http.problems import NotThere
from lexlip_lucene.serve.thumbnails import Thumbnail
from lexlip_lucene.vectors.picture_vector import PictureVector

ID_BYTES = 12
"""Random bytes of an id: nobody guesses the picture of another."""

MOST, MOST_BYTES = 200, 16 << 20
"""The pictures that are kept, and their bytes; those that were not asked for longest go first."""


class SentPicture(NamedTuple):
    """A picture that was sent: made small, and as a vector; `visual_sha256` says of which file its visual words are."""

    small: Thumbnail
    vector: PictureVector
    visual_sha256: str | None = None


class Forgotten(NotThere):
    """A picture that was sent is no longer kept."""


class SentPictures:
    """A keeper of the last pictures that were sent, in memory only. Safe for several threads."""

    def __init__(self, *, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        """Keep at most `most` pictures of `most_bytes` in all."""
        share = most_bytes / most  # counting each as at least this bounds their number, too
        self._kept: LRUCache[str, SentPicture] = LRUCache(
            most_bytes, getsizeof=lambda sent: max(share, len(sent.small.content))
        )
        self._lock = Lock()

    def keep(self, sent: SentPicture) -> str:
        """Keep a picture and return its id."""
        id = secrets.token_urlsafe(ID_BYTES)
        with self._lock:
            self._kept[id] = sent
        return id

    def of(self, id: str) -> SentPicture:
        """Return a picture by its id.

        Raises:
            Forgotten: it is not kept any more, or never was.
        """
        with self._lock:
            sent = self._kept.get(id)
        if sent is None:
            raise Forgotten(
                "the picture of this address is no longer kept: send it again (the server keeps the last ones that it "
                "was sent, until it ends)"
            )
        return sent
