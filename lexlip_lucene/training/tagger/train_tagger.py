"""A tagger from its recipe: read the posts, train, keep the step that is best on the posts kept aside, write."""

import time
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.entities.tagged_posts import types_of
from lexlip_lucene.encoders.entities.entity_tagger import EntityTagger
from lexlip_lucene.encoders.entities.word_batch import WordCutter
from lexlip_lucene.evaluate.entity_f1 import EntityFigures
from lexlip_lucene.files.written import require_absent
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.recipes.tagger_recipe import TaggerRecipe
from lexlip_lucene.training.tagger.post_pictures import hold_pictures
from lexlip_lucene.training.tagger.start import start_tagger
from lexlip_lucene.training.tagger.tagged_data import keep_aside, read_posts
from lexlip_lucene.training.tagger.tagger_run import Part, TaggerRun
from lexlip_lucene.training.tagger.tagging_figures import tagging_figures


class TaggerReport(NamedTuple):
    """The outcome of a training.

    Attributes:
        posts, aside: trained on, and kept aside.
        missing, unreadable: pictures that posts name and that are not there, or can't be read.
        steps, best_step: in all, and the one that is kept.
        seconds: of the training.
        dev: figures on the posts kept aside at that step.
        valid: those on the posts that are only reported; None if the recipe names none.
    """

    posts: int
    aside: int
    missing: int
    unreadable: int
    steps: int
    best_step: int
    seconds: float
    dev: EntityFigures
    valid: EntityFigures | None

    def figures(self) -> dict[str, EntityFigures | None]:
        """Return the figures by name."""
        return {"dev": self.dev, "valid": self.valid}


def train_tagger(
    recipe: TaggerRecipe,
    output: Path,
    *,
    cache: Path | None = None,
    device: str = "cpu",
    force: bool = False,
    progress: Progress = SILENT,
) -> TaggerReport:
    """Train a tagger and write its folder; the same recipe gives the same tagger on the same machine.

    Args:
        recipe: of the tagger.
        output: its folder.
        cache: keeps the states of a frozen tower for the next run; None: they are not kept.
        device: a torch device.
        force: replace `output`.
        progress: receives steps and figures.

    Raises:
        InputError: the posts can't be read, or are not enough.
        ModelError: a part of the network can't be loaded.
        OutputError: `output` exists and `force` is off, or can't be written.
        TrainingError: the loss is not a finite number any more.
    """
    require_absent(output, force=force)
    begun = time.monotonic()
    whole = read_posts(recipe.data.train, recipe.data.images)
    valid = None if recipe.data.valid is None else read_posts(recipe.data.valid, recipe.data.images)
    learned, aside = keep_aside(whole, recipe.data, recipe.training.seed)
    config, tokenizer, network = start_tagger(recipe, types_of(whole.posts))
    network.to(device)
    cutter = WordCutter(tokenizer, config.text.max_length)
    pictures = hold_pictures(whole.pictures, network, progress, cache)
    to_learn, to_choose = (Part(whole.chosen(one), pictures.chosen(one)) for one in (learned, aside))
    run = TaggerRun(network, cutter, to_learn, to_choose, recipe.training, progress)
    best_step, dev = run.train()
    tagger = EntityTagger(config, tokenizer, network)
    unreadable, of_valid = pictures.unreadable, None
    if valid is not None:
        pictures = hold_pictures(valid.pictures, network, progress, cache)
        unreadable += pictures.unreadable
        of_valid = tagging_figures(network, cutter, valid, pictures)
    report = TaggerReport(
        posts=len(learned),
        aside=len(aside),
        missing=whole.missing + (0 if valid is None else valid.missing),
        unreadable=unreadable,
        steps=run.steps,
        best_step=best_step,
        seconds=time.monotonic() - begun,
        dev=dev,
        valid=of_valid,
    )
    tagger.save_pretrained(output, card=tagger_card(recipe, report), force=force)
    return report


def tagger_card(recipe: TaggerRecipe, report: TaggerReport) -> str:
    """Return the README.md of the tagger's folder."""
    lines = [
        f"# {recipe.name}",
        "",
        recipe.about or "An entity tagger of lexlip_lucene.",
        "",
        f"Trained on {report.posts} posts for {report.steps} steps; step {report.best_step} is kept, the best on "
        f"{report.aside} posts kept aside.",
        "",
        "| posts | precision | recall | strict F1 |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, figures in (("kept aside", report.dev), ("valid, only reported", report.valid)):
        if figures is not None:
            lines.append(
                f"| {name} | {100 * figures.precision:.2f} | {100 * figures.recall:.2f} | {100 * figures.f1:.2f} |"
            )
    return "\n".join(lines) + "\n"
