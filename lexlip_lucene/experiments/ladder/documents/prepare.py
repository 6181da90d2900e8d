"""Everything of a ladder that needs the model: its documents, and its topics in every form (torch).

folder/store/              the documents of all rungs
folder/topics/             what they are asked
folder/tuning/topics/      the same of the photos on which shares are chosen
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.photo_files import listed_photos
from lexlip_lucene.data.topics import TopicSet, make_topics, write_topic_set
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.experiments.fingerprint import is_built, mark_built, unmark
from lexlip_lucene.experiments.ladder.documents.document_batches import Wanted
from lexlip_lucene.experiments.ladder.documents.document_store import DocumentStore, read_store
from lexlip_lucene.experiments.ladder.documents.encode_topics import encode_topics, time_encoding
from lexlip_lucene.experiments.ladder.documents.fill import fill_store
from lexlip_lucene.experiments.ladder.documents.plan import wanted_documents
from lexlip_lucene.experiments.ladder.documents.queries import Asked, Queries
from lexlip_lucene.files.written import require_file, sha256_of
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe
from lexlip_lucene.recipes.settings import settings_of

TOPIC_SEED = 7
"""Draws the topics that are timed."""

SCHEMA = 2
"""Raised when the code gives other documents from the same recipe."""

_SEARCH_ALONE = ("points", "two_step", "seismic", "dense", "clip", "up_to", "timing")
"""Keys that change neither documents nor topics."""


class Tuning(NamedTuple):
    """Topics of photos that stand beside those asked for, on which shares are chosen."""

    topics: TopicSet
    queries: Queries


class Prepared(NamedTuple):
    """The documents of all rungs, what they are asked, and the topics for tuning where a recipe has them.

    `targets` are the photos that topics ask for, `photos` all of a store, both without those that can't be read;
    `fingerprint` is what all was made from.
    """

    store: DocumentStore
    asked: Asked
    tuning: Tuning | None
    targets: list[CaptionedImage]
    photos: list[CaptionedImage]
    fingerprint: list[str]


def prepare(recipe: LadderRecipe, model: Path, states: Path, folder: Path, progress: Progress) -> Prepared:
    """Encode what is missing in `folder`; documents that were made from the same are taken as they are.

    Args:
        recipe: the ladder.
        model: its folder.
        states: the folder that keeps its backbone's states of photos.
        folder: gets the store and the topics.
        progress: told about it.

    Raises:
        LexlipError: what reading and encoding raise.
    """
    preparing = _Preparing(recipe, LexLip.from_pretrained(model), model, states, folder, progress)
    wanted = wanted_documents(recipe)
    parts = preparing.fingerprint(wanted)
    store = preparing.store(wanted, parts)
    by_id = {image.id: image for image in (*wanted.targets, *wanted.kept, *wanted.distractors)}
    photos = [by_id[docid] for docid in store.ids[: store.facts["photos"]]]
    targets, rest = photos[: store.facts["targets"]], photos[store.facts["targets"] :]
    kept = rest[: store.facts["kept"]]
    tuning = Tuning(*preparing.topics(kept, "tuning/topics")) if kept else None
    asked = preparing.asked(*preparing.topics(targets, "topics"))
    return Prepared(store, asked, tuning, targets, photos, parts)


class _Preparing(NamedTuple):
    recipe: LadderRecipe
    model: LexLip
    model_folder: Path
    states: Path
    folder: Path
    progress: Progress

    def store(self, wanted: Wanted, parts: Sequence[str]) -> DocumentStore:
        """Fill the store where it is not there as it was filled."""
        place = self.folder / "store"
        store = read_store(place) if is_built(self.folder, parts) else None
        if store is None or store.facts["wanted"] < wanted.documents:
            unmark(self.folder)
            fill_store(place, self.model, wanted, states=self.states, progress=self.progress)
            mark_built(self.folder, parts, [place])
            store = read_store(place)
        return store

    def topics(self, images: Sequence[CaptionedImage], place: str) -> tuple[TopicSet, Queries]:
        """Write the topics of images, and encode them."""
        topics = make_topics(images, held_out=self.recipe.held_out)
        write_topic_set(self.folder / place, topics, force=True)
        return topics, encode_topics(self.model, topics.topics, self.progress)

    def asked(self, topics: TopicSet, queries: Queries) -> Asked:
        """Draw the topics that are timed, and time their encoding."""
        timing = self.recipe.timing
        order = np.random.default_rng(TOPIC_SEED).permutation(len(queries.qids))
        chosen = sorted(order[: timing.topics].tolist())
        times = time_encoding(self.model, [queries.texts[number] for number in chosen], timing.repeats)
        return Asked(topics, queries, chosen, times, timing)

    def fingerprint(self, wanted: Wanted) -> list[str]:
        """What documents and topics depend on, but for their number: a store may have more than a recipe asks for.

        A folder of images is known by its photos alone.
        """
        recipe, spec = self.recipe, self.recipe.distractors
        leave_out = {"name", "captions", "encoder", "rungs", *_SEARCH_ALONE}
        files = [recipe.captions, *spec.texts, *([spec.captions] if spec.captions else [])]
        return [
            f"schema {SCHEMA}",
            settings_of(recipe, leave_out, by_name=True),
            f"cut at {recipe.cuts()}, {'with' if recipe.dense else 'without'} the dense twin",
            *(sha256_of(require_file(file, "captions")) for file in files if not file.is_dir()),
            listed_photos([*wanted.targets, *wanted.kept, *wanted.distractors]),
            sha256_of(self.model_folder / "config.json"),
            sha256_of(self.model_folder / "model.safetensors"),
        ]
