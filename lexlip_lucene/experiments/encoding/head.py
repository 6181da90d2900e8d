"""The vocabulary head's seconds and memory: the eager head and its `torch.compile` beside the lexicon pool.

    python -m lexlip_lucene.experiments.encoding.head                      # a minute on a CPU
    python -m lexlip_lucene.experiments.encoding.head --device cuda        # 256 × 197 × 768 → 30,522 in bfloat16

States, weights and slopes are random, so that every token of every image has a gradient, which is the most work for the
lexicon pool; in training most tokens of an image have none. All systems are timed in every repeat, each time in another
order. The step is one forward and backward pass that starts without a gradient; the forward pass is also timed by
itself, without gradients. Before anything is timed, logits and gradients are compared with the eager head's.

Extra memory is the peak of a step less the memory before it and less the gradients, which every system makes: on a GPU
the memory that PyTorch allocated, on a CPU the resident bytes of a process of one thread (Linux only).
"""

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lexlip_lucene.errors import LexlipError, RegressionError
from lexlip_lucene.experiments.encoding.head_memory import extra_bytes
from lexlip_lucene.experiments.encoding.heads import Head, Inputs, Shape, heads
from lexlip_lucene.experiments.engine.timing import Spread, interleaved


class Measured(NamedTuple):
    """Seconds of a forward pass without gradients and of a whole step; extra bytes of a step; None: not measured."""

    forward: Spread
    step: Spread
    extra_bytes: int | None


def measured(shape: Shape, names: Sequence[str], *, repeats: int) -> dict[str, Measured]:
    """Compare, time and weigh systems of `heads`, eager first; one that can't run is left out, with a line on stderr.

    Raises:
        RegressionError: a system's logits or gradients are not the eager head's.
    """
    inputs = Inputs.of(shape)
    systems = {}
    expected: list[Tensor] = []
    for name in names:
        head = heads(shape.device)[name]
        try:
            results = [inputs.step(head), *(part.grad for part in inputs[:3] if part.grad is not None)]
        except RuntimeError as error:  # no compiler, or not enough memory
            print(f"{name} is left out: {' '.join(str(error).split())[:200]}", file=sys.stderr)
            continue
        expected = expected or results
        _require_equal(name, results, expected)
        systems[name] = head
    forward = interleaved({name: partial(_forward, inputs, head) for name, head in systems.items()}, repeats=repeats)
    step = interleaved({name: partial(inputs.step, head) for name, head in systems.items()}, repeats=repeats)
    return {name: Measured(forward[name], step[name], extra_bytes(name, shape)) for name in systems}


def _require_equal(name: str, results: list[Tensor], expected: list[Tensor]) -> None:
    """Raise RegressionError unless logits and gradients are near enough to the eager head's.

    Of two near positions, two half-precision heads may let another one win, and eager splits a gradient among ties.
    """
    exact = results[1].dtype in (torch.float32, torch.float64)
    for part, mine, theirs in zip(("logits", "states", "weight", "bias"), results, expected, strict=True):
        most = 1e-3 if exact else 1e-2 if part in ("logits", "bias") else 0.5
        error = ((mine.float() - theirs.float()).norm() / theirs.float().norm()).item()
        if not error <= most:
            raise RegressionError(
                f"{name}'s {part} must be within {most} of the eager head's, but differ by {error:.2g}"
            )


def _forward(inputs: Inputs, head: Head) -> None:
    with torch.no_grad():
        head(*inputs[:3])
    inputs.finish()


def report(shape: Shape, results: dict[str, Measured]) -> dict[str, Any]:
    """Return the figures as one JSON object; ratios are to the eager head's median."""
    first = results["eager"]
    logits = shape.batch * shape.positions * shape.tokens * shape.dtype.itemsize
    rows = {
        name: {
            "forward_seconds": row.forward._asdict(),
            "step_seconds": row.step._asdict(),
            "extra_bytes": row.extra_bytes,
            "forward_to_eager": row.forward.median / first.forward.median,
            "step_to_eager": row.step.median / first.step.median,
            "extra_to_eagers_logits": None if row.extra_bytes is None else row.extra_bytes / logits,
        }
        for name, row in results.items()
    }
    named = {key: value if isinstance(value, int) else str(value) for key, value in shape._asdict().items()}
    on_gpu = shape.device.type == "cuda"
    machine = torch.cuda.get_device_name(shape.device) if on_gpu else f"CPU, {torch.get_num_threads()} threads"
    return {"shape": named, "machine": machine, "torch": torch.__version__, "logits_bytes": logits, "heads": rows}


def _table(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['shape']}, {figures['machine']}; logits of all positions: {figures['logits_bytes'] / 1e6:,.0f} MB",
        f"{'head':9} {'forward ms':>24} {'× eager':>8} {'step ms':>24} {'× eager':>8} {'extra MB':>9} {'÷ logits':>8}",
    ]
    for name, row in figures["heads"].items():
        cells = [f"{name:9}"]
        for part in ("forward", "step"):
            low, median, high = (1e3 * row[f"{part}_seconds"][key] for key in ("low", "median", "high"))
            cells.append(f"{f'{median:.1f} ({low:.1f}–{high:.1f})':>24} {row[f'{part}_to_eager']:8.2f}")
        extra = row["extra_bytes"]
        cells.append("" if extra is None else f"{extra / 1e6:9,.1f} {row['extra_to_eagers_logits']:8.3f}")
        lines.append(" ".join(cells))
    return "\n".join(lines)


def main() -> None:
    """Read the options, measure, print a table or one JSON object."""
    program = "python -m lexlip_lucene.experiments.encoding.head"
    parser = argparse.ArgumentParser(prog=program, description="Seconds and memory of the vocabulary head.")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, help="default 256 on a GPU, 16 on a CPU")
    for name, default in (("positions", 197), ("width", 768), ("tokens", 30_522)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "float16"], default="bfloat16")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    given = parser.parse_args()
    device = torch.device(given.device)
    batch = given.batch or (256 if device.type == "cuda" else 16)
    dtype = getattr(torch, given.dtype)
    shape = Shape(
        batch=batch, positions=given.positions, width=given.width, tokens=given.tokens, dtype=dtype, device=device
    )
    try:
        figures = report(shape, measured(shape, list(heads(device)), repeats=given.repeats))
    except LexlipError as error:
        parser.exit(1, f"error: {error}\n")
    print(json.dumps(figures) if given.json else _table(figures))


if __name__ == "__main__":
    main()
