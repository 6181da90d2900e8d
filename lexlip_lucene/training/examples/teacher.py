"""A dense teacher for distillation: its embeddings of all images and captions, computed once before the run.

A CLIP or SigLIP by hub name or folder, or a model of ours with a dense twin. The teacher itself is not kept: 6,000
images with five captions each are 37 MB of 512 float16 numbers.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.images import UnreadableImage, open_listed
from lexlip_lucene.encode.embedding import embed_images, embed_texts
from lexlip_lucene.encoders.model.clip_towers import ClipTowers
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.tensor_file import keep_tensors, kept_tensors
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Topic

IMAGES_AT_ONCE, TEXTS_AT_ONCE = 32, 256


@dataclass(frozen=True)
class Teacher:
    """Unit embeddings of the images (n, width) and of all their captions (m, width), float16 or float32."""

    images: Tensor
    captions: Tensor

    def similarity(self, images: NDArray[Any], captions: NDArray[Any]) -> Tensor:
        """Return the cosines (captions, images) float32 of the captions and images with these numbers."""
        rows, columns = (torch.from_numpy(numbers).to(self.images.device) for numbers in (captions, images))
        return self.captions[rows].float() @ self.images[columns].float().T


def load_teacher(
    name: str,
    images: Sequence[CaptionedImage],
    captions: Sequence[str],
    *,
    cache: Path | None = None,
    device: str = "cpu",
    progress: Progress = SILENT,
) -> Teacher:
    """Embed `images` and `captions` with the teacher.

    Args:
        name: a CLIP or SigLIP by hub name or folder, or a model folder of ours with a dense twin.
        images: all of them readable.
        captions: in the order in which `Teacher.similarity` counts them.
        cache: a folder that keeps the embeddings for the next run with the same teacher and data; None: they are
            not kept.
        device: a torch device, where the teacher runs and its embeddings are kept.
        progress: receives the pictures and texts done.

    Raises:
        ModelError: the teacher is neither of these, or can't be fetched.
        InputError: an image can't be read.
    """
    file = cache / f"teacher-{_fingerprint(name, images, captions)}.safetensors" if cache else None
    if file is not None and file.exists():
        progress.note(f"the teacher's embeddings read from {file}")
        kept = kept_tensors(file, device=device)
    else:
        embed = _embed_by_ours if _is_ours(Path(name)) else _embed_by_clip
        kept = dict(zip(("images", "captions"), embed(name, images, captions, device, progress), strict=True))
        if file is not None:
            keep_tensors(kept, file)
    return Teacher(**kept)


def _is_ours(folder: Path) -> bool:
    """Return True if the folder's config is of `save_pretrained`; transformers' own has no schema version."""
    try:
        record = orjson.loads((folder / "config.json").read_bytes())
        return isinstance(record, dict) and "schema_version" in record
    except (OSError, orjson.JSONDecodeError):
        return False


def _embed_by_ours(
    name: str, images: Sequence[CaptionedImage], captions: Sequence[str], device: str, progress: Progress
) -> tuple[Tensor, Tensor]:
    model = LexLip.from_pretrained(name, device=device)
    found = embed_images(model, images, progress=progress)
    if len(found.ids) < len(images):
        _opened(next(image for image in images if image.id not in set(found.ids)))
    texts = embed_texts(model, [Topic(str(number), text) for number, text in enumerate(captions)], progress=progress)
    first, second = (torch.from_numpy(vectors).half().to(device) for vectors in (found.vectors, texts.vectors))
    return first, second


def _embed_by_clip(
    name: str, images: Sequence[CaptionedImage], captions: Sequence[str], device: str, progress: Progress
) -> tuple[Tensor, Tensor]:
    needed = (
        f"distillation.teacher {name}: a CLIP or SigLIP by hub name or folder, or a model folder of ours with a dense "
        "twin, is needed"
    )
    towers = ClipTowers(name, device=device, needed=needed)

    def of_images(batch: Sequence[CaptionedImage]) -> Tensor:
        return towers.image_embeddings([_opened(image) for image in batch])

    return (
        _embedded(images, of_images, IMAGES_AT_ONCE, "the teacher's images (batches)", progress),
        _embedded(captions, towers.text_embeddings, TEXTS_AT_ONCE, "the teacher's captions (batches)", progress),
    )


def _embedded(
    items: Sequence[Any], embed: Callable[[Sequence[Any]], Tensor], at_once: int, label: str, progress: Progress
) -> Tensor:
    begins = range(0, len(items), at_once)
    batches = progress.track(begins, label, len(begins))
    return torch.cat([embed(items[begin : begin + at_once]).half() for begin in batches])


def _opened(image: CaptionedImage) -> Image.Image:
    try:
        return open_listed(image)
    except UnreadableImage as reason:
        raise InputError(f"{image.where}: the teacher can't read image {image.id}, {image.path}: {reason}") from None


def _fingerprint(name: str, images: Sequence[CaptionedImage], captions: Sequence[str]) -> str:
    """Hash what the embeddings depend on: the teacher's weights where they are here, the images' files, the texts."""
    digest = hashlib.sha256(name.encode())
    for file in sorted(Path(name).glob("*.safetensors")):
        digest.update(sha256_of(file).encode())
    for image in images:
        stat = image.path.stat()
        digest.update(f"{image.id}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    digest.update("\0".join(captions).encode())
    return digest.hexdigest()[:16]
