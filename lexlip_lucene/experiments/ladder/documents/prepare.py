"""The part of a ladder that needs the model: its documents, and its topics in every form (torch).

folder/store/              the documents of all rungs
folder/topics/             their topics
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
from lexlip_lucene.experiments.ladder.documents.document_store import DocumentStore, read_store
from lexlip_lucene.experiments.ladder.documents.encode_topics import encode_topics, time_encoding
from lexlip_lucene.experiments.ladder.documents.fill import fill_store
from lexlip_lucene.experiments.ladder.documents.plan import DocumentPlan, planned_documents
from lexlip_lucene.experiments.ladder.documents.queries import LadderTopics, Queries
from lexlip_lucene.files.written import require_file, sha256_of
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe
from lexlip_lucene.recipes.settings import settings_of

TOPIC_SEED = 7
"""Draws the topics that are timed."""

SCHEMA = 2
"""The version of the documents: it rises when the code gives other ones from the same recipe."""

_OF_SEARCHES = ("points", "two_step", "seismic", "dense", "clip", "systems", "up_to", "timing")
"""Keys that change neither documents nor topics."""


class Tuning(NamedTuple):
    """The topics that shares are chosen on: of photos beside those that the ladder's topics ask for."""

    topics: TopicSet
    queries: Queries


class EncodedLadder(NamedTuple):
    """A ladder in the vectors of one source: the documents of all rungs, their topics, and those for tuning, if any.

    `targets` are the photos that topics ask for, `photos` all of a store, both without those that can't be read;
    `fingerprint` has the parts that all was made from.
    """

    store: DocumentStore
    topics: LadderTopics
    tuning: Tuning | None
    targets: list[CaptionedImage]
    photos: list[CaptionedImage]
    fingerprint: list[str]


def prepare(recipe: LadderRecipe, model: Path, states: Path, folder: Path, progress: Progress) -> EncodedLadder:
    """Encode what is missing in `folder`; documents with the same fingerprint are taken as they are.

    Args:
        recipe: the ladder.
        model: its folder.
        states: the folder that keeps its backbone's states of photos.
        folder: gets the store and the topics.
        progress: shows how far it is.

    Raises:
        LexlipError: what reading and encoding raise.
    """
    preparing = _Preparing(
        recipe=recipe,
        model=LexLip.from_pretrained(model),
        model_folder=model,
        states=states,
        folder=folder,
        progress=progress,
    )
    plan = planned_documents(recipe)
    parts = preparing.fingerprint(plan)
    store = preparing.store(plan, parts)
    by_id = {image.id: image for image in (*plan.targets, *plan.kept, *plan.distractors)}
    photos = [by_id[docid] for docid in store.ids[: store.facts["photos"]]]
    targets, rest = photos[: store.facts["targets"]], photos[store.facts["targets"] :]
    kept = rest[: store.facts["kept"]]
    tuning = Tuning(*preparing.queries(kept, "tuning/topics")) if kept else None
    topics = preparing.timed(*preparing.queries(targets, "topics"))
    return EncodedLadder(store=store, topics=topics, tuning=tuning, targets=targets, photos=photos, fingerprint=parts)


class _Preparing(NamedTuple):
    recipe: LadderRecipe
    model: LexLip
    model_folder: Path
    states: Path
    folder: Path
    progress: Progress

    def store(self, plan: DocumentPlan, parts: Sequence[str]) -> DocumentStore:
        """Return the store, filled again unless it is still as it was filled."""
        place = self.folder / "store"
        store = read_store(place) if is_built(self.folder, parts) else None
        if store is None or store.facts["wanted"] < plan.documents:
            unmark(self.folder)
            fill_store(place, self.model, plan, states=self.states, progress=self.progress)
            mark_built(self.folder, parts, [place])
            store = read_store(place)
        return store

    def queries(self, images: Sequence[CaptionedImage], place: str) -> tuple[TopicSet, Queries]:
        """Write the topics of images, and encode them."""
        topics = make_topics(images, held_out=self.recipe.held_out)
        write_topic_set(self.folder / place, topics, force=True)
        return topics, encode_topics(self.model, topics.topics, self.progress)

    def timed(self, topics: TopicSet, queries: Queries) -> LadderTopics:
        """Draw the topics that are timed, and time their encoding."""
        timing = self.recipe.timing
        order = np.random.default_rng(TOPIC_SEED).permutation(len(queries.qids))
        chosen = sorted(order[: timing.topics].tolist())
        times = time_encoding(self.model, [queries.texts[number] for number in chosen], timing.repeats)
        return LadderTopics(topics, queries, chosen, times, timing)

    def fingerprint(self, plan: DocumentPlan) -> list[str]:
        """Return what documents and topics depend on, except their number: a store may have more than a recipe needs.

        A folder of images is known by its photos only.
        """
        recipe, spec = self.recipe, self.recipe.distractors
        leave_out = {"name", "captions", "encoder", "rungs", *_OF_SEARCHES}
        files = [recipe.captions, *spec.texts, *([spec.captions] if spec.captions else [])]
        return [
            f"schema {SCHEMA}",
            settings_of(recipe, leave_out, by_name=True),
            f"cut at {recipe.cuts()}, {'with' if recipe.dense else 'without'} the dense twin",
            *(["with patches"] if plan.patches else []),
            *(sha256_of(require_file(file, "captions")) for file in files if not file.is_dir()),
            listed_photos([*plan.targets, *plan.kept, *plan.distractors]),
            sha256_of(self.model_folder / "config.json"),
            sha256_of(self.model_folder / "model.safetensors"),
        ]
