"""The batches of a shard plan, encoded one after the other: of images, and of texts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import tee
from pathlib import Path
from typing import Any

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.data.image_limits import LIMITS, ImageLimits
from lexlip_lucene.encode.arithmetic import Arithmetic
from lexlip_lucene.encode.image_batches import image_batches
from lexlip_lucene.encode.image_inputs import ImageInputs
from lexlip_lucene.encode.shard_plan import PlannedShard
from lexlip_lucene.encode.shard_thread import EncodedBatch
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon
from lexlip_lucene.records import Impacts, Topic
from lexlip_lucene.vectors.entity_terms import heaviest_first
from lexlip_lucene.vectors.patch_map import Grid
from lexlip_lucene.vectors.quantise import Quantiser


@dataclass(frozen=True)
class ImageBatches:
    """Images and the way in which they are encoded.

    Attributes:
        model, inputs, quantiser, batch_size, arithmetic: of the run.
        as_queries: name each image as a query, `<image id>#img`, and not as a document.
        states: a folder that keeps the backbone's states; None: they are not kept.
        grid: of the positions to write; None: no positions.
        patches: also give the patch vectors of each image.
        whole: give the vector of each whole picture as its only patch.
        visual: the visual lexicon whose words each vector has, too; None: no visual words.
        limits: the images that are read; others are rejected.
        further: image id → tokens that its vector has beside the model's.
    """

    model: LexLip
    inputs: ImageInputs
    quantiser: Quantiser
    batch_size: int
    arithmetic: Arithmetic
    as_queries: bool
    states: Path | None = None
    grid: Grid | None = None
    patches: bool = False
    whole: bool = False
    visual: VisualLexicon | None = None
    limits: ImageLimits = LIMITS
    further: Mapping[str, Impacts] = field(default_factory=dict)

    def of(self, plan: Sequence[PlannedShard]) -> Iterator[EncodedBatch]:
        """Yield the batches of these shards, in order."""
        groups, drawn = tee(self.inputs.groups(plan, self.batch_size))
        encoded = image_batches(
            self.model,
            (group.images for group in drawn),
            quantiser=self.quantiser,
            arithmetic=self.arithmetic,
            batch_size=self.batch_size,
            states=self.states,
            grid=self.grid,
            patches=self.patches,
            whole=self.whole,
            visual=self.visual,
            limits=self.limits,
        )
        for group, outcome in zip(groups, encoded, strict=True):
            yield EncodedBatch(
                group.shard,
                last=group.last,
                inputs=len(group.images),
                names=[self._name(image) for image in outcome.images],
                vectors=_looking(
                    _with(self.further, [image.id for image in outcome.images], outcome.vectors), outcome.looks
                ),
                rejected=outcome.rejected,
                positions=outcome.positions,
                patches=outcome.patches,
                keys=None if self.as_queries else [_keys(image) for image in outcome.images],
            )

    def _name(self, image: CaptionedImage) -> tuple[str, str]:
        """Return id and contents."""
        return (f"{image.id}#img",) * 2 if self.as_queries else (image.id, image.path.name)


def _keys(image: CaptionedImage) -> dict[str, Any]:
    """Return the keys of an image's line beside id, contents and vector."""
    return {**({"split": image.split} if image.split else {}), **image.keys}


@dataclass(frozen=True)
class TextBatches:
    """Texts and the way in which they are encoded: as documents, or as queries."""

    model: LexLip
    texts: Sequence[Topic]
    quantiser: Quantiser
    batch_size: int
    as_documents: bool
    further: Mapping[str, Impacts] = field(default_factory=dict)

    def of(self, plan: Sequence[PlannedShard]) -> Iterator[EncodedBatch]:
        """Yield the batches of these shards, in order."""
        for shard in plan:
            for batch in shard.batches(self.batch_size):
                topics = [self.texts[number] for number in batch]
                vectors = self.model.encode_texts(
                    [topic.text for topic in topics],
                    documents=self.as_documents,
                    top_k=self.quantiser.top_k,
                    bits=self.quantiser.bits,
                    batch_size=self.batch_size,
                )
                names = [(topic.qid, topic.text) for topic in topics]
                of_all = _with(self.further, [topic.qid for topic in topics], partial(list, vectors))
                yield EncodedBatch(shard, batch.stop == shard.end, len(batch), names, of_all)


def _looking(
    vectors: Callable[[], Sequence[Impacts]], looks: Callable[[], Sequence[Impacts]] | None
) -> Callable[[], Sequence[Impacts]]:
    """Return what gives vectors with their visual words."""
    if looks is None:
        return vectors
    return lambda: [heaviest_first(own, seen) for own, seen in zip(vectors(), looks(), strict=True)]


def _with(
    further: Mapping[str, Impacts], ids: Sequence[str], vectors: Callable[[], Sequence[Impacts]]
) -> Callable[[], Sequence[Impacts]]:
    """Return what gives the vectors of `ids` with their further tokens."""
    if not further:
        return vectors

    def joined() -> Sequence[Impacts]:
        return [heaviest_first(own, further.get(id, {})) for id, own in zip(ids, vectors(), strict=True)]

    return joined
