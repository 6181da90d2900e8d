"""Replacement at a URL by `--force`: of files of the kind that the verb writes, never of pictures that lie there."""

import re

from lexlip_lucene.errors import OutputError
from lexlip_lucene.files.location import Location


def require_replaceable(folder: Location, names: str, what: str) -> None:
    """Raise OutputError if the folder of a URL has a file that no verb wrote there; nothing is removed.

    Args:
        folder: it may be missing.
        names: a regular expression of the names that `what` has.
        what: of which kind the folder must be, for the message: "a collection".
    """
    if not folder.exists():
        return
    strange = next((name for name in folder.files() if not re.fullmatch(names, name)), None)
    if strange is not None:
        raise OutputError(
            f"{folder} is there and is not {what} (it has {strange.rpartition('/')[2]!r} in it), so it is not "
            "replaced: choose another name"
        )
