"""A ladder from its recipe: the model, the documents, the topics, then rung by rung all systems side by side.

    folder/store/           the documents' vectors and texts        document_store.py
    folder/topics/          topics.tsv, qrels.txt, captions/
    folder/tuning/topics/   the topics of the photos that shares are chosen on
    folder/models/…/        store and topics of a sparser model, or of another encoder's
    folder/clip/            CLIP's vectors of photos and topics
    folder/1000/…           a rung's indexes
    folder/image-to-text/   the other direction, of the first rung's photos
    folder/report.json, report.md, *.svg

torch and Java meet only in these files.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lexlip_lucene.data.topics import TopicSet
from lexlip_lucene.errors import InputError
from lexlip_lucene.experiments.engine.machine import machine
from lexlip_lucene.experiments.ladder.difficulty import shares_before
from lexlip_lucene.experiments.ladder.documents.document_store import DocumentStore
from lexlip_lucene.experiments.ladder.image_to_text import image_to_text
from lexlip_lucene.experiments.ladder.latency import Latency, latency_of
from lexlip_lucene.experiments.ladder.requirements import require_clip, require_fit, require_names, require_packages
from lexlip_lucene.experiments.ladder.rung_figures import RungFigures, Side, measured_rung
from lexlip_lucene.experiments.ladder.store_shape import shapes_of
from lexlip_lucene.experiments.ladder.systems.clip import CLIP, CLIP_FLAT
from lexlip_lucene.experiments.ladder.systems.registry import systems_of
from lexlip_lucene.experiments.ladder.systems.rung import rung_of, rung_without_targets
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.tuned_shares import tuned_shares
from lexlip_lucene.experiments.recipe_run import states_of, trained_model
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.ladder_recipe import OURS, LadderRecipe
from lexlip_lucene.recipes.reading import read_recipe

if TYPE_CHECKING:
    from lexlip_lucene.experiments.ladder.documents.prepare import EncodedLadder


class Ladder(NamedTuple):
    """The results of a ladder so far; `text_sides`: source → its kind, `static` or `transformer`.

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


def run_ladder(path: Path, overrides: Sequence[str], *, device: str, progress: Progress) -> Iterator[Ladder]:
    """Run the ladder recipe at `path`; yield its results after each rung, with all rungs so far.

    All that can fail without a rung is done before the first one.

    Args:
        path: the recipe.
        overrides: `key=value` for this recipe; those of `roots` also reach the recipe of its encoder.
        device: a torch device, for a model that has to be trained.
        progress: shows every stage.

    Raises:
        RecipeError: this recipe or its encoder's is wrong.
        InputError: a package that a system of the recipe needs is missing.
        LexlipError: a stage fails.
    """
    from lexlip_lucene.experiments.ladder.documents.clip_vectors import clip_image_to_text, with_clip
    from lexlip_lucene.experiments.ladder.documents.prepare import prepare

    recipe = read_recipe(path, LadderRecipe, overrides)
    require_names(recipe)
    require_packages(recipe)
    folder = path.with_suffix("")
    roots = [override for override in overrides if override.startswith("roots.")]
    facts = machine()
    encoders = {
        source: read_recipe(point.encoder or recipe.encoder, EncoderRecipe, roots)
        for source, point in recipe.sources.items()
    }
    require_fit(recipe, encoders)
    require_clip(recipe)
    states = states_of(recipe.encoder)  # a text tower's recipe may well have the same backbone
    models = {
        source: trained_model(
            point.encoder or recipe.encoder, roots, device, progress, flops=point.flops, states=states
        )
        for source, point in recipe.sources.items()
    }
    encoded = {}
    for source, model in models.items():
        home = folder if source == OURS else folder / "models" / source
        encoded[source] = prepare(recipe.of_source(source), model, states, home, progress)
    _require_same_documents(encoded)
    targets = encoded[OURS].targets
    back = image_to_text(recipe, targets, models, folder / "image-to-text", progress)
    if recipe.clip is not None:
        encoded[CLIP] = with_clip(recipe.clip, encoded[OURS], folder / CLIP, device, progress)
        back[CLIP_FLAT] = clip_image_to_text(recipe.clip, targets, folder / CLIP, device, progress)
    text_sides: dict[str, str] = {source: encoder.text.kind for source, encoder in encoders.items()}
    store, topics, point = encoded[OURS].store, encoded[OURS].topics, recipe.points[0]
    ladder = Ladder(
        recipe=recipe,
        folder=folder,
        text_sides=text_sides,
        machine=facts,
        store=store,
        shapes=shapes_of(store, point.top_k),
        before=shares_before(store, topics, point),
        topics=topics.topic_set,
        shares={},
        encoding=_encoding(recipe, encoded),
        image_to_text=back,
        rungs=[],
    )
    yield from _rungs(ladder, encoded, progress)


def _encoding(recipe: LadderRecipe, encoded: "Mapping[str, EncodedLadder]") -> dict[str, Latency]:
    """Return the latency of a query's dense vector, and of its lexicon vector by each model of the recipe's files."""
    dense = encoded[OURS].topics.encoding.dense
    times = {} if dense is None else {"dense": dense}
    for source, first in recipe.sources.items():
        if first.flops is None:
            times["lexicon" if source == OURS else f"lexicon, {source}"] = encoded[source].topics.encoding.lexicon
    return {name: latency_of(seconds) for name, seconds in times.items()}


def _rungs(ladder: Ladder, encoded: "Mapping[str, EncodedLadder]", progress: Progress) -> Iterator[Ladder]:
    """Yield the ladder with one more rung each time; `encoded` has each source of documents, CLIP's among them."""
    for documents in ladder.recipe.rungs:
        place = ladder.folder / str(documents)
        if encoded[OURS].tuning is not None:
            chosen = _shares(ladder.recipe, documents, ladder.folder, encoded[OURS], progress)
            ladder = ladder._replace(shares={**ladder.shares, documents: chosen})
        sides = {
            source: Side(rung_of(made.store, documents, place), made.topics, made.fingerprint)
            for source, made in encoded.items()
        }
        systems = systems_of(ladder.recipe, sides[OURS].rung, ladder.shares.get(documents))
        figures = measured_rung(systems, ladder.recipe.main, sides, progress)
        ladder = ladder._replace(rungs=[*ladder.rungs, figures])
        yield ladder


def _require_same_documents(sources: "Mapping[str, EncodedLadder]") -> None:
    """Raise InputError if a photo was read for one model and not for another, which would shift every docid."""
    first = sources[OURS].store
    for made in sources.values():
        both = min(len(first.ids), len(made.store.ids))
        if made.store.ids[:both] != first.ids[:both]:
            raise InputError(
                f"{made.store.folder}: its documents are not those of {first.folder}: photos have changed in between; "
                "delete both folders and run again"
            )


def _shares(recipe: LadderRecipe, documents: int, folder: Path, made: "EncodedLadder", progress: Progress) -> Shares:
    assert made.tuning is not None, "only a recipe with photos to choose them on has shares"
    rung = rung_without_targets(made.store, documents, folder / "tuning" / str(documents))
    return tuned_shares(recipe.points[0], rung, made.tuning.queries, made.tuning.topics.qrels, progress)
