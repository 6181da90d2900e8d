"""The near-duplicates of what is served: found when they are asked for, and kept until the index changes."""

from threading import Lock

from cachetools import LRUCache

from lexlip_lucene.search.near_duplicates import NearDuplicates, near_duplicates
from lexlip_lucene.search.searcher import Searcher
from lexlip_lucene.serve.http.problems import NotThere
from lexlip_lucene.words.visual_words import NEAR, VISUAL_FACT

LEVELS = (0.5, NEAR, 0.7, 0.9)
"""Similarities that can be asked for: any number of them would let a client keep the server busy."""


class SimilarPictures:
    """A finder and keeper of near-duplicates. Safe for several threads."""

    def __init__(self, images: Searcher) -> None:
        self._images = images
        self._found: LRUCache[float, NearDuplicates] = LRUCache(len(LEVELS))
        self._changes = 0
        self._lock = Lock()

    @property
    def there(self) -> bool:
        """True if the index has visual words."""
        return VISUAL_FACT in self._images.facts

    def of(self, above: float) -> NearDuplicates:
        """Return the near-duplicates of one of LEVELS.

        Raises:
            NotThere: the index has no visual words.
            SearchError: it can't be read.
        """
        if not self.there:
            raise NotThere("the index has no visual words, so its pictures can't be compared by their looks")
        with self._lock:
            kept, changes = self._found.get(above), self._changes
        if kept is not None:
            return kept
        found = near_duplicates(self._images, above)
        with self._lock:
            if changes == self._changes:  # else a newer commit was seen meanwhile, and this may be of both
                self._found[above] = found
        return found

    def clear(self) -> None:
        """Forget what was found: the index has changed."""
        with self._lock:
            self._found.clear()
            self._changes += 1
