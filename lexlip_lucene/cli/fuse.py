"""`lexlip fuse`: one run out of two."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lexlip_lucene.cli.run_file import read_run_aloud
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError


@verb
def fuse(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="Run, TREC six columns.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Another run over the same topics.")],
    output: Annotated[Path, typer.Option(help="Run to write.")],
    method: Annotated[
        Literal["rrf", "interpolation"], typer.Option(help="Reciprocal rank fusion, or a weighted sum of scores.")
    ] = "rrf",
    rrf_k: Annotated[int, typer.Option(help="RRF's constant.")] = 60,
    alpha: Annotated[float, typer.Option(help="Interpolation: weight of the first run.")] = 0.5,
    k: Annotated[int, typer.Option("-k", help="Hits kept a topic.")] = 1000,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Fuse two runs into one.

    \b
    Example: lexlip fuse lexlip.txt bm25.txt --output fused.txt
    """
    from lexlip_lucene.evaluate.fuse import interpolate, reciprocal_rank_fusion
    from lexlip_lucene.evaluate.run import write_run
    from lexlip_lucene.files.written import require_absent

    require_absent(output, force=force)
    if k < 1:
        raise InputError(f"-k must be at least 1, got {k}")
    runs = [read_run_aloud(first), read_run_aloud(second)]
    if method == "rrf":
        fused = reciprocal_rank_fusion(runs, k=rrf_k, depth=k)
    else:
        fused = interpolate(runs[0], runs[1], alpha=alpha, depth=k)
    write_run(output, fused, force=force)
    answer({"topics": len(fused), "run": output.absolute()}, f"{output}: {len(fused)} topics", as_json=json)
