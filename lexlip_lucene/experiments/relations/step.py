"""The cost of a relation step beside a plain one, step by step in turn, in one process.

    python -m lexlip_lucene.experiments.relations.step RECIPE [--set KEY=VALUE …] [--relations YAML] [--steps 20]

Both trainers have the same data and draws; only one has the relation loss, from its first step on. Printed are the
medians over the steps of CPU and wall time, and the median of the ratios.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from torch import nn

from lexlip_lucene.experiments.relations.ablation import with_parts
from lexlip_lucene.progress import for_terminal
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.training.run.job import TrainingJob, prepare
from lexlip_lucene.training.run.loop import Trainer

WARM_UP = 3


class Took(NamedTuple):
    """Seconds that a step took."""

    cpu: float
    wall: float


def steps_in_turn(trainers: Sequence[Trainer], steps: int) -> list[list[Took]]:
    """Return what each step of each trainer took, forward and backward; the first few are left out."""
    took: list[list[Took]] = [[] for _ in trainers]
    drawn = list(trainers[0].inputs(0, steps + WARM_UP))
    parameters = [[*trainer.model.parameters(), *trainer.objective.parameters()] for trainer in trainers]
    for step, images, inputs in drawn:
        for number, trainer in enumerate(trainers):
            begun = Took(time.process_time(), time.monotonic())
            trainer.gradients(step, images, inputs, parameters[number])
            took[number].append(Took(time.process_time() - begun.cpu, time.monotonic() - begun.wall))
            _forget(parameters[number])
    return [some[WARM_UP:] for some in took]


def _forget(parameters: Sequence[nn.Parameter]) -> None:
    for parameter in parameters:
        parameter.grad = None


def _trainer(job: TrainingJob, recipe: EncoderRecipe) -> Trainer:
    return replace(job, recipe=recipe).trainer("step", job.trained_on, None)


def main(arguments: Sequence[str] | None = None) -> None:
    """Time both kinds of step, and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path, help="encoder recipe")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the recipe")
    parser.add_argument("--relations", default="{}", help="keys of training.relations, as YAML")
    parser.add_argument("--steps", type=int, default=20, help="steps of each kind")
    given = parser.parse_args(arguments)
    recipe = read_recipe(given.recipe, EncoderRecipe, [*given.set, "training.word_phase=0"])
    cache = given.recipe.with_suffix("") / "states"
    job = prepare(recipe, given.recipe.with_suffix("") / "step", cache=cache, progress=for_terminal())
    relations = {**yaml.safe_load(given.relations), "from": 0}
    both = [_trainer(job, recipe), _trainer(job, with_parts(recipe, {"relations": relations}))]
    took = [np.array(some) for some in steps_in_turn(both, given.steps)]
    for name, some in zip(("plain", "relations"), took, strict=True):
        cpu, wall = np.median(some, axis=0)
        print(f"{name}: {1000 * cpu:.0f} ms CPU, {1000 * wall:.0f} ms wall")
    ratios = took[1] / took[0]
    low, high = np.percentile(ratios[:, 0], [10, 90])
    print(
        f"ratio: {np.median(ratios[:, 0]):.2f} of CPU ({low:.2f} to {high:.2f}), {np.median(ratios[:, 1]):.2f} of wall"
    )


if __name__ == "__main__":
    main()
