"""Many pictures or texts → the dense twin's vectors. The sparse side's `export` writes collections; this does not."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.encode.arithmetic import choose_arithmetic
from lexlip_lucene.encode.states_pass import StatesPass
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.pixels import load_batches
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.dense_search import Embeddings
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.records import Topic

IMAGES_AT_ONCE, TEXTS_AT_ONCE = 32, 256


@torch.inference_mode()
def embed_images(
    model: LexLip,
    images: Sequence[CaptionedImage],
    *,
    documents: bool = False,
    states: Path | None = None,
    progress: Progress = SILENT,
) -> Embeddings:
    """Embed pictures; one that can't be read is left out, and `progress` receives a note.

    With `documents` they are embedded to be searched: a model with a bank for images divides them by it.

    `states` is a folder that keeps the backbone's states for other models over it; the backbone runs as it does when
    the sparse side encodes.

    Raises:
        ModelError: the model has no dense twin.
        InputError: not one picture could be read.
    """
    arithmetic = choose_arithmetic(model.device, inputs=len(images))
    run = StatesPass(model.image.tower, model.device, arithmetic, batch_size=IMAGES_AT_ONCE, keep=states)
    ids: list[str] = []
    parts: list[NDArray[np.float32]] = []
    batches = load_batches(images, size=model.config.image.size, batch_size=IMAGES_AT_ONCE)
    done = iter(progress.track(images, "embedding images", len(images)))
    for batch in batches:
        pairs = [(next(done), picture) for picture in batch]
        for image, picture in pairs:
            if not isinstance(picture, torch.Tensor):
                progress.note(f"left out: {image.where}: image {image.id}: {picture}")
        readable = [(image.id, picture) for image, picture in pairs if isinstance(picture, torch.Tensor)]
        if readable:
            ids += [name for name, _ in readable]
            seen = run(torch.stack([picture for _, picture in readable]))
            vectors = model.embeddings_of_states(seen)
            parts.append((model.dense_documents(vectors, "image") if documents else vectors).cpu().numpy())
    next(done, None)  # lets the progress line say that all are done
    if not ids:
        raise InputError(f"nothing to embed: not one of {len(images)} pictures could be read")
    return Embeddings(ids, np.concatenate(parts))


@torch.inference_mode()
def embed_texts(
    model: LexLip, texts: Sequence[Topic], *, documents: bool = False, progress: Progress = SILENT
) -> Embeddings:
    """Embed texts, which `texts` holds at least one of; `documents` as `embed_images` has it.

    Raises:
        ModelError: the model has no dense twin.
    """
    begins = range(0, len(texts), TEXTS_AT_ONCE)
    parts: list[NDArray[np.float32]] = []
    for begin in progress.track(begins, "embedding texts (batches)", len(begins)):
        vectors = model.text_embeddings([topic.text for topic in texts[begin : begin + TEXTS_AT_ONCE]])
        parts.append((model.dense_documents(vectors, "document") if documents else vectors).cpu().numpy())
    return Embeddings([topic.qid for topic in texts], np.concatenate(parts))
