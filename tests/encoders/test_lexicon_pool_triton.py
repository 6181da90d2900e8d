"""The promises of test_lexicon_pool.py, kept by the Triton kernels in Triton's interpreter.

In a separate process: the interpreter is chosen when Triton is loaded, and for all kernels of the process.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PROMISES = Path(__file__).with_name("test_lexicon_pool.py")


needs_triton = pytest.mark.skipif(
    find_spec("triton") is None, reason="triton, which comes with torch on Linux alone, is not here"
)

COMPILE = """
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile

from lexlip_lucene.encoders.pool import triton_kernels as kernels

TENSORS = {"states": "*bf16", "weight": "*bf16", "values": "*fp32", "positions": "*i32"}
SIZES = dict.fromkeys(["batch", "length", "width", "tokens"], "i32")
BLOCKS = {"TOGETHER": 8, "BLOCK_TOKENS": 128, "BLOCK_POSITIONS": 256, "BLOCK_WIDTH": 64}
LARGEST = {"WITH_POSITIONS": True, "PRECISION": "ieee", **BLOCKS}
TABLES = {"table": "*bf16", "rows": "*i64", "shares": "*fp32", "begins": "*i64", "sums": "*bf16", "width": "i32"}
SUM = {"BLOCK_ENTRIES": 16, "BLOCK_COLUMNS": 256}

for kernel, arguments, constants, warps in (
    (kernels._largest_kernel, TENSORS | SIZES, LARGEST, 8),
    (kernels._sum_rows_kernel, TABLES, SUM, 4),
):
    places = {(kernel.arg_names.index(name),): value for name, value in constants.items()}
    source = ASTSource(kernel, signature=arguments | dict.fromkeys(constants, "constexpr"), constexprs=places)
    options = {"num_warps": warps, "num_stages": 3, "enable_fp_fusion": True}
    made = compile(source, target=GPUTarget("cuda", 90, 32), options=options)
    assert made.metadata.shared <= 227 * 1024, made.metadata.shared
"""


@needs_triton
def test_the_kernels_compile_for_a_gpu_that_is_not_here_and_fit_its_shared_memory(tmp_path: Path) -> None:
    """For Hopper in bfloat16: the interpreter accepts Python that the compiler refuses."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    environment["TRITON_CACHE_DIR"] = str(tmp_path)
    done = subprocess.run([sys.executable, "-c", COMPILE], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


@needs_triton
def test_the_kernels_keep_every_promise_of_the_pool_in_the_interpreter() -> None:
    environment = os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "pytest", str(PROMISES), "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=PROMISES.parent)
    assert done.returncode == 0, done.stdout + done.stderr
