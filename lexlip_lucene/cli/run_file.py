"""A run on the command line: read, and what is odd about its scores and ranks said on stderr."""

import sys
from pathlib import Path

from lexlip_lucene.records import Run


def read_run_aloud(path: Path) -> Run:
    """Read a run and say what its reader must know of it; errors as `read_run` has them."""
    from lexlip_lucene.evaluate.run import read_run, run_remarks

    run = read_run(path)
    for remark in run_remarks(run):
        print(f"{path}: {remark}", file=sys.stderr)
    return run
