"""Everything of a ladder that needs the model: its documents, and its topics in every form (torch).

folder/store/     folder/topics/           the documents of all rungs, and what they are asked
folder/tuning/store/, topics/              the same of the photos on which shares are chosen
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lexlip_lucene.built import is_built, mark_built, unmark
from lexlip_lucene.data.caption_sets import image_of
from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.data.image_folder import ENDINGS
from lexlip_lucene.data.topics import TopicSet, make_topics, write_topic_set
from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.files import require_file, sha256_of
from lexlip_lucene.ladder_documents.distractor_texts import read_distractor_texts
from lexlip_lucene.ladder_documents.document_batches import Wanted
from lexlip_lucene.ladder_documents.document_store import DocumentStore, read_store
from lexlip_lucene.ladder_documents.encode_topics import encode_topics, time_encoding
from lexlip_lucene.ladder_documents.fill import fill_store
from lexlip_lucene.ladder_documents.queries import Asked, Queries
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe
from lexlip_lucene.recipes.settings import settings_of

TOPIC_SEED = 7
"""Draws the topics that are timed."""

TUNING_DISTRACTORS = 1_000

SCHEMA = 1
"""Raised when the code gives other documents from the same recipe."""

_SEARCH_ALONE = ("points", "two_step", "seismic", "dense", "up_to", "timing")
"""Keys that change neither documents nor topics."""


class Documents(NamedTuple):
    """A store and the topics that it is asked."""

    store: DocumentStore
    topics: TopicSet
    queries: Queries


class Prepared(NamedTuple):
    """The documents of all rungs, those for tuning where a recipe has them, the photos that topics ask for (those that
    could be read), and what all was made from."""

    store: DocumentStore
    asked: Asked
    tuning: Documents | None
    targets: list[CaptionedImage]
    fingerprint: list[str]


def prepare(recipe: LadderRecipe, model_folder: Path, folder: Path, progress: Progress) -> Prepared:
    """Encode what is missing in `folder`; documents that were made from the same are taken as they are.

    Raises:
        LexlipError: what reading and encoding raise.
    """
    preparing = _Preparing(recipe, LexLip.from_pretrained(model_folder), model_folder, folder, progress)
    wanted, parts = preparing.wanted(), preparing.fingerprint()
    store, topics, queries = preparing.documents(folder, wanted, parts)
    tuning = None
    if recipe.tune_split is not None:
        small = preparing.wanted_for_tuning(wanted, recipe.tune_split)
        tuning = preparing.documents(folder / "tuning", small, [*parts, "tuning", recipe.tune_split])
    asked = preparing.asked(topics, queries)
    return Prepared(store, asked, tuning, _readable(wanted.targets, store), parts)


class _Preparing(NamedTuple):
    recipe: LadderRecipe
    model: LexLip
    model_folder: Path
    folder: Path
    progress: Progress

    def wanted(self) -> Wanted:
        """What all rungs hold together."""
        recipe, spec = self.recipe, self.recipe.distractors
        targets = read_captions(recipe.captions, split=recipe.split)
        known = [image.id for image in read_captions(recipe.captions)]
        photos = read_captions(spec.captions or recipe.captions, split=spec.split)
        return Wanted(
            targets,
            _without(photos, targets),
            recipe.rungs[-1],
            recipe.held_out,
            self._cuts(),
            spec,
            read_distractor_texts(spec.texts, known, spec.seed),
            recipe.tune_split is not None,
        )

    def wanted_for_tuning(self, wanted: Wanted, split: str) -> Wanted:
        """The photos of `split`, which nothing is reported on, beside some of the same distractors."""
        kept = _without(read_captions(self.recipe.captions, split=split), wanted.targets)
        distractors = _without(wanted.distractors, kept)
        documents = len(kept) + (TUNING_DISTRACTORS if distractors else 0)
        return wanted._replace(targets=kept, distractors=distractors, documents=documents)

    def documents(self, home: Path, wanted: Wanted, parts: Sequence[str]) -> Documents:
        """Fill the store below `home` where it is not there, and encode its topics."""
        place = home / "store"
        store = read_store(place) if is_built(home, parts, place.name) else None
        if store is None or store.facts["wanted"] < wanted.documents:
            unmark(home)
            states = self.model_folder.parent / "states"
            fill_store(place, self.model, wanted, states=states, progress=self.progress)
            mark_built(home, parts)
            store = read_store(place)
        topics = make_topics(_readable(wanted.targets, store), held_out=self.recipe.held_out)
        write_topic_set(home / "topics", topics, force=True)
        return Documents(store, topics, encode_topics(self.model, topics.topics, self.progress))

    def asked(self, topics: TopicSet, queries: Queries) -> Asked:
        """Draw the topics that are timed, and time their encoding."""
        timing = self.recipe.timing
        order = np.random.default_rng(TOPIC_SEED).permutation(len(queries.qids))
        chosen = sorted(order[: timing.topics].tolist())
        times = time_encoding(self.model, [queries.texts[number] for number in chosen], timing.repeats)
        return Asked(topics, queries, chosen, times, timing)

    def _cuts(self) -> list[int]:
        return sorted({point.top_k for point in self.recipe.points}, reverse=True)

    def fingerprint(self) -> list[str]:
        """What documents and topics depend on, but for their number: a store may have more than a recipe asks for."""
        recipe, spec = self.recipe, self.recipe.distractors
        leave_out = {"name", "captions", "encoder", "rungs", *_SEARCH_ALONE}
        files = [recipe.captions, *spec.texts, *([spec.captions] if spec.captions else [])]
        return [
            f"schema {SCHEMA}",
            settings_of(recipe, leave_out, by_name=True),
            f"cut at {self._cuts()}",
            *(_listed(file) if file.is_dir() else sha256_of(require_file(file, "captions")) for file in files),
            sha256_of(self.model_folder / "config.json"),
            sha256_of(self.model_folder / "model.safetensors"),
        ]


def _listed(folder: Path) -> str:
    """The files below a folder with their sizes and times: what a million photos are known by."""
    stats = ((path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file())
    lines = [f"{path.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}" for path, stat in stats]
    return hashlib.sha256("\n".join([str(folder.resolve()), *lines]).encode()).hexdigest()


def _readable(targets: Sequence[CaptionedImage], store: DocumentStore) -> list[CaptionedImage]:
    """The photos that topics ask for and that could be read."""
    there = set(store.ids[: store.facts["targets"]])
    return [image for image in targets if image.id in there]


def _without(images: Sequence[CaptionedImage], others: Sequence[CaptionedImage]) -> list[CaptionedImage]:
    """Leave out the images that `others` has: by their names, without folder and ending, as `caption_sets` does."""
    there = {_name_of(image) for image in others}
    return [image for image in images if _name_of(image) not in there]


def _name_of(image: CaptionedImage) -> str:
    return image_of(Path(image.id).stem if Path(image.id).suffix.lower() in ENDINGS else image.id)
