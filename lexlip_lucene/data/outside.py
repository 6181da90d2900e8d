"""Files elsewhere that a captions file, or a link in a folder of images, names: they are read only on demand.

A captions file may come from a stranger, and must not make pictures of theirs out of files of ours. Where a file really
lies decides, all links followed.
"""

from pathlib import Path

_REMEDY = "--outside reads it, or outside: true in a recipe"


class Inside:
    """A folder whose files may be read.

    Args:
        folder: links in its own path are followed.
        outside: files elsewhere may be read as well.
    """

    def __init__(self, folder: Path, *, outside: bool) -> None:
        self._folder = folder
        self._outside = outside
        self._inside: dict[Path, bool] = {Path(): True}
        """Folder below → whether it really is; most images share one, and links are looked up slowly."""

    def refused(self, name: str | Path) -> str:
        """Return why the file that is named, relative to the folder, is not to be opened; "" where it may be."""
        file = Path(name)
        if self._outside:
            return ""
        try:
            if ".." in file.parts or not self._is_inside(file.parent) or (self._folder / file).is_symlink():
                inside = self._leads_inside(file)
            else:
                inside = True
        except (OSError, RuntimeError, ValueError):  # links in a circle, or no name: opening it says so
            return ""
        return "" if inside else f"not below {self._folder}: {_REMEDY}"

    def _is_inside(self, folder: Path) -> bool:
        if folder not in self._inside:
            self._inside[folder] = self._leads_inside(folder)
        return self._inside[folder]

    def _leads_inside(self, relative: Path) -> bool:
        return (self._folder / relative).resolve().is_relative_to(self._folder.resolve())
