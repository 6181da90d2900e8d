"""Errors that Python's garbage collector clears, with the frames that called Java: the process outlives it."""

import subprocess
import sys
from pathlib import Path

import pytest

CYCLES = """
import gc, json, sys
from pathlib import Path
from lexlip_lucene import ImpactIndex, ImpactSearcher, LexlipError

root = Path(sys.argv[1])
(root / "good").mkdir()
(root / "good" / "a.jsonl").write_text(json.dumps({"id": "a", "contents": "", "vector": {"a": 1}}))
(root / "bad").mkdir()
(root / "bad" / "a.jsonl").write_text(json.dumps({"id": "a", "contents": "", "vector": {"a b": 1}}))
ImpactIndex.build(root / "good", root / "index")
searcher = ImpactSearcher(root / "index")
attempts = {
    "refused": lambda: ImpactIndex.build(root / "bad", root / "other"),
    "too large": lambda: searcher.explain({"a": 2**63}, "a"),
    "absent": lambda: searcher.stored("b"),
    "no keyword": lambda: searcher.search({"a": 1}, filters={"split": "val"}),
}
for _ in range(20):
    try:
        attempts[sys.argv[2]]()
    except (LexlipError, OverflowError) as error:
        error.itself = error  # so that only the garbage collector can clear it
    else:
        sys.exit("no error")
    gc.collect()
print("alive")
"""


@pytest.mark.parametrize("attempt", ["refused", "too large", "absent", "no keyword"])
def test_an_error_in_a_circle_can_be_cleared(attempt: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", CYCLES, str(tmp_path), attempt]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr[-2000:]
