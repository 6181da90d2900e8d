"""Steps that outlast a power cut: contents reach the disk before their name, and that name before
anything that it replaces goes.

Without `fsync` a file system may make the renames of a minute last, and not yet what was written into the files.
"""

import errno
import os
from pathlib import Path


def sync(path: Path) -> None:
    """Wait until a file's bytes, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # of a pipe, a device, or a folder on a file system that can't sync folders
            raise
    finally:
        os.close(descriptor)


def sync_below(folder: Path) -> None:
    """Wait until everything in `folder` is on the disk: the files of each folder, then the folder itself."""
    for home, _, names in os.walk(folder, topdown=False):
        for name in names:
            file = Path(home) / name
            if not file.is_symlink():
                sync(file)
        sync(Path(home))


def rename(source: Path, target: Path) -> None:
    """Give `source`, which is on the disk already, the name `target`, and wait until that is on the disk, too."""
    os.replace(source, target)
    sync(target.parent)
    if source.parent != target.parent:
        sync(source.parent)


def make_folders(folder: Path) -> None:
    """Make `folder` and those above it that are missing, and wait until their names are on the disk."""
    missing = [above for above in (folder, *folder.parents) if not above.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync(made.parent)
