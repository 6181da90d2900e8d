"""The lexicon pool's two products as Triton kernels for CUDA; `lexicon_pool` is the caller, the only importer.

Forward. A program has one image and 128 tokens and walks over the positions in blocks; logits live only in
registers. Tokens are the rows of the product and positions its columns. The maximum then runs along a row, which four
threads hold between them: two shuffles a row and block, where a maximum down the columns would need three a
column. Positions beyond the last and tokens beyond the last are copies of the last, which win nothing (a tie goes to
the lower position), so no logit is masked. The block of positions is the largest of 64, 128, 256 that pads least:
197 positions take one block of 256, 577 take five of 128. Eight images share a block of weights in the L2 cache.

Backward. One kernel for both sums: a program owns one row of the result and 256 of its columns, reads the entries of
that row 16 at a time and adds share × table row in float32. For the weights at batch 256, width 768 and 30,522
tokens, all gradients non-zero, it reads 12 GB of states in bfloat16, nearly all from L2: programs that run together
are at about the same image, whose states are 300 kB. One-hot matrix products would read less, but do the whole
arithmetic of the eager head's backward pass (4.7 TFLOP) and gain nothing where relu has zeroed most gradients.

Logits and sums are float32 for any inputs. float32 inputs are multiplied exactly, or in TF32 where
`torch.set_float32_matmul_precision` allows it. The interpreter (TRITON_INTERPRET=1) runs both kernels on a CPU in
float32 and float16; its bfloat16 product is wrong.
"""

from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor
from triton.runtime import driver

_IMAGES_TOGETHER = 8
_BLOCK_ENTRIES, _BLOCK_COLUMNS = 16, 256


class _Blocks(NamedTuple):
    """Sizes of a program's blocks, and how many loads are under way: stages × (tokens + positions) × width × itemsize
    bytes of shared memory, 147 kB for 128 tokens, 256 positions and 3 stages in bfloat16."""

    tokens: int
    positions: int
    width: int
    stages: int
    warps: int


def largest(states: Tensor, weight: Tensor, values: Tensor, positions: Tensor | None) -> None:
    """Fill in the largest logit of each token over all positions.

    Args:
        states: (batch, positions, width) float16, bfloat16 or float32, contiguous.
        weight: (tokens, width) of the same dtype, contiguous.
        values: (batch, tokens) float32, overwritten with the largest logits.
        positions: (batch, tokens) int32, overwritten with the lowest positions that have them; None: not wanted.
    """
    batch, length, width = states.shape
    if not values.numel():
        return
    blocks = _blocks(states)
    exact = torch.get_float32_matmul_precision() == "highest"
    with torch.cuda.device_of(states):  # Triton launches on the current GPU
        _largest_kernel[(batch * triton.cdiv(len(weight), blocks.tokens),)](
            states,
            weight,
            values,
            values if positions is None else positions,
            batch,
            length,
            width,
            len(weight),
            WITH_POSITIONS=positions is not None,
            PRECISION="ieee" if exact else "tf32",
            TOGETHER=_IMAGES_TOGETHER,
            BLOCK_TOKENS=blocks.tokens,
            BLOCK_POSITIONS=blocks.positions,
            BLOCK_WIDTH=blocks.width,
            num_stages=blocks.stages,
            num_warps=blocks.warps,
            enable_fp_fusion=True,
        )


def sum_rows(table: Tensor, rows: Tensor, shares: Tensor, begins: Tensor) -> Tensor:
    """Return Σ over j in begins[i]:begins[i+1] of shares[j] × table[rows[j]]: (targets, width) in the table's dtype.

    Args:
        table: (rows, width) float16, bfloat16 or float32.
        rows: (entries,) int64.
        shares: (entries,) float32.
        begins: (targets + 1,) int64, ascending from 0 to the number of entries.
    """
    sums = table.new_empty(len(begins) - 1, table.shape[1])
    if sums.numel():
        with torch.cuda.device_of(table):
            _sum_rows_kernel[(len(sums), triton.cdiv(table.shape[1], _BLOCK_COLUMNS))](
                table.contiguous(),
                rows,
                shares,
                begins,
                sums,
                table.shape[1],
                BLOCK_ENTRIES=_BLOCK_ENTRIES,
                BLOCK_COLUMNS=_BLOCK_COLUMNS,
                num_warps=4,
                enable_fp_fusion=True,
            )
    return sums


def _blocks(states: Tensor) -> _Blocks:
    """Return the block sizes for a shape, smaller where a multiprocessor has less shared memory than 160 kB."""
    length = states.shape[1]
    positions = min((256, 128, 64), key=lambda size: triton.cdiv(length, size) * size)
    shared = driver.active.utils.get_device_properties(states.device.index)["max_shared_mem"] if states.is_cuda else 0
    if states.dtype == torch.float32 or shared < 160_000:
        return _Blocks(tokens=64, positions=min(positions, 128), width=32, stages=3, warps=4)
    return _Blocks(tokens=128, positions=positions, width=64, stages=3, warps=8 if positions > 64 else 4)


@triton.jit
def _largest_kernel(
    states,
    weight,
    values,
    positions,
    batch,
    length,
    width,
    tokens,
    WITH_POSITIONS: tl.constexpr,
    PRECISION: tl.constexpr,
    TOGETHER: tl.constexpr,
    BLOCK_TOKENS: tl.constexpr,
    BLOCK_POSITIONS: tl.constexpr,
    BLOCK_WIDTH: tl.constexpr,
):
    together = TOGETHER * tl.cdiv(tokens, BLOCK_TOKENS)
    first = tl.program_id(0) // together * TOGETHER
    images = tl.minimum(batch - first, TOGETHER)
    number = tl.program_id(0) % together
    image = (first + number % images).to(tl.int64)
    token = number // images * BLOCK_TOKENS + tl.arange(0, BLOCK_TOKENS)
    column = tl.arange(0, BLOCK_WIDTH)
    weight_rows = weight + tl.minimum(token, tokens - 1).to(tl.int64)[:, None] * width + column[None, :]
    image_states = states + image * length * width + column[:, None]
    best = tl.full((BLOCK_TOKENS,), float("-inf"), tl.float32)
    best_at = tl.zeros((BLOCK_TOKENS,), tl.int32)
    for begin in range(0, length, BLOCK_POSITIONS):
        position = tl.minimum(begin + tl.arange(0, BLOCK_POSITIONS), length - 1)
        state_columns = image_states + position[None, :] * width
        logits = tl.zeros((BLOCK_TOKENS, BLOCK_POSITIONS), tl.float32)
        for done in range(0, width, BLOCK_WIDTH):
            inside = column < width - done
            left = tl.load(weight_rows + done, mask=inside[None, :], other=0.0)
            right = tl.load(state_columns + done, mask=inside[:, None], other=0.0)
            logits = tl.dot(left, right, logits, input_precision=PRECISION)
        if WITH_POSITIONS:
            top, at = tl.max(logits, axis=1, return_indices=True)
            # Not `top > best`: a NaN must win, so that a broken state is seen in the loss.
            better = (top <= best) == 0
            best_at = tl.where(better, begin + at, best_at)
            best = tl.where(better, top, best)
        else:
            top = tl.max(logits, axis=1)
            best = tl.where((top <= best) == 0, top, best)
    target = image * tokens + token
    tl.store(values + target, best, mask=token < tokens)
    if WITH_POSITIONS:
        tl.store(positions + target, best_at, mask=token < tokens)


@triton.jit
def _sum_rows_kernel(
    table,
    rows,
    shares,
    begins,
    sums,
    width,
    BLOCK_ENTRIES: tl.constexpr,
    BLOCK_COLUMNS: tl.constexpr,
):
    target = tl.program_id(0).to(tl.int64)
    column = tl.program_id(1) * BLOCK_COLUMNS + tl.arange(0, BLOCK_COLUMNS)
    begin = tl.load(begins + target)
    end = tl.load(begins + target + 1)
    total = tl.zeros((BLOCK_ENTRIES, BLOCK_COLUMNS), tl.float32)
    for done in range(begin, end, BLOCK_ENTRIES):
        entry = done + tl.arange(0, BLOCK_ENTRIES)
        inside = entry < end
        row = tl.load(rows + entry, mask=inside, other=0)
        share = tl.load(shares + entry, mask=inside, other=0.0)
        value = tl.load(
            table + row[:, None] * width + column[None, :],
            mask=inside[:, None] & (column < width)[None, :],
            other=0.0,
        )
        total += share[:, None] * value.to(tl.float32)
    result = tl.sum(total, axis=0).to(sums.dtype.element_ty)
    tl.store(sums + target * width + column, result, mask=column < width)
