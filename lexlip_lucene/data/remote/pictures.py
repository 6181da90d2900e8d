"""Pictures from any source: what the reader of captions reads on this machine, shards of pictures, and URLs.

photos/    captions.jsonl    x.json    x.tsv    on this machine                       data/captions.py
shards/{00000..00099}.tar                       tars, here or at a URL                tar_shard.py
data/train-{00000..00004}-of-00005.parquet      Parquet, here or at a URL             parquet_shard.py
s3://bucket/photos    s3://bucket/captions.jsonl                                      url_images.py
"""

from collections.abc import Callable
from pathlib import Path

from lexlip_lucene.data.captions import of_split, read_listed, require_ids
from lexlip_lucene.data.image_folder import ENDINGS, ImageFolder
from lexlip_lucene.data.remote import parquet_shard, tar_shard
from lexlip_lucene.data.remote.brace_pattern import expanded
from lexlip_lucene.data.remote.parquet_shard import ParquetShard
from lexlip_lucene.data.remote.picture_shard import PictureShard, PictureShards
from lexlip_lucene.data.remote.tar_shard import TarShard
from lexlip_lucene.data.remote.url_images import images_at_url
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.location import Location

KINDS: dict[str, Callable[[Location], PictureShard]] = {
    tar_shard.ENDING: TarShard,
    parquet_shard.ENDING: ParquetShard,
}
"""Ending of a name → the shard that it is."""


def read_pictures(source: Location, *, split: str | None = None, outside: bool = False) -> ImageFolder | PictureShards:
    """Return the listed images of `source`, or its shards, of which nothing has been read.

    Args:
        source: a folder, a captions file, a shard, or a brace pattern of shards.
        split: take only the images of this split, which shards don't have.
        outside: as in `read_captions`.

    Raises:
        InputError: as in `read_captions`; or a compressed tar, a pattern of what is no shard, or a split of shards.
    """
    shards = _shards(source)
    if shards is None:
        if source.path is not None:
            return _no_shards(source, read_listed(source.path, split=split, outside=outside))
        listed = images_at_url(source)
        require_ids(listed.images)
        return _no_shards(source, listed._replace(images=of_split(listed.images, split, source)))
    if split is not None:
        raise InputError(f"{source}: --split chooses lines of a captions file; of shards, name those of the split")
    return shards


def _no_shards(source: Location, listed: ImageFolder) -> ImageFolder:
    """Return the list, or raise InputError if it has shards and no picture: their folder was named instead of them."""
    names = [image.path.name for image in listed.images]
    shard = next((name for name in names if name.lower().endswith(tuple(KINDS))), None)
    if shard is not None and not any(name.lower().endswith(ENDINGS) for name in names):
        raise InputError(
            f"{source} has shards, such as {shard}, and no pictures: name the shards, several by a brace pattern such "
            f"as '{source.child('{00000..00099}')}{Path(shard).suffix}'"
        )
    return listed


def _shards(source: Location) -> PictureShards | None:
    """Return the shards that a name or a pattern stands for; None if it is none of shards."""
    literal = source.path is not None and source.path.exists()
    if literal and source.is_folder():
        return None
    if not literal and "*" in source.name and source.name.lower().endswith(tuple(KINDS)):
        raise InputError(f"{source}: shards are named by a brace pattern, such as {{00000..00099}}, and not by a *")
    files = [source] if literal else [Location(address) for address in expanded(source.address)]
    kinds = [_kind_of(file) for file in files]
    if not any(kinds):
        if len(files) > 1:
            raise InputError(f"{source}: a brace pattern names shards ({', '.join(KINDS)}), but {files[0]} is none")
        return None
    for file, kind in zip(files, kinds, strict=True):
        if kind is None:
            raise InputError(f"{file} is no shard ({', '.join(KINDS)}), and other names of the pattern {source} are")
    return PictureShards([kind(file) for file, kind in zip(files, kinds, strict=True) if kind is not None])


def _kind_of(file: Location) -> Callable[[Location], PictureShard] | None:
    name = file.name.lower()
    if name.endswith(tar_shard.COMPRESSED):
        raise InputError(f"{file}: a compressed tar is not read: pictures are compressed already, so unpack it to .tar")
    return next((kind for ending, kind in KINDS.items() if name.endswith(ending)), None)
