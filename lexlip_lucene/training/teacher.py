"""A dense teacher for distillation: its embeddings of all images and captions, computed once before the run.

A CLIP or SigLIP by hub name or folder, or a model of ours with a dense twin. The teacher itself is not kept: 6,000
images with five captions each are 37 MB of 512 float16 numbers.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.images import UnreadableImage, open_image
from lexlip_lucene.encoders.embedding import embed_images, embed_texts
from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.errors import InputError, ModelError
from lexlip_lucene.files import sha256_of, temporary_name
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
        cache: a folder that keeps the embeddings for the next run with the same teacher and data; None: don't.
        device: a torch device, where the teacher runs and its embeddings are kept.
        progress: told about it.

    Raises:
        ModelError: the teacher is neither of these, or can't be fetched.
        InputError: an image can't be read.
    """
    file = cache / f"teacher-{_fingerprint(name, images, captions)}.safetensors" if cache else None
    if file is not None and file.exists():
        progress.note(f"the teacher's embeddings read from {file}")
        kept = load_file(file, device=device)
    else:
        embed = _embed_by_ours if _is_ours(Path(name)) else _embed_by_clip
        kept = dict(zip(("images", "captions"), embed(name, images, captions, device, progress), strict=True))
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            save_file(kept, temporary_name(file))
            temporary_name(file).replace(file)
    return Teacher(**kept)


def _is_ours(folder: Path) -> bool:
    """Whether the folder's config is of `save_pretrained`; transformers' own has no schema version."""
    try:
        return "schema_version" in orjson.loads((folder / "config.json").read_bytes())
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


@torch.inference_mode()
def _embed_by_clip(
    name: str, images: Sequence[CaptionedImage], captions: Sequence[str], device: str, progress: Progress
) -> tuple[Tensor, Tensor]:
    network, processor, tokenizer = _load_clip(name)
    network = network.to(device).eval()
    settings = _text_settings(network, tokenizer)

    def of_images(batch: Sequence[CaptionedImage]) -> Any:
        given = processor(images=[_opened(image) for image in batch], return_tensors="pt")
        return network.get_image_features(**given.to(device))

    def of_texts(batch: Sequence[str]) -> Any:
        texts = [text.lower() for text in batch] if _is_siglip(network) else list(batch)
        given = tokenizer(texts, return_tensors="pt", **settings).to(device)
        return network.get_text_features(input_ids=given["input_ids"], attention_mask=given.get("attention_mask"))

    return (
        _embedded(images, of_images, IMAGES_AT_ONCE, "the teacher's images (batches)", progress),
        _embedded(captions, of_texts, TEXTS_AT_ONCE, "the teacher's captions (batches)", progress),
    )


def _embedded(
    items: Sequence[Any], embed: Callable[[Sequence[Any]], Any], at_once: int, label: str, progress: Progress
) -> Tensor:
    begins = range(0, len(items), at_once)
    parts = []
    for begin in progress.track(begins, label, len(begins)):
        found = embed(items[begin : begin + at_once])
        # transformers 4 gives the features themselves, 5 an output that holds them.
        features = cast(Tensor, found if isinstance(found, Tensor) else found.pooler_output)
        parts.append(functional.normalize(features.float(), dim=1).half())
    return torch.cat(parts)


def _load_clip(name: str) -> tuple[Any, Any, Any]:
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

    needed = (
        f"distillation.teacher {name}: a CLIP or SigLIP by hub name or folder, or a model folder of ours with a dense "
        "twin, is needed"
    )
    try:
        network, found = AutoModel.from_pretrained(name, dtype=torch.float32, output_loading_info=True)
        if not all(hasattr(network, method) for method in ("get_image_features", "get_text_features")):
            raise ModelError(f"{needed}, but this is a {type(network).__name__}")
        if found["missing_keys"]:
            raise ModelError(f"{needed}, but its weights lack {sorted(found['missing_keys'])[0]} among others")
        return network, AutoImageProcessor.from_pretrained(name), AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise ModelError(f"{needed}: {' '.join(str(error).split())[:300]}") from error


def _opened(image: CaptionedImage) -> Image.Image:
    try:
        return open_image(image.path)
    except UnreadableImage as reason:
        raise InputError(f"{image.where}: the teacher can't read image {image.id}, {image.path}: {reason}") from None


def _is_siglip(network: Any) -> bool:
    return str(network.config.model_type).startswith("siglip")


def _text_settings(network: Any, tokenizer: Any) -> dict[str, Any]:
    """How the tokenizer is called.

    SigLIP saw texts in lower case, always padded to its full length and without a mask (big_vision #166 names the
    first as the usual reason for figures below the paper's).
    """
    longest = min(tokenizer.model_max_length, network.config.text_config.max_position_embeddings)
    always = {"truncation": True, "max_length": longest}
    if _is_siglip(network):
        return {**always, "padding": "max_length", "return_attention_mask": False}
    return {**always, "padding": True}


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
