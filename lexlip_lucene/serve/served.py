"""All that a server has: the indexes and the model, the pictures, and the threads that do the work."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request

from lexlip_lucene.serve.http.gate import Gate
from lexlip_lucene.serve.http.limits import Limits
from lexlip_lucene.serve.http.problems import NotThere
from lexlip_lucene.serve.image_files import ImageFiles
from lexlip_lucene.serve.index_check import Check, IndexCheck
from lexlip_lucene.serve.looks.similar_pictures import SimilarPictures
from lexlip_lucene.serve.searching import Searching
from lexlip_lucene.serve.thumbnails import Thumbnails
from lexlip_lucene.serve.welcome import Welcome, welcome_of

logger = logging.getLogger("lexlip_lucene.serve")


class Served:
    """Indexes, model, pictures and threads, with their limits and the path that they are below."""

    def __init__(
        self,
        searching: Searching,
        find_files: Callable[[], ImageFiles],
        limits: Limits,
        *,
        root_path: str = "",
        check: Check | None = None,
    ) -> None:
        """Serve `searching`.

        Args:
            searching: the indexes and the model.
            find_files: looks the pictures up, now and after every refresh.
            limits: what all of it may take.
            root_path: path that all addresses begin with, such as `/photos`.
            check: looks once, in the background, whether the index is damaged.
        """
        self.searching = searching
        self.limits = limits
        self.root_path = root_path
        self.check = None if check is None else IndexCheck(check)
        self.problem: str | None = None
        self.searches = Gate("searches", workers=limits.workers, waiting=limits.waiting, seconds=limits.seconds)
        self.pictures = Gate(
            "pictures", workers=limits.picture_workers, waiting=limits.pictures_waiting, seconds=limits.seconds
        )
        self._loading = Gate(
            "requests for the model of pictures",
            workers=1,
            waiting=limits.pictures_waiting,
            seconds=limits.loading_seconds,
        )
        self.similar = SimilarPictures(searching.images)
        self.comparing = Gate(
            "requests for similar pictures", workers=1, waiting=limits.waiting, seconds=limits.loading_seconds
        )
        self.thumbnails = Thumbnails(most_bytes=limits.thumbnail_bytes)
        self._find_files = find_files
        self._stale = True
        self.files: ImageFiles
        self.keywords: dict[str, list[str]]
        self.welcome: Welcome
        self.look_again()

    def look_again(self) -> None:
        """Take up what the newest commit has: its pictures, keyword values and most telling tokens."""
        self.files = self._find_files()
        self.keywords = self.searching.images.keywords()
        self.welcome = welcome_of(self.searching, self.files)
        self.thumbnails.clear()
        self.similar.clear()
        self._stale = False

    def refresh(self) -> None:
        """See what was committed since.

        Raises:
            LexlipError: it can't be read, or is of another model; said as the problem for as long as it is so.
        """
        try:
            self._stale |= self.searching.refresh()
            if self._stale:
                self.look_again()
            self.searching.require_vocabulary()
        except Exception:  # of whatever kind: health must say so, and the caller logs it
            self.problem = "the newest commit of the index can't be searched as it should be: see the server's log"
            raise
        self.problem = None

    async def load_images(self) -> None:
        """Load what encodes pictures unless it is loaded; the time of an answer begins after that.

        Raises:
            Busy: too many wait for it.
            TooSlow: it takes longer than it may.
        """
        model = self.searching.model
        if model.sees_pictures and not model.images_loaded:
            await self._loading.run(model.load_images)

    @property
    def has_late_maps(self) -> bool:
        """True if hits are re-ranked by patches, each of a place."""
        return self.searching.late is not None and self.searching.model.has_late_maps

    def picture_of(self, docid: str) -> Path:
        """Return the picture's file; what the folder holds beside the index is not given away.

        Raises:
            NotThere: the index has no such document, or it has no picture.
        """
        self.searching.stored(docid)
        path = self.files.path(docid)
        if path is None:
            raise NotThere(f"document {docid!r} has no picture")
        return path

    def image_address(self, docid: str, kind: str = "images") -> str | None:
        """Return where the picture of `docid` is (or its `thumbnails`, `patches`), None where it has none."""
        return self.address(kind, docid) if docid in self.files.paths else None

    def address(self, kind: str, docid: str) -> str:
        """Return where something of a document is, such as its `clouds`."""
        return f"{self.root_path}/{kind}/{quote(docid, safe='')}"

    def caption(self, docid: str) -> str | None:
        """Return the first caption of `docid`, None where none is known."""
        return next(iter(self.files.captions.get(docid, ())), None)

    def close(self) -> None:
        """Let go of the threads and close the indexes; those that are still searched are left to the process's end."""
        gates = (self.searches, self.pictures, self.comparing, self._loading)
        if all([gate.close() for gate in gates]):
            self.searching.close()
        else:
            logger.warning("work that was given up has not ended: the indexes stay open")


def served_of(request: Request) -> Served:
    """Return what the app of this request serves."""
    served: Served = request.app.state.served
    return served


Here = Annotated[Served, Depends(served_of)]
