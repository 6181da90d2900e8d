"""`lexlip eval`: the figures of a run."""

from pathlib import Path
from typing import Annotated

import typer

from lexlip_lucene.cli.run_file import read_run_aloud
from lexlip_lucene.cli.verb import Debug, Json, answer, percent, verb


@verb
def evaluate(
    qrels: Annotated[Path, typer.Argument(help="Judgements, TREC four columns.")],
    run: Annotated[Path, typer.Argument(help="Run, TREC six columns.")],
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure a run: recall, MRR and nDCG.

    R@k is the share of topics with a relevant hit in the top k, as image-text papers count it. Topics of the
    judgements that the run lacks count 0. Text is in percent, --json gives fractions.

    \b
    Example: lexlip eval topics-val/qrels.txt run.txt
    """
    from lexlip_lucene.data.qrels import read_qrels
    from lexlip_lucene.evaluate.measures import evaluate as measure

    judged = read_qrels(qrels)
    figures = measure(judged, read_run_aloud(run))
    topics = len({qrel.qid for qrel in judged})
    answer(figures, f"{percent(figures)}   (percent, {topics} topics)", as_json=json)
