"""`lexlip bench-engine`: this bridge beside stock Pyserini, SINDI, BMP, PISA, Seismic and flat dense search."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError, RegressionError

if TYPE_CHECKING:
    from lexlip_lucene.experiments.engine.data import Source


class Shape(StrEnum):
    """Shapes of made-up vectors."""

    flat = "flat"
    photos = "photos"


@verb
def bench_engine(
    output: Annotated[Path, typer.Argument(help="Folder for vectors, indexes and reports; kept between runs.")],
    documents: Annotated[int, typer.Option(help="Vectors to measure on.")] = 100_000,
    queries: Annotated[int, typer.Option(help="Queries of 8 terms, and as many of 32.")] = 500,
    shape: Annotated[Shape, typer.Option(help="Made-up vectors: flat ones, or of photos' shape.")] = Shape.flat,
    order: Annotated[bool, typer.Option("--order", help="Documents ordered as `lexlip index --order` does.")] = False,
    model: Annotated[Path | None, typer.Option(help="Model folder: vectors shaped like its own.")] = None,
    images: Annotated[Path | None, typer.Option(help="Captions file of the photos to start from.")] = None,
    split: Annotated[str | None, typer.Option(help="Take only the photos of this split.")] = None,
    repeats: Annotated[int, typer.Option(help="Interleaved repeats of every search.")] = 5,
    build_repeats: Annotated[int, typer.Option(help="Repeats of every build.")] = 1,
    threads: Annotated[int, typer.Option(help="Threads of builds and batches.")] = 2,
    systems: Annotated[str, typer.Option(help="What to measure, with commas between; all unless given.")] = "",
    executions: Annotated[bool, typer.Option("--executions", help="Measure each execution of ours, too.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit status 1 unless all bounds are held.")] = False,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Measure this bridge beside other engines.

    Builds and searches the same vectors with every system in one run: made-up ones, flat or shaped like photos', or,
    with --model and --images, those of photos and of mixes of their features. Writes report-lucene-VERSION.json and
    .md into OUTPUT. An engine that is not installed is left out; extra `bench` brings them all.

    \b
    Example: lexlip bench-engine engines --documents 20000 --systems ours,stock
    """
    from lexlip_lucene.experiments.engine.bounds import not_held
    from lexlip_lucene.experiments.engine.report import bounds_table, markdown, record
    from lexlip_lucene.experiments.engine.run import SYSTEMS, Settings, measure
    from lexlip_lucene.experiments.engine.systems.ours import other_executions
    from lexlip_lucene.files.written import require_absent, written_file
    from lexlip_lucene.lucene.jvm.java import find_jar
    from lexlip_lucene.progress import for_terminal

    wanted = tuple(systems.split(",")) if systems else SYSTEMS
    further = other_executions() if executions else ()
    settings = Settings(wanted, repeats, build_repeats, threads, further, order)
    source = _source(documents, queries, shape, model=model, images=images, split=split, states=output / "states")
    report = output / f"{'ordered-' if order else ''}report-lucene-{find_jar().lucene}.json"
    require_absent(report, force=force)
    measured = measure(source, output, settings, force=force, progress=for_terminal())
    found = record(measured)
    with written_file(report, force=force) as file:
        import orjson

        file.write(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    with written_file(report.with_suffix(".md"), force=True) as file:
        file.write(markdown(measured).encode())
    answer({**found, "report": report.absolute()}, f"{bounds_table(measured.rows)}\nsee {report}", as_json=json)
    missed = not_held(measured.rows)
    if check and missed:
        raise RegressionError(f"{report}: not all bounds are held: {'; '.join(missed)}")


def _source(
    documents: int,
    queries: int,
    shape: Shape,
    *,
    model: Path | None,
    images: Path | None,
    split: str | None,
    states: Path,
) -> "Source":
    from lexlip_lucene.experiments.engine.caption_mixes import CaptionMixes
    from lexlip_lucene.experiments.engine.photos import PhotoVectors
    from lexlip_lucene.experiments.engine.synthetic import SyntheticVectors

    for name, count in (("documents", documents), ("queries", queries)):
        if count < 1:
            raise InputError(f"{name} must be at least 1, got {count}")
    if (model is None) != (images is None):
        raise InputError("--model and --images belong together: give both, or neither for made-up vectors")
    if model is None or images is None:
        if split is not None:
            raise InputError(f"--split {split} is for the photos of --images, and there are none")
        return SyntheticVectors(documents, queries) if shape is Shape.flat else CaptionMixes(documents, queries)
    if shape is Shape.photos:
        raise InputError("--shape is for made-up vectors: leave it out, or --model and --images")
    return PhotoVectors(documents, queries, model=model, captions=images, split=split, states=states)
