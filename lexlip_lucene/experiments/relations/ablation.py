"""Arms of a recipe, trained with several seeds and measured on a split that no choice is made on.

    python -m lexlip_lucene.experiments.relations.ablation RECIPE --split val --runs FILE
        [--set KEY=VALUE …] [--seeds 3] [--arms base,neighbours,…] [--relations YAML] [--neighbours YAML]

Each finished run is a line of FILE; what is there already is not run again, so that a stopped series resumes. In the
end the table is printed: text→image recall as `training/run/selection.py` measures it, means and standard deviations
over the seeds. The final run of a recipe is left out, and so is its late head.
"""

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import yaml

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import Progress, for_terminal
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.examples.frozen_states import frozen_states
from lexlip_lucene.training.examples.sources import ImageSource, find_pictures
from lexlip_lucene.training.run.job import TrainingJob, prepare
from lexlip_lucene.training.run.selection import measure_aside

NAMES = ("R@1", "R@5", "R@10")


class Asked(NamedTuple):
    """Request for a series: the recipe, its overrides, the split to measure on, and the settings of the parts."""

    recipe: Path
    overrides: list[str]
    split: str
    relations: dict[str, Any]
    neighbours: dict[str, Any]

    def arms(self) -> dict[str, dict[str, Any]]:
        """Return the changes of `training` in each arm."""
        relations, neighbours = {"relations": self.relations}, {"neighbours": self.neighbours}
        return {
            "base": {},
            "neighbours": neighbours,
            "relations": relations,
            "both": {**neighbours, **relations},
            "permuted": {"relations": {**self.relations, "permuted": True}},
        }


class Ran(NamedTuple):
    """One run: its arm and seed, recall on the split and on the images kept aside in 0..1, and what it took."""

    arm: str
    seed: int
    recall: dict[str, float]
    aside: dict[str, float]
    seconds: float
    cpu_seconds: float
    steps: int
    best_step: int


def series(asked: Asked, arms: Sequence[str], seeds: int, runs: Path, progress: Progress) -> list[Ran]:
    """Run what `runs` lacks, appending each run to it; return all of its runs.

    Raises:
        InputError: an arm is unknown.
    """
    known = asked.arms()
    for arm in arms:
        if arm not in known:
            raise InputError(f"arms: {', '.join(known)} are known, got {arm!r}")
    done = read_runs(runs)
    for seed in range(seeds):
        missing = [arm for arm in arms if (arm, seed) not in {(ran.arm, ran.seed) for ran in done}]
        if not missing:
            continue
        for ran in _of_one_seed(asked, missing, seed, runs, progress):
            with runs.open("ab") as file:
                file.write(orjson.dumps(ran._asdict()) + b"\n")
            done.append(ran)
            progress.note(f"seed {seed}, {ran.arm}: {percent(ran.recall)} ({ran.seconds:.0f} s)")
    return done


def read_runs(path: Path) -> list[Ran]:
    """Return the runs of a file; none if it does not exist."""
    return [Ran(**orjson.loads(line)) for line in path.read_bytes().splitlines()] if path.exists() else []


def _of_one_seed(asked: Asked, arms: Sequence[str], seed: int, runs: Path, progress: Progress) -> Iterator[Ran]:
    """Read the data once, and train each arm on them."""
    recipe = read_recipe(asked.recipe, EncoderRecipe, [*asked.overrides, f"training.seed={seed}"])
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"final_run": False}), "late": None})
    cache = asked.recipe.with_suffix("") / "states"
    work = runs.with_suffix("")
    job = prepare(recipe, work / f"{seed}", cache=cache, progress=progress)
    source, captions, images = _measured_on(asked, recipe, job, cache, progress)
    for arm in arms:
        begun, cpu = time.monotonic(), time.process_time()
        own = with_parts(recipe, asked.arms()[arm])
        trained = replace(job, recipe=own, folder=work / f"{arm}-{seed}").trained(resume=False)
        took = time.monotonic() - begun, time.process_time() - cpu
        best = trained.outcome.best_aside
        yield Ran(
            arm=arm,
            seed=seed,
            recall=measure_aside(trained.model.eval(), source, captions, images).recall,
            aside={} if best is None else best.recall,
            seconds=took[0],
            cpu_seconds=took[1],
            steps=trained.outcome.steps,
            best_step=trained.outcome.best_step,
        )


def with_parts(recipe: EncoderRecipe, changes: Mapping[str, Any]) -> EncoderRecipe:
    """Return the recipe with these keys of `training`, read as those of any recipe are."""
    training = type(recipe.training).model_validate({**recipe.training.model_dump(), **changes})
    return recipe.model_copy(update={"training": training})


def _measured_on(
    asked: Asked, recipe: EncoderRecipe, job: TrainingJob, cache: Path, progress: Progress
) -> tuple[ImageSource, CaptionTokens, Any]:
    """Return the source, the captions and the numbers of the images measured on."""
    listed = read_captions(recipe.data.captions, split=asked.split, outside=recipe.data.outside)
    pictures = find_pictures(listed, recipe.image.size, workers=recipe.data.workers, progress=progress)
    images = [listed[number] for number in pictures.readable]
    captions = CaptionTokens.of(images, job.vocabulary.tokenizer, recipe.text.max_length)
    source: ImageSource = pictures.source
    if recipe.image.frozen:
        model = job.trainer("states", job.trained_on, None).model
        source = frozen_states(model, pictures.source, mirrored=False, cache=cache, progress=progress)
    return source, captions, np.arange(len(images))


def percent(recall: Mapping[str, float]) -> str:
    """Return recall in percent: `18.2/43.2/56.9`."""
    return "/".join(f"{100 * recall[name]:.1f}" for name in NAMES)


def table(runs: Sequence[Ran]) -> str:
    """Return a row an arm as Markdown: means over the seeds with standard deviations, and CPU time against the base."""
    lines = ["| arm | seeds | R@1 | R@5 | R@10 | CPU time |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    base = {ran.seed: ran.cpu_seconds for ran in runs if ran.arm == "base"}
    for arm in dict.fromkeys(ran.arm for ran in runs):
        own = [ran for ran in runs if ran.arm == arm]
        cells = []
        for name in NAMES:
            values = np.array([100 * ran.recall[name] for ran in own])
            spread = values.std(ddof=1) if len(values) > 1 else float("nan")
            cells.append(f"{values.mean():.2f} ± {spread:.2f}")
        ratios = [ran.cpu_seconds / base[ran.seed] for ran in own if ran.seed in base]
        time_taken = f"{np.median(ratios):.2f} ×" if ratios else ""
        lines.append(f"| {arm} | {len(own)} | {' | '.join(cells)} | {time_taken} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a series and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path, help="encoder recipe")
    parser.add_argument("--split", required=True, help="split measured on")
    parser.add_argument("--runs", type=Path, required=True, help="file that keeps the finished runs")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the recipe")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--arms", default="base,neighbours,relations,both,permuted")
    parser.add_argument("--relations", default="{}", help="keys of training.relations, as YAML")
    parser.add_argument("--neighbours", default="{}", help="keys of training.neighbours, as YAML")
    given = parser.parse_args(arguments)
    asked = Asked(
        given.recipe, given.set, given.split, yaml.safe_load(given.relations), yaml.safe_load(given.neighbours)
    )
    print(table(series(asked, given.arms.split(","), given.seeds, given.runs, for_terminal())))


if __name__ == "__main__":
    main()
