"""The promises of test_lexicon_pool.py, kept by the Triton kernels in Triton's interpreter.

In a process of its own: the interpreter is chosen when Triton is loaded, and for all kernels of the process.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PROMISES = Path(__file__).with_name("test_lexicon_pool.py")


@pytest.mark.skipif(find_spec("triton") is None, reason="triton, which comes with torch on Linux alone, is not here")
def test_the_kernels_keep_every_promise_of_the_pool_in_the_interpreter() -> None:
    environment = os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "pytest", str(PROMISES), "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=PROMISES.parent)
    assert done.returncode == 0, done.stdout + done.stderr
