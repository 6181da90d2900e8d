"""The table of noisy pairs: `python -m lexlip_lucene.experiments.pairs.table RECIPE --output FOLDER --set …`.

For each seed and share of noise: captions of the training split are shuffled, every pair is scored out of fold, and
trainings see the clean captions, the noisy ones, those that the filter keeps, all with soft weights, as many dropped at
random, and those that the truth would keep. Text→image recall is on the split `val`, on which nothing is chosen.

FOLDER/runs.jsonl gets a line for each run that has ended; a run that is there is not done again. `report.py` makes the
table of it. The backbone must be frozen: its states are computed once, and kept beside RECIPE.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.data.pairs.pair_filter import keep_most_probable
from lexlip_lucene.data.pairs.pair_scores import read_pair_scores
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.platt import brier, reliability
from lexlip_lucene.evaluate.separation import auc
from lexlip_lucene.experiments.pairs.arms import ARMS, pairs_of, recall_of, seeded, with_captions
from lexlip_lucene.experiments.pairs.noise import Noisy, shuffled, write_truth
from lexlip_lucene.experiments.pairs.runs import Runs
from lexlip_lucene.experiments.pairs.separation import separation
from lexlip_lucene.pairs.folds import scored_folds, trained_folds
from lexlip_lucene.pairs.judged import calibrated, make_scorers
from lexlip_lucene.pairs.scorer import HEADS, Head
from lexlip_lucene.pairs.written import write_matches
from lexlip_lucene.pictures.reliability import draw_reliability
from lexlip_lucene.progress import Progress, for_terminal
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.training.examples.frozen_states import FrozenStates, frozen_states
from lexlip_lucene.training.examples.sources import find_pictures
from lexlip_lucene.training.run.job import TrainingJob, prepare
from lexlip_lucene.training.start.starting import captions_of, make_model


@dataclass(frozen=True)
class Table:
    """Data and settings that all runs share.

    Attributes:
        job: over the clean training split.
        val: images that recall is measured on.
        val_states: their states.
        runs: those that have ended.
        folder: for files of pairs and logs.
        folds: of the scoring.
        head: that filters.
        progress: receives every stage.
    """

    job: TrainingJob
    val: list[CaptionedImage]
    val_states: FrozenStates
    runs: Runs
    folder: Path
    folds: int
    head: Head
    progress: Progress

    def separations(self, seed: int) -> None:
        """Measure the AUC of every kind of score on clean captions, out of fold."""
        if self.runs.has(kind="auc", seed=seed):
            return
        recipe = seeded(self.job.recipe, seed, None, late=True)
        job = with_captions(self.job, self.job.images, recipe, self.folder / "logs" / "auc")
        found: dict[str, list[Any]] = {head: [] for head in HEADS}
        briers: dict[str, list[float]] = {head: [] for head in HEADS}
        for fold in trained_folds(job, self.folds, seed=seed, folder=self.folder / "logs" / "folds"):
            among = np.arange(len(fold.images))
            scorers = make_scorers(HEADS, fold.encoded, fold.own, seed=seed, progress=self.progress)
            for head, scorer in scorers.items():
                found[head].append(separation(scorer, fold.encoded, fold.own, among, seed))
                briers[head].append(calibrated(scorer, fold.own, fold.calibrating, seed=seed).brier)
                self.progress.note(f"{head}: {found[head][-1]}, Brier {briers[head][-1]:.4f}")
        record: dict[str, Any] = {
            head: {
                "random": float(np.mean([one.random for one in found[head]])),
                "nearest": float(np.mean([one.nearest for one in found[head]])),
                "brier": float(np.mean(briers[head])),
            }
            for head in HEADS
        }
        self.runs.add({"kind": "auc", "seed": seed, "folds": self.folds, **record})

    def arms(self, noise: float, seed: int, only: Sequence[str]) -> None:
        """Run what is missing of one share of noise and one seed."""
        noisy = shuffled(self.job.images, noise, seed)
        files = {name: self.folder / f"{name}-{noise:g}-{seed}.jsonl" for name in ("matches", "truth", "chance")}
        write_truth(files["truth"], noisy.images, noisy.stayed.astype(float), force=True)
        chances = np.random.default_rng([seed, 7]).random(len(noisy.stayed))
        write_truth(files["chance"], noisy.images, chances, force=True)
        if not files["matches"].exists() or not self.runs.has(kind="filter", noise=noise, seed=seed):
            self._match(noisy, noise, seed, files["matches"])
        for arm in ARMS:
            key = {"kind": "arm", "arm": arm, "noise": 0.0 if arm == "clean" else noise, "seed": seed}
            if arm not in only or self.runs.has(**key):
                continue
            pairs = pairs_of(arm, files["matches"], files["truth"], files["chance"], 1 - noise)
            recipe = seeded(self.job.recipe, seed, pairs, late=False)
            images = self.job.images if arm == "clean" else noisy.images
            begun = time.monotonic()
            job = with_captions(self.job, images, recipe, self.folder / "logs" / arm)
            model = job.trained(resume=False).model
            recall = recall_of(model, self.val_states, self.val)
            self.progress.note(f"{key}: {recall}")
            count = sum(len(image.captions) for image in job.images)
            self.runs.add({**key, **recall, "pairs": count, "seconds": round(time.monotonic() - begun)})

    def _match(self, noisy: Noisy, noise: float, seed: int, path: Path) -> None:
        """Score the noisy pairs out of fold, and say how good the filter is."""
        begun = time.monotonic()
        recipe = seeded(self.job.recipe, seed, None, late=self.head != "lexlip")
        job = with_captions(self.job, noisy.images, recipe, self.folder / "logs" / "match")
        scored = scored_folds(
            job, self.folds, head=self.head, prior=1 - noise, seed=seed, folder=self.folder / "logs" / "folds"
        )
        write_matches(path, noisy.images, scored.scores, scored.p, force=True)
        kept = keep_most_probable(noisy.images, read_pair_scores(path), 1 - noise, path)
        stays = kept.stays
        wrong = ~noisy.stayed
        draw_reliability([reliability(scored.p, noisy.stayed)], path.with_suffix(".svg"))
        self.runs.add(
            {
                "kind": "filter",
                "noise": noise,
                "seed": seed,
                "head": self.head,
                "folds": self.folds,
                "auc": auc(scored.scores[noisy.stayed], scored.scores[wrong]),
                "precision": float(wrong[~stays].mean()),
                "recall": float((~stays)[wrong].mean()),
                "brier": brier(scored.p, noisy.stayed),
                "seconds": round(time.monotonic() - begun),
            }
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path, help="encoder recipe with a frozen backbone and a late head")
    parser.add_argument("--output", type=Path, required=True, help="folder")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the recipe")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--noise", type=float, nargs="*", default=[0.3, 0.6])
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--head", choices=HEADS, default="both", help="that filters")
    parser.add_argument("--no-auc", action="store_true", help="leave the AUC of all heads out")
    given = parser.parse_args(arguments)
    recipe = read_recipe(given.recipe, EncoderRecipe, given.set)
    table = opened(recipe, given.output, given.recipe.with_suffix("") / "states", given.folds, given.head)
    for seed in given.seeds:
        if not given.no_auc:
            table.separations(seed)
        for noise in given.noise:
            table.arms(noise, seed, given.arms)


def opened(recipe: EncoderRecipe, folder: Path, cache: Path, folds: int, head: Head) -> Table:
    """Read the pictures of both splits, and run the backbone over those that are not in the cache.

    Raises:
        InputError: the backbone is not frozen, or a picture of `val` can't be read.
    """
    progress = for_terminal()
    if not recipe.image.frozen:
        raise InputError("the table needs a recipe with a frozen backbone: set image.frozen")
    job = prepare(recipe, folder / "job", cache=cache, progress=progress)
    val = read_captions(recipe.data.captions, split="val", outside=recipe.data.outside)
    pictures = find_pictures(val, recipe.image.size, progress=progress)
    if pictures.rejected:
        raise InputError(f"every picture of val is needed, but {pictures.rejected[0]}")
    backbone = make_model(recipe, job.vocabulary, captions_of(job.images, job.trained_on))
    states = frozen_states(backbone, pictures.source, mirrored=False, cache=cache, progress=progress)
    return Table(job, val, states, Runs(folder / "runs.jsonl"), folder, folds, head, progress)


if __name__ == "__main__":
    main()
