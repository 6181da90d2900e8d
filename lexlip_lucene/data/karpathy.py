"""Karpathy's `dataset_coco.json`, `dataset_flickr8k.json` and `dataset_flickr30k.json` (one JSON object a file).

    {"images": [{"filepath": "val2014", "filename": "COCO_val2014_000000391895.jpg", "cocoid": 391895,
                 "split": "test", "sentences": [{"raw": "A man with a red helmet …", …}, …], …}, …], …}

Only COCO has `filepath` and `cocoid`. The split `restval` (what is left of COCO's val2014) counts as train,
as the image-text papers have it. Source: Karpathy and Fei-Fei, CVPR 2015, `caption_datasets.zip`.
"""

from pathlib import Path
from typing import Any

import orjson

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.outside import Inside
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.compressed import opened
from lexlip_lucene.files.lines import list_at, text_at


def read_karpathy(path: Path, *, outside: bool = False) -> list[CaptionedImage]:
    """Read every image, in order.

    An image's id is its `cocoid`, or else its file name without the ending. Its file is looked for at
    `<folder of the JSON>/<filepath>/<filename>`, then with `images/` before `<filepath>`; where neither exists
    it is the first. One that lies elsewhere is refused unless `outside` is on.

    Raises:
        InputError: no such file, broken JSON (file:line), a missing key or a value of the wrong type.
    """
    dataset = _parsed(path)
    images = list_at(dataset, "images", str(path), of=dict)
    inside = Inside(path.parent.absolute(), outside=outside)
    return [_image(record, path, f"{path}: images[{number}]", inside) for number, record in enumerate(images)]


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with opened(path, "Karpathy's captions") as file:
            dataset = orjson.loads(file.read())
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: Karpathy's captions must be JSON: {error}") from error
    if not isinstance(dataset, dict):
        raise InputError(f'{path}: Karpathy\'s captions must be a JSON object with the key "images"')
    return dataset


def _image(record: dict[str, Any], path: Path, where: str, inside: Inside) -> CaptionedImage:
    name = text_at(record, "filename", where)
    split = text_at(record, "split", where)
    sentences = list_at(record, "sentences", where, of=dict)
    filepath = text_at(record, "filepath", where) if "filepath" in record else ""
    cocoid = record.get("cocoid", Path(name).stem)
    if not isinstance(cocoid, int | str):
        raise InputError(f'{where}: "cocoid" must be a number or a text, but it is {cocoid!r}')
    file = _file(path.parent.absolute(), Path(filepath, name))
    return CaptionedImage(
        id=str(cocoid),
        path=path.parent.absolute() / file,
        split="train" if split == "restval" else split,
        captions=tuple(text_at(sentence, "raw", where) for sentence in sentences),
        where=where,
        refused=inside.refused(file),
    )


def _file(folder: Path, relative: Path) -> Path:
    below_images = Path("images") / relative
    return below_images if (folder / below_images).exists() and not (folder / relative).exists() else relative
