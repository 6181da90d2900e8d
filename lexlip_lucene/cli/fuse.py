"""`lexlip fuse`: one run out of two."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lexlip_lucene.cli.run_file import read_run_aloud
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Run

if TYPE_CHECKING:
    from lexlip_lucene.evaluate.tuned_share import TunedShare


@verb
def fuse(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="Run, TREC six columns.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Another run over the same topics.")],
    output: Annotated[Path, typer.Option(help="Run to write.")],
    method: Annotated[
        Literal["rrf", "interpolation"] | None,
        typer.Option(
            help="Reciprocal rank fusion, or a weighted sum of scores; interpolation with --tune, else rrf.",
            show_default=False,
        ),
    ] = None,
    tune: Annotated[
        Path | None,
        typer.Option(
            metavar="QRELS", help="Judgements of some topics of the runs, on which interpolation chooses its weight."
        ),
    ] = None,
    rrf_k: Annotated[int, typer.Option(help="RRF's constant.")] = 60,
    alpha: Annotated[
        float | None, typer.Option(help="Interpolation: weight of the first run; 0.5 unless given or tuned.")
    ] = None,
    k: Annotated[int, typer.Option("-k", help="Hits kept a topic.")] = 1000,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Fuse two runs into one.

    With judgements of topics set aside (--tune) the runs are interpolated with the weight that is best for these, and
    figures on other topics are fair. Without, they are fused by ranks, which may cost the better run its first hits.

    \b
    Example: lexlip fuse lexlip.txt bm25.txt --output fused.txt --tune aside-qrels.txt
    """
    from lexlip_lucene.evaluate.fuse import interpolate, reciprocal_rank_fusion
    from lexlip_lucene.evaluate.run import write_run
    from lexlip_lucene.files.written import require_absent

    require_absent(output, force=force)
    if k < 1:
        raise InputError(f"-k must be at least 1, got {k}")
    method = method or ("rrf" if tune is None else "interpolation")
    if tune is not None and (method == "rrf" or alpha is not None):
        given = "--method rrf has no weight" if method == "rrf" else "--alpha is the weight"
        raise InputError(f"--tune chooses the weight of an interpolation, but {given}: leave one of them out")
    runs = [read_run_aloud(first), read_run_aloud(second)]
    record: dict[str, Any] = {"method": method}
    text = "fused by ranks"
    if method == "rrf":
        fused = reciprocal_rank_fusion(runs, k=rrf_k, depth=k)
    else:
        chosen = None if tune is None else _chosen(runs, tune)
        alpha = chosen.share if chosen else 0.5 if alpha is None else alpha
        fused = interpolate(runs[0], runs[1], alpha=alpha, depth=k)
        record["alpha"] = alpha
        text = f"interpolated, {alpha:g} of {first} and {1 - alpha:g} of {second}"
        if chosen:
            record |= {"tuned_on": chosen.topics, "shares": chosen.figures}
            text += f"; chosen on {chosen.topics} topics, whose own figures are flattered"
    write_run(output, fused, force=force)
    record |= {"topics": len(fused), "run": output.absolute()}
    answer(record, f"{output}: {len(fused)} topics, {text}", as_json=json)


def _chosen(runs: Sequence[Run], qrels: Path) -> "TunedShare":
    from lexlip_lucene.data.qrels import read_qrels
    from lexlip_lucene.evaluate.tuned_share import tuned_share
    from lexlip_lucene.progress import for_terminal

    return tuned_share(runs[0], runs[1], read_qrels(qrels), progress=for_terminal())
