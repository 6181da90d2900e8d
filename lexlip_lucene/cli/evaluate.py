"""`lexlip eval`: the figures of a run."""

from pathlib import Path
from typing import Annotated

import typer

from lexlip_lucene.cli.verb import Debug, Json, answer, percent, verb


@verb
def evaluate(
    qrels: Annotated[Path, typer.Argument(help="Judgements, TREC four columns.")],
    run: Annotated[Path, typer.Argument(help="Run, TREC six columns.")],
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Evaluate a run: R@k counts a topic when a relevant hit is in the top k, as image-text papers do.

    Example: lexlip eval topics-val/qrels.txt run.txt
    """
    from lexlip_lucene.data.qrels import read_qrels
    from lexlip_lucene.evaluate.measures import evaluate as measure
    from lexlip_lucene.evaluate.run import read_run

    figures = measure(read_qrels(qrels), read_run(run))
    answer(figures, percent(figures), as_json=json)
