"""`lexlip bench`: run an index recipe and compare with the figures it expects."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lexlip_lucene.cli.verb import Debug, Json, Overrides, answer, percent, verb
from lexlip_lucene.errors import RegressionError

if TYPE_CHECKING:
    from lexlip_lucene.bench import BenchReport, Comparison


@verb
def bench(
    recipe: Annotated[Path, typer.Argument(help="Index recipe, a YAML file as in indexes/.")],
    overrides: Overrides = None,
    device: Annotated[str, typer.Option(help="torch device for a model that must be trained.")] = "auto",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Run an index recipe and compare with the figures it expects.

    Builds what is missing, searches and evaluates. Exit status 1 when a figure differs from what is expected, in
    either direction, by more than its tolerance.

    \b
    Example: lexlip bench indexes/flickr8k-t2i.yaml --set roots.data=flickr8k
    """
    from lexlip_lucene.bench import run_recipe
    from lexlip_lucene.progress import for_terminal

    if device == "auto":
        from lexlip_lucene.encoders.device import choose_device

        device = choose_device(device)
    report = run_recipe(recipe, overrides or [], device=device, progress=for_terminal())
    answer(_record(report), _told(report), as_json=json)
    failed = [_compared(comparison) for comparison in report.comparisons if not comparison.holds]
    if failed:
        raise RegressionError(f"{recipe}: not what the recipe expects within its tolerance: {'; '.join(failed)}")


def _record(report: "BenchReport") -> dict[str, object]:
    return {
        "name": report.name,
        "folder": report.folder.absolute(),
        "topics": report.topics,
        "figures": report.figures,
        "expected": [{**comparison._asdict(), "holds": comparison.holds} for comparison in report.comparisons],
        "index_bytes": report.index_bytes,
    }


def _told(report: "BenchReport") -> str:
    lines = [f"{report.name}: {report.topics} topics, in percent: {percent(report.figures)}"]
    for comparison in report.comparisons:
        lines.append(f"  {'ok     ' if comparison.holds else 'DIFFERS'}  {_compared(comparison)}")
    if not report.comparisons:
        lines.append("  the recipe expects no figures, so nothing was compared")
    return "\n".join([*lines, f"  run, index and topics are in {report.folder}"])


def _compared(comparison: "Comparison") -> str:
    expected = f"expected {100 * comparison.expected:.2f} ± {100 * comparison.tolerance:.2f}"
    if comparison.measured is None:
        return f"{comparison.measure} was not measured, {expected}"
    return f"{comparison.measure} is {100 * comparison.measured:.2f}, {expected}"
