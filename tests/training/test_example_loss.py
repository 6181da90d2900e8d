"""The example of a new loss, run as its reader runs it."""

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "add_a_loss.py"


def test_the_example_adds_a_loss_that_training_logs_and_lowers(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, EXAMPLE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    norms = re.findall(r"^weight (0\.0|0\.1): loss/l1 (\d+\.\d{4}) at step 20$", run.stdout, re.MULTILINE)
    assert [weight for weight, _ in norms] == ["0.0", "0.1"]
    without, with_it = (float(norm) for _, norm in norms)
    assert 0 < with_it < without / 2
    assert list(tmp_path.iterdir()) == []
