"""A CLIP or SigLIP beside LexLIP: its vectors of the photos and the topics, and its other direction (torch)."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.topics import caption_id, make_topics
from lexlip_lucene.encoders.model.clip_towers import ClipTowers
from lexlip_lucene.evaluate.dense_search import Embeddings, dense_run
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.experiments.ladder.documents.encode_topics import timed_encoders
from lexlip_lucene.experiments.ladder.documents.prepare import EncodedLadder
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import ClipSpec
from lexlip_lucene.training.examples.teacher import load_teacher

_K = 10


def clip_towers(spec: ClipSpec, device: str) -> ClipTowers:
    """Load the model.

    Raises:
        ModelError: it is not a CLIP or SigLIP, or can't be fetched.
    """
    return ClipTowers(spec.model, device=device, needed=f"clip.model {spec.model}: a CLIP or SigLIP is needed")


def with_clip(spec: ClipSpec, made: EncodedLadder, folder: Path, device: str, progress: Progress) -> EncodedLadder:
    """Return the same documents and topics with CLIP's dense vectors in place of the twin's, of the photos only.

    Args:
        spec: the model.
        made: the documents and topics.
        folder: keeps the vectors for the next run with the same photos and topics.
        device: a torch device; the encoding of a topic is timed there too.
        progress: shows how far it is.

    Raises:
        ModelError: the model is not a CLIP or SigLIP, or can't be fetched.
    """
    topics = made.topics
    towers = clip_towers(spec, device)
    timed = [topics.queries.texts[place] for place in topics.timed_places]
    times = timed_encoders({"dense": lambda text: towers.text_embeddings([text])}, timed, topics.timing.repeats)
    vectors = load_teacher(
        spec.model, made.photos, topics.queries.texts, cache=folder, device=device, progress=progress
    )
    images, texts = (part.float().cpu().numpy() for part in (vectors.images, vectors.captions))
    return made._replace(
        store=replace(made.store, dense=images),
        topics=topics._replace(
            queries=topics.queries._replace(dense=texts), encoding=topics.encoding._replace(dense=times["dense"])
        ),
        fingerprint=[*made.fingerprint, f"clip {hashlib.sha256(images.tobytes()).hexdigest()}"],
    )


def clip_image_to_text(
    spec: ClipSpec, images: Sequence[CaptionedImage], folder: Path, device: str, progress: Progress
) -> dict[str, float]:
    """Return the figures of the photos that search all their captions; arguments as `with_clip`'s."""
    ids = [caption_id(image, number) for image in images for number in range(len(image.captions))]
    captions = [caption for image in images for caption in image.captions]
    vectors = load_teacher(spec.model, images, captions, cache=folder, device=device, progress=progress)
    pictures, texts = (part.float().cpu().numpy() for part in (vectors.images, vectors.captions))
    queries = {f"{image.id}#img": picture for image, picture in zip(images, pictures, strict=True)}
    topics = make_topics(images, held_out=0, direction="i2t")
    return evaluate(topics.qrels, dense_run(queries, Embeddings(ids, texts), _K))
