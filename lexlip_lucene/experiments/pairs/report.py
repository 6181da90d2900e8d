"""The table of finished runs as Markdown: `python -m lexlip_lucene.experiments.pairs.report FOLDER`.

Each figure is the mean over seeds, with the standard deviation over them where there are two or more.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lexlip_lucene.experiments.pairs.arms import ARMS
from lexlip_lucene.experiments.pairs.runs import Runs
from lexlip_lucene.pairs.scorer import HEADS

RECALLS = ("R@1", "R@5", "R@10")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the table")
    print(tables(Runs(parser.parse_args(arguments).folder / "runs.jsonl").done))


def tables(runs: Sequence[dict[str, Any]]) -> str:
    """Return the tables of AUC, of the filter and of the trainings; one without a run has only its head."""
    parts = ["| score | AUC, random | AUC, nearest | Brier |", "| --- | ---: | ---: | ---: |"]
    aucs = [run for run in runs if run["kind"] == "auc"]
    for head in HEADS if aucs else ():
        cells = [_cell((run[head][key] for run in aucs), digits=3) for key in ("random", "nearest", "brier")]
        parts.append(f"| {head} | {' | '.join(cells)} |")
    parts += ["", "| noise | score | AUC | precision | recall | Brier |", "| ---: | --- | ---: | ---: | ---: | ---: |"]
    filters = [run for run in runs if run["kind"] == "filter"]
    for noise, head in sorted({(run["noise"], run["head"]) for run in filters}):
        some = [run for run in filters if (run["noise"], run["head"]) == (noise, head)]
        cells = [_cell((run[key] for run in some), digits=3) for key in ("auc", "precision", "recall", "brier")]
        parts.append(f"| {noise:g} | {head} | {' | '.join(cells)} |")
    parts += ["", "| noise | trained on | pairs | seeds | R@1 | R@5 | R@10 |", "| ---: | --- | " + "---: | " * 5]
    arms = [run for run in runs if run["kind"] == "arm"]
    for noise in sorted({run["noise"] for run in arms}):
        for arm in ARMS:
            some = [run for run in arms if (run["noise"], run["arm"]) == (noise, arm)]
            if some:
                cells = [_cell((100 * run[name] for run in some), digits=1) for name in RECALLS]
                pairs = _cell((run["pairs"] for run in some), digits=0, spread=False)
                parts.append(f"| {noise:g} | {arm} | {pairs} | {len(some)} | {' | '.join(cells)} |")
    return "\n".join(line.rstrip() for line in parts)


def _cell(values: Iterable[float], *, digits: int, spread: bool = True) -> str:
    found = list(values)
    mean = f"{np.mean(found):.{digits}f}"
    return f"{mean} ± {np.std(found, ddof=1):.{digits}f}" if spread and len(found) > 1 else mean


if __name__ == "__main__":
    main()
