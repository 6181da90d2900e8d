"""`lexlip bench`: run an index recipe and compare with the figures it expects."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lexlip_lucene.cli.verb import Debug, Json, Overrides, answer, percent, verb
from lexlip_lucene.errors import RegressionError

if TYPE_CHECKING:
    from lexlip_lucene.bench import BenchReport


@verb
def bench(
    recipe: Annotated[Path, typer.Argument(help="Index recipe, a YAML file as in indexes/.")],
    overrides: Overrides = None,
    device: Annotated[str, typer.Option(help="torch device for a model that must be trained.")] = "auto",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Build what is missing, search, evaluate, compare; exit 1 when a figure differs from what is expected.

    Example: lexlip bench indexes/flickr8k-t2i.yaml --set roots.data=flickr8k
    """
    from lexlip_lucene.bench import run_recipe
    from lexlip_lucene.progress import for_terminal

    if device == "auto":
        from lexlip_lucene.encoders.device import choose_device

        device = choose_device(device)
    report = run_recipe(recipe, overrides or [], device=device, progress=for_terminal())
    answer(_record(report), _told(report), as_json=json)
    failed = [comparison.measure for comparison in report.comparisons if not comparison.holds]
    if failed:
        raise RegressionError(
            f"{recipe}: {', '.join(failed)} differ from what the recipe expects by more than its tolerance"
        )


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
    lines = [f"{report.name}: {report.topics} topics, {percent(report.figures)}"]
    for comparison in report.comparisons:
        measured = "not measured" if comparison.measured is None else f"{100 * comparison.measured:.2f}"
        verdict = "ok" if comparison.holds else "DIFFERS"
        lines.append(
            f"  {comparison.measure:<8} {measured:>12}  expected {100 * comparison.expected:.2f} "
            f"± {100 * comparison.tolerance:.2f}  {verdict}"
        )
    return "\n".join(lines)
