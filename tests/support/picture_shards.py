"""Tars and Parquet files of small pictures, and the same pictures as a folder with a captions file."""

import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson

from support.photo_folder import photo


def png(number: int, folder: Path) -> bytes:
    """Return the file of a photo that no other `number` gives."""
    return photo(folder / ".drawn.png", number).read_bytes()


def tar_of(path: Path, members: Mapping[str, bytes] | Iterable[tuple[str, bytes]]) -> Path:
    """Write a tar of members, in order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in members.items() if isinstance(members, Mapping) else members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def shards(folder: Path, counts: Iterable[int], ending: str = "tar") -> Path:
    """Write shards of so many pictures each, in `folder`, and all of them as `folder/captions.jsonl`; return that.

    The first picture of each shard but the first is broken. Keys are 000010002: shard 1, picture 2.
    """
    (folder / "pictures").mkdir(parents=True)
    lines = []
    for number, count in enumerate(counts):
        pictures = {}
        for one in range(count):
            key = f"{number:05}{one:04}"
            content = b"no picture" if number and not one else png(100 * number + one, folder)
            pictures[key] = content
            (folder / "pictures" / f"{key}.png").write_bytes(content)
            record = {"id": key, "file": f"pictures/{key}.png", "split": "", "captions": []}
            lines.append(orjson.dumps({**record, "caption": f"photo {one}"}))
        if ending == "tar":
            write_tar(folder / f"{number:05}.tar", pictures)
        else:
            write_parquet(folder / f"{number:05}.parquet", pictures)
    (folder / "captions.jsonl").write_bytes(b"\n".join(lines))
    return folder / "captions.jsonl"


def write_tar(path: Path, pictures: Mapping[str, bytes]) -> None:
    """Write a shard as img2dataset does, each picture with its caption."""
    members = []
    for number, (key, content) in enumerate(pictures.items()):
        members += [(f"{key}.png", content), (f"{key}.txt", f"photo {number}".encode())]
    tar_of(path, members)


def write_parquet(path: Path, pictures: Mapping[str, bytes]) -> None:
    """Write a shard as Hugging Face does."""
    import pyarrow
    from pyarrow.parquet import write_table

    images = [{"bytes": content, "path": f"{key}.png"} for key, content in pictures.items()]
    captions = [f"photo {number}" for number in range(len(pictures))]
    write_table(pyarrow.table({"id": list(pictures), "image": images, "caption": captions}), path)
