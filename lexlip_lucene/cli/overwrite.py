"""The folders that `--force` may replace: of the kind that the verb writes, never one of photos named by mistake."""

from pathlib import Path

from lexlip_lucene.errors import OutputError
from lexlip_lucene.files.written import require_absent


def require_replaceable(folder: Path, *, sign: str, what: str, force: bool) -> None:
    """Call it before the work: raise OutputError unless `folder` is free, empty, or `what` and `force` is on.

    Args:
        folder: where the result is to go.
        sign: a pattern of a file name that only `what` has in it.
        what: what the verb writes, for the message: "a model".
        force: the option `--force`.
    """
    require_absent(folder, force=force)
    if folder.is_dir() and any(folder.iterdir()) and not any(folder.glob(sign)):
        raise OutputError(
            f"{folder} is there and is not {what} (it has no {sign}), so --force does not replace it: "
            "choose another name"
        )
