"""A ladder from its recipe: the model, the documents, the topics, then rung by rung all systems side by side.

    folder/store/           the documents' vectors and texts        document_store.py
    folder/topics/          topics.tsv, qrels.txt, captions/
    folder/tuning/topics/   the same of the photos that shares are chosen on
    folder/models/…/        the same of a sparser model, or of another encoder's
    folder/clip/            CLIP's vectors of photos and topics
    folder/1000/…           a rung's indexes
    folder/image-to-text/   the other direction, of the first rung's photos
    folder/report.json, report.md, *.svg

torch and Java meet in these files alone.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lexlip_lucene.bench import states_of, trained_model
from lexlip_lucene.bench_engine.machine import machine
from lexlip_lucene.data.topics import TopicSet
from lexlip_lucene.errors import InputError
from lexlip_lucene.ladder.difficulty import shares_before
from lexlip_lucene.ladder.image_to_text import image_to_text
from lexlip_lucene.ladder.latency import Latency, latency_of
from lexlip_lucene.ladder.requirements import require_fit, require_packages
from lexlip_lucene.ladder.rung import rung_of, rung_without_targets
from lexlip_lucene.ladder.rung_figures import RungFigures, Side, measured_rung
from lexlip_lucene.ladder.store_shape import shapes_of
from lexlip_lucene.ladder.systems import CLIP, systems_of
from lexlip_lucene.ladder.tune_shares import Shares, tuned_shares
from lexlip_lucene.ladder_documents.document_store import DocumentStore
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.ladder_recipe import CLIP_FLAT, OURS, LadderRecipe
from lexlip_lucene.recipes.reading import read_recipe

if TYPE_CHECKING:
    from lexlip_lucene.ladder_documents.prepare import Prepared


class Ladder(NamedTuple):
    """What a ladder came to; `text_sides` has the kind of each encoder's, `static` or `transformer`, by its source.

    `shapes` and `before` are of each kind of documents (`store_shape.py`, `difficulty.py`), `shares` of each rung;
    `encoding` is the latency of a query's lexicon and dense vector.
    """

    recipe: LadderRecipe
    folder: Path
    text_sides: dict[str, str]
    machine: dict[str, Any]
    store: DocumentStore
    shapes: dict[str, Any]
    before: dict[str, dict[str, float]]
    topics: TopicSet
    shares: dict[int, Shares]
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
    from lexlip_lucene.ladder_documents.clip_vectors import clip_image_to_text, with_clip
    from lexlip_lucene.ladder_documents.prepare import prepare

    recipe = read_recipe(path, LadderRecipe, overrides)
    require_packages(recipe)
    folder = path.with_suffix("")
    roots = [override for override in overrides if override.startswith("roots.")]
    facts = machine()
    encoders = {
        source: read_recipe(point.encoder or recipe.encoder, EncoderRecipe, roots)
        for source, point in recipe.sources.items()
    }
    for source, encoder in encoders.items():
        require_fit(recipe.of_source(source), encoder)
    models = {
        source: trained_model(point.encoder or recipe.encoder, roots, device, progress, flops=point.flops)
        for source, point in recipe.sources.items()
    }
    sources = {}
    for source, model in models.items():
        part, home = recipe.of_source(source), folder if source == OURS else folder / "models" / source
        sources[source] = prepare(part, model, states_of(part.encoder), home, progress)
    _require_same_documents(sources)
    clip = None if recipe.clip is None else with_clip(recipe.clip, sources[OURS], folder / CLIP, device, progress)
    store, asked = sources[OURS].store, sources[OURS].asked
    shares: dict[int, Shares] = {}
    rungs = []
    for documents in recipe.rungs:
        place = folder / str(documents)
        if sources[OURS].tuning is not None:
            shares[documents] = _shares(recipe, documents, folder, sources[OURS], progress)
        sides = {
            source: Side(rung_of(made.store, documents, place), made.asked, made.fingerprint)
            for source, made in sources.items()
        }
        if clip is not None:
            sides[CLIP] = Side(rung_of(clip.store, documents, place), clip.asked, clip.fingerprint)
        systems, places = systems_of(recipe, sides[OURS].rung, shares.get(documents))
        rungs.append(measured_rung(systems, places, sides, progress))
    targets = sources[OURS].targets
    back = image_to_text(recipe, targets, models, folder / "image-to-text", progress)
    if recipe.clip is not None:
        back[CLIP_FLAT] = clip_image_to_text(recipe.clip, targets, folder / CLIP, device, progress)
    encoding = {} if asked.encoding.dense is None else {"dense": asked.encoding.dense}
    for source, point in recipe.sources.items():
        if point.flops is None:
            encoding["lexicon" if source == OURS else f"lexicon, {source}"] = sources[source].asked.encoding.lexicon
    return Ladder(
        recipe,
        folder,
        {source: encoder.text.kind for source, encoder in encoders.items()},
        facts,
        store,
        shapes_of(store, recipe.points[0].top_k),
        shares_before(store, asked, recipe.points[0]),
        asked.topics,
        shares,
        {name: latency_of(found) for name, found in encoding.items()},
        back,
        rungs,
    )


def _require_same_documents(sources: "Mapping[str, Prepared]") -> None:
    """A photo that was read for one model and not for another would shift every docid."""
    first = sources[OURS].store
    for made in sources.values():
        both = min(len(first.ids), len(made.store.ids))
        if made.store.ids[:both] != first.ids[:both]:
            raise InputError(
                f"{made.store.folder}: its documents are not those of {first.folder}: photos have changed in between; "
                "delete both folders and run again"
            )


def _shares(recipe: LadderRecipe, documents: int, folder: Path, made: "Prepared", progress: Progress) -> Shares:
    assert made.tuning is not None, "there are photos to choose them on"
    rung = rung_without_targets(made.store, documents, folder / "tuning" / str(documents))
    return tuned_shares(recipe.points[0], rung, made.tuning.queries, made.tuning.topics.qrels, progress)


def group_of(topics: TopicSet) -> Mapping[str, str]:
    """Return qid → its image: topics of one image are not independent of each other."""
    return {qrel.qid: qrel.docid for qrel in topics.qrels}
