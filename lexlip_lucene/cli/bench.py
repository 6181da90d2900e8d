"""`lexlip bench`: run an index recipe and compare with the figures it expects."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lexlip_lucene.cli.verb import Debug, Json, Overrides, answer, percent, verb
from lexlip_lucene.errors import InputError, OutputError, RegressionError

if TYPE_CHECKING:
    from lexlip_lucene.experiments.recipe_run import BenchReport, Comparison


HEAP_SHARE = 0.4
"""Of the machine's memory, for Java in a ladder."""


@verb
def bench(
    recipe: Annotated[Path, typer.Argument(help="Index recipe, a YAML file as in indexes/.")],
    overrides: Overrides = None,
    device: Annotated[str, typer.Option(help="torch device for a model that must be trained.")] = "auto",
    judge_pool: Annotated[
        Path | None,
        typer.Option(help="Ladders: write the documents that stand before the right image, for a person to judge."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a judge pool that exists.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Run an index recipe, held to the figures it expects.

    Builds what is missing, searches and evaluates. Exit status 1 when a figure differs from what is expected, in
    either direction, by more than its tolerance. A recipe with `system: ladder` sets many systems side by side at
    every scale, and writes report.md, report.json and pictures into the folder of its name, after each of them.

    \b
    Example: lexlip bench indexes/flickr8k-t2i.yaml --set roots.data=flickr8k
    """
    from lexlip_lucene.recipes.ladder_recipe import is_ladder

    if device == "auto":
        from lexlip_lucene.encoders.model.device import choose_device

        device = choose_device(device)
    if is_ladder(recipe):
        comparisons = _ladder(recipe, overrides or [], device, judge_pool, force=force, json=json)
    else:
        if judge_pool is not None:
            raise InputError(f"{recipe}: --judge-pool is for ladders, and this recipe is none")
        comparisons = _experiment(recipe, overrides or [], device, json)
    failed = [_compared(comparison) for comparison in comparisons if not comparison.holds]
    if failed:
        raise RegressionError(f"{recipe}: not what the recipe expects within its tolerance: {'; '.join(failed)}")


def _experiment(recipe: Path, overrides: list[str], device: str, json: bool) -> list["Comparison"]:
    from lexlip_lucene.experiments.recipe_run import run_recipe
    from lexlip_lucene.progress import for_terminal

    report = run_recipe(recipe, overrides, device=device, progress=for_terminal())
    answer(_record(report), _as_text(report), as_json=json)
    return report.comparisons


def _ladder(
    recipe: Path, overrides: list[str], device: str, judge_pool: Path | None, *, force: bool, json: bool
) -> list["Comparison"]:
    from lexlip_lucene.experiments.ladder.judge_pool import write_judge_pool
    from lexlip_lucene.experiments.ladder.report.report import figures_of, write_report
    from lexlip_lucene.experiments.ladder.run import run_ladder
    from lexlip_lucene.experiments.recipe_run import compared
    from lexlip_lucene.files.written import require_writable
    from lexlip_lucene.lucene.jvm.jvm import jvm_runs, start_jvm
    from lexlip_lucene.progress import for_terminal

    if judge_pool is not None:
        if judge_pool.resolve() == recipe.resolve():
            raise OutputError(f"{judge_pool} is the recipe, so it can't be the judge pool: choose another name")
        require_writable(judge_pool, force=force)
    if not jvm_runs():  # all indexes are open at once, and their decoded postings share a third of the heap
        start_jvm(heap=f"{int(HEAP_SHARE * os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')) >> 20}m")
    for ladder in run_ladder(recipe, overrides, device=device, progress=for_terminal()):
        record = write_report(ladder)  # after each rung, so that what stops a later one takes nothing away
    if judge_pool is not None:
        write_judge_pool(ladder, judge_pool, force=force)
    comparisons = compared(figures_of(ladder), ladder.recipe.asked_figures())
    expected = [{**comparison._asdict(), "holds": comparison.holds} for comparison in comparisons]
    report = ladder.folder / "report.md"
    text = "\n".join([report.read_text(encoding="utf-8"), *_compared_lines(comparisons), f"  written to {report}"])
    answer({**record, "folder": ladder.folder.absolute(), "expected": expected}, text, as_json=json)
    return comparisons


def _record(report: "BenchReport") -> dict[str, object]:
    return {
        "name": report.name,
        "folder": report.folder.absolute(),
        "topics": report.topics,
        "figures": report.figures,
        "expected": [{**comparison._asdict(), "holds": comparison.holds} for comparison in report.comparisons],
        "index_bytes": report.index_bytes,
    }


def _as_text(report: "BenchReport") -> str:
    lines = [f"{report.name}: {report.topics} topics, in percent: {percent(report.figures)}"]
    lines += _compared_lines(report.comparisons)
    return "\n".join([*lines, f"  run, index and topics are in {report.folder}"])


def _compared_lines(comparisons: list["Comparison"]) -> list[str]:
    if not comparisons:
        return ["  the recipe expects no figures, so nothing was compared"]
    return [f"  {'ok     ' if comparison.holds else 'DIFFERS'}  {_compared(comparison)}" for comparison in comparisons]


def _compared(comparison: "Comparison") -> str:
    if comparison.measure.endswith(" bytes") or comparison.measure == "topics":
        measured = "not measured" if comparison.measured is None else f"{comparison.measured:.0f}"
        expected = f"{comparison.expected:.0f} ± {comparison.tolerance:.0f}"
        return f"{comparison.measure}: {measured}, expected {expected}"
    expected = f"expected {100 * comparison.expected:.2f} ± {100 * comparison.tolerance:.2f}"
    if comparison.measured is None:
        return f"{comparison.measure} was not measured, {expected}"
    return f"{comparison.measure} is {100 * comparison.measured:.2f}, {expected}"
