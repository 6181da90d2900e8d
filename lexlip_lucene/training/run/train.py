"""From an encoder recipe to a model folder: read, start, train, choose, calibrate, save.

MODEL/                       the model
MODEL.training/choosing/     the log and the checkpoint of the run in which the best step is chosen
MODEL.training/final/        those of the final run, if the recipe has one
"""

import shutil
import time
from pathlib import Path

from lexlip_lucene.encoders.visual.visual_file import visual_bytes
from lexlip_lucene.files.written import require_absent
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe, StaticTextRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.training.losses.needs import require_needs
from lexlip_lucene.training.losses.terms import named_terms, needs_of
from lexlip_lucene.training.parallel import join_team, leave_team
from lexlip_lucene.training.run.calibration import calibrate
from lexlip_lucene.training.run.card import model_card
from lexlip_lucene.training.run.function_words import put_function_words_last
from lexlip_lucene.training.run.job import TrainingJob, prepare
from lexlip_lucene.training.run.late_selection import Mixed
from lexlip_lucene.training.run.run_state import Outcome
from lexlip_lucene.training.run.train_report import TrainReport
from lexlip_lucene.training.run.word_files import word_files
from lexlip_lucene.training.start.sentence_files import sentence_files
from lexlip_lucene.training.visual.visual_words import train_visual
from lexlip_lucene.words.visual_words import VISUAL_FILE


def train(
    recipe: EncoderRecipe | Path | str,
    output: Path | str,
    *,
    cache: Path | str | None = None,
    device: str = "cpu",
    resume: bool = False,
    force: bool = False,
    progress: Progress = SILENT,
) -> TrainReport:
    """Train as `recipe` says and write the model folder `output`; under torchrun, all processes call this.

    A loss of your own is registered first (`training.losses.terms.register`) and named in the recipe's
    `training.terms`.

    Args:
        recipe: the encoder recipe, or the path of one.
        output: the model folder to write; log and checkpoint go beside it, into `OUTPUT.training`.
        cache: a folder that keeps a frozen backbone's states, a teacher's embeddings and the expander between runs;
            None: they are not kept.
        device: a torch device: `cpu`, `cuda`, `cuda:1`, ….
        resume: resume from the checkpoint beside `output`; if there is none, begin.
        force: replace `output`, and not raise an error, if it exists.
        progress: receives every stage, and the steps done.

    Returns:
        The steps done and the step that was chosen, the seconds taken, the mean loss of the last tenth of the steps,
        R@1, R@5 and R@10 in 0..1 on the images kept aside, with the late head's mix and those of re-ranked hits if the
        recipe has `late`, and the number of images read and rejected.

    Raises:
        RecipeError: `training.terms` names an unknown loss or has a wrong setting, or a loss lacks what it needs.
        InputError: the data can't be read, or has too few images, or the checkpoint is of another recipe.
        ModelError: a tower can't be loaded.
        TrainingError: the loss is no longer a finite number.
        MemoryLimitError: the memory of the machine or its GPU does not suffice.
        OutputError: `output` exists and `force` is off, or can't be written.
    """
    output, cache = Path(output), None if cache is None else Path(cache)
    if not isinstance(recipe, EncoderRecipe):
        recipe = read_recipe(Path(recipe), EncoderRecipe)
    require_absent(output, force=force)
    require_needs(needs_of(named_terms(recipe.training)), recipe)
    begun = time.monotonic()
    team = join_team(device)
    try:
        heard = progress if team.leads else SILENT
        job = prepare(recipe, output, team=team, device=device, cache=cache, progress=heard)
        if not resume and team.leads and job.folder.exists():
            shutil.rmtree(job.folder)
        team.wait()
        model, outcome, late = job.trained(resume=resume)
        report = _report(outcome, late, job, time.monotonic() - begun)
        if team.leads:
            captions = [image.captions for image in job.images]
            if isinstance(recipe.text, StaticTextRecipe) and recipe.text.function_words_last:
                put_function_words_last(model)
            calibrate(model, job.source, captions, job.trained_on)
            card = model_card(recipe, report._asdict())
            files = word_files(model, recipe, captions, job.vocabulary.further)
            if recipe.late is not None and recipe.late.sentences is not None:
                files |= sentence_files(recipe.late.sentences)
            if recipe.visual is not None:
                files[VISUAL_FILE] = visual_bytes(train_visual(model, job.images, recipe.visual, progress=heard))
            model.save_pretrained(output, card=card, extra_files=files, force=force)
        team.wait()
    finally:
        leave_team(team)
    return report


def _report(outcome: Outcome, late: Mixed | None, job: TrainingJob, seconds: float) -> TrainReport:
    aside = outcome.best_aside
    return TrainReport(
        steps=outcome.steps,
        best_step=outcome.best_step,
        seconds=seconds,
        loss=outcome.loss,
        dev={} if aside is None else aside.recall,
        tokens_per_image=0.0 if aside is None else aside.tokens_per_image,
        images=len(job.images),
        rejected=job.rejected,
        dense_dev=None if aside is None else aside.dense_recall,
        late_dev=None if late is None else late.recall,
        late_mix=None if late is None else late.mix,
    )
