"""Vectors with the shape of real ones: a model's vectors of photos, then of mixes of their backbone states.

What is real: the photos' vectors, as `lexlip encode images` gives them but for states kept in half precision, and the
queries that are captions.
What is mixed: every document after the photos, and the queries for which no caption is long enough; see
`lexlip_lucene.encode.mixes`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.errors import InputError
from lexlip_lucene.experiments.engine.queries import TERMS, heaviest, queries_path
from lexlip_lucene.experiments.engine.shape import ShapeCounter
from lexlip_lucene.files.written import require_file, sha256_of
from lexlip_lucene.progress import Progress
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.collection import write_queries, write_shards

if TYPE_CHECKING:
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.training.examples.frozen_states import FrozenStates

SEED, QUERY_SEED = 7, 8
"""Of the mixes that are documents, and of captions and mixes that are queries."""

_CAPTIONS_TRIED = 4
"""Captions encoded for each query, in search of those with enough tokens."""

_PHOTO_BATCH = 64


@dataclass(frozen=True)
class PhotoVectors:
    """`documents` vectors: those of the photos of a captions file first, then of mixes.

    Args:
        documents: their number in all.
        queries: their number for each number of terms.
        model: a model folder.
        captions: the captions file of the photos.
        split: take only the photos of this split.
        states: a folder that keeps the photos' backbone states.
    """

    documents: int
    queries: int
    model: Path
    captions: Path
    split: str | None
    states: Path

    def request(self) -> dict[str, Any]:
        """Return what the vectors depend on; photos are known by the file that lists them."""
        return {
            "source": "photos",
            "documents": self.documents,
            "queries": self.queries,
            "seed": SEED,
            "model_sha256": sha256_of(require_file(self.model / "model.safetensors", "model")),
            "config_sha256": sha256_of(require_file(self.model / "config.json", "model")),
            "captions_sha256": sha256_of(require_file(self.captions, "captions file")),
            "split": self.split,
        }

    def write(self, folder: Path, progress: Progress) -> dict[str, Any]:
        """Write collection and queries into `folder`; return facts about them."""
        from lexlip_lucene.encoders.model.lexlip import LexLip

        model = LexLip.from_pretrained(self.model)
        images, states = _photos(model, self, progress)
        photos, mixes, both = ShapeCounter(), ShapeCounter(), ShapeCounter()
        real = islice(_real(model, images, states), self.documents)
        mixed = _mixed(model, states, max(0, self.documents - len(images)), SEED, "mix")
        (folder / "collection").mkdir()
        stream = both.through(chain(photos.through(real), mixes.through(mixed)))
        write_shards(folder / "collection", progress.track(stream, "vectors of photos and mixes", self.documents))
        return {
            "about": "photos' vectors first, then mixes of their backbone states through the model",
            "shape": both.shape()._asdict(),
            "photos": photos.shape()._asdict(),
            "mixes": mixes.shape()._asdict(),
            "queries": self._write_queries(folder, model, images, states),
        }

    def _write_queries(
        self, folder: Path, model: "LexLip", images: Sequence[CaptionedImage], states: "FrozenStates"
    ) -> dict[str, dict[str, int]]:
        """Write the queries of each number of terms; return how many are captions and how many mixes."""
        captions = _captions(model, images, _CAPTIONS_TRIED * self.queries)
        mixes = list(_mixed(model, states, self.queries, QUERY_SEED, "mix-query"))
        counts = {}
        for terms in TERMS:
            real = [caption for caption in captions if len(caption.vector) >= terms][: self.queries]
            queries = [*real, *mixes[: self.queries - len(real)]]
            write_queries(queries_path(folder, terms), [heaviest(query, terms) for query in queries])
            counts[str(terms)] = {"captions": len(real), "mixes": len(queries) - len(real)}
        return counts


def _photos(model: "LexLip", wanted: PhotoVectors, progress: Progress) -> tuple[list[CaptionedImage], "FrozenStates"]:
    """Return the readable photos and their backbone states."""
    from lexlip_lucene.training.examples.frozen_states import frozen_states
    from lexlip_lucene.training.examples.sources import find_pictures

    images = read_captions(wanted.captions, split=wanted.split)
    found = find_pictures(images, model.config.image.size, progress=progress)
    for line in found.rejected:
        progress.note(f"left out: {line}")
    if not found.readable:
        raise InputError(f"{wanted.captions}: no photo of split {wanted.split} can be read")
    states = frozen_states(model, found.source, mirrored=False, cache=wanted.states, progress=progress)
    return [images[number] for number in found.readable], states


def _real(model: "LexLip", images: Sequence[CaptionedImage], states: "FrozenStates") -> Iterator[Document]:
    from lexlip_lucene.encoders.pool.heaviest import quantised
    from lexlip_lucene.training.examples.sources import weights_of

    quantiser = model.quantiser("image")
    for begin in range(0, len(images), _PHOTO_BATCH):
        part = images[begin : begin + _PHOTO_BATCH]
        weights = weights_of(model, states, np.arange(begin, begin + len(part))).to(model.device)
        vectors = quantised(model.kept(weights, "image", quantiser.top_k), quantiser, model.lexicon.tokens)
        for image, vector in zip(part, vectors, strict=True):
            yield Document(image.id, "", vector)


def _mixed(model: "LexLip", states: "FrozenStates", count: int, seed: int, prefix: str) -> Iterator[Document]:
    from lexlip_lucene.encode.mixes import mixed_vectors

    tokens = np.array(model.lexicon.tokens, dtype=object)
    number = 0
    for batch in mixed_vectors(model, states.kept[0], count, seed=seed):
        found, impacts = tokens[batch.positions].tolist(), batch.impacts.tolist()
        for row, weights in zip(found, impacts, strict=True):
            kept = len(weights) - weights.count(0)  # heaviest first, so zeros are at the end
            yield Document(f"{prefix}{number:07d}", "", dict(zip(row[:kept], weights[:kept], strict=True)))
            number += 1


def _captions(model: "LexLip", images: Sequence[CaptionedImage], most: int) -> list[Document]:
    """Encode captions of the photos, drawn by the seed."""
    every = [(f"{image.id}#{n}", caption) for image in images for n, caption in enumerate(image.captions)]
    order = np.random.default_rng(QUERY_SEED).permutation(len(every))[:most]
    drawn = [every[number] for number in order]
    vectors = model.encode_texts([caption for _, caption in drawn])
    return [Document(qid, text, vector) for (qid, text), vector in zip(drawn, vectors, strict=True)]
