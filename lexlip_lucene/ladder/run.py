"""A ladder from its recipe: the model, the documents, the topics, then rung by rung all systems side by side.

    folder/store/           the documents' vectors and texts        document_store.py
    folder/tuning/          the same of the photos that shares are chosen on, and small indexes
    folder/topics/          topics.tsv, qrels.txt, captions/
    folder/1000/…           a rung's indexes
    folder/image-to-text/   the other direction, of the first rung's photos
    folder/report.json, report.md, *.svg

torch and Java meet in these files alone.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lexlip_lucene.bench import trained_model
from lexlip_lucene.bench_engine.machine import machine
from lexlip_lucene.data.topics import TopicSet
from lexlip_lucene.ladder.image_to_text import image_to_text
from lexlip_lucene.ladder.latency import Latency, latency_of
from lexlip_lucene.ladder.requirements import require_fit, require_packages
from lexlip_lucene.ladder.rung import rung_of
from lexlip_lucene.ladder.rung_figures import RungFigures, measured_rung
from lexlip_lucene.ladder.store_shape import shapes_of
from lexlip_lucene.ladder.systems import systems_of
from lexlip_lucene.ladder.tune_shares import Shares, tuned_shares
from lexlip_lucene.ladder_documents.document_store import DocumentStore
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe
from lexlip_lucene.recipes.reading import read_recipe

if TYPE_CHECKING:
    from lexlip_lucene.ladder_documents.prepare import Documents


class Ladder(NamedTuple):
    """What a ladder came to; `encoding` is the latency of a query's lexicon and dense vector."""

    recipe: LadderRecipe
    folder: Path
    machine: dict[str, Any]
    store: DocumentStore
    shapes: dict[str, Any]
    topics: TopicSet
    shares: Shares | None
    encoding: dict[str, Latency]
    image_to_text: dict[str, dict[str, float]]
    rungs: list[RungFigures]


def run_ladder(path: Path, overrides: Sequence[str], *, device: str, progress: Progress) -> Ladder:
    """Run the ladder recipe at `path`.

    Args:
        path: the recipe.
        overrides: `key=value` for this recipe; those of `roots` also reach the recipe of its encoder.
        device: a torch device, for a model that has to be trained.
        progress: told about every stage.

    Raises:
        RecipeError: this recipe or its encoder's is not right.
        InputError: a package is missing that a system of the recipe needs.
        LexlipError: what the stages raise.
    """
    from lexlip_lucene.ladder_documents.prepare import prepare

    recipe = read_recipe(path, LadderRecipe, overrides)
    require_packages(recipe)
    folder = path.with_suffix("")
    roots = [override for override in overrides if override.startswith("roots.")]
    facts = machine()
    require_fit(recipe, read_recipe(recipe.encoder, EncoderRecipe, roots))
    model = trained_model(recipe.encoder, roots, device, progress)
    prepared = prepare(recipe, model, folder, progress)
    store, asked = prepared.store, prepared.asked
    shares = _shares(recipe, folder, prepared.tuning, progress)
    rungs = []
    for documents in recipe.rungs:
        rung = rung_of(store, documents, folder / str(documents))
        systems, places = systems_of(recipe, rung, shares)
        rungs.append(measured_rung(systems, places, rung, asked, prepared.fingerprint, progress))
    back = image_to_text(recipe, prepared.targets, model, folder / "image-to-text", progress)
    times = asked.encoding
    encoding = {"lexicon": times.lexicon} | ({} if times.dense is None else {"dense": times.dense})
    return Ladder(
        recipe,
        folder,
        facts,
        store,
        shapes_of(store, recipe.points[0].top_k),
        asked.topics,
        shares,
        {name: latency_of(found) for name, found in encoding.items()},
        back,
        rungs,
    )


def _shares(recipe: LadderRecipe, folder: Path, tuning: "Documents | None", progress: Progress) -> Shares | None:
    if tuning is None:
        return None
    rung = rung_of(tuning.store, len(tuning.store.ids), folder / "tuning")
    return tuned_shares(recipe.points[0], rung, tuning.queries, tuning.topics.qrels, progress)


def group_of(topics: TopicSet) -> Mapping[str, str]:
    """Return qid → its image: topics of one image are not independent of each other."""
    return {qrel.qid: qrel.docid for qrel in topics.qrels}
