"""The bench of the vocabulary head: what it compares, weighs and reports. No time is looked at."""

import pytest
import torch

from lexlip_lucene.errors import RegressionError
from lexlip_lucene.experiments.encoding.head import Measured, measured, report
from lexlip_lucene.experiments.encoding.heads import Inputs, Shape, eager, heads
from lexlip_lucene.experiments.engine.timing import Spread

SMALL = Shape(batch=8, positions=64, width=16, tokens=20_000, dtype=torch.float32, device=torch.device("cpu"))
LOGITS = 8 * 64 * 20_000 * 4
"""Bytes of the logits of all positions: 41 MB."""


def test_the_pool_needs_a_small_part_of_the_memory_of_the_eager_head() -> None:
    found = measured(SMALL, ["eager", "chunked"], repeats=1)
    assert list(found) == ["eager", "chunked"]
    eager_bytes, pool_bytes = found["eager"].extra_bytes, found["chunked"].extra_bytes
    assert eager_bytes is not None and pool_bytes is not None
    assert eager_bytes >= LOGITS
    assert pool_bytes <= LOGITS / 4  # resident pages of a process; some are its libraries' own
    assert 0 < found["chunked"].step.low <= found["chunked"].step.high


def test_a_head_that_is_wrong_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"eager": eager, "wrong": lambda *inputs: eager(*inputs) * 1.01}
    monkeypatch.setattr("lexlip_lucene.experiments.encoding.head.heads", lambda device: wrong)
    with pytest.raises(
        RegressionError, match=r"wrong's logits must be within 0.001 of the eager head's, but differ by 0.01"
    ):
        measured(SMALL._replace(tokens=10), ["eager", "wrong"], repeats=1)


def test_the_kernels_are_compared_on_a_gpu_alone() -> None:
    assert list(heads(torch.device("cpu"))) == ["eager", "compiled", "chunked"]
    assert list(heads(torch.device("cuda"))) == ["eager", "compiled", "chunked", "triton"]


def test_a_step_begins_without_gradients() -> None:
    inputs = Inputs.of(SMALL._replace(tokens=10))
    inputs.step(eager)
    once = [part.grad for part in inputs[:3]]
    inputs.step(eager)
    assert all(torch.equal(part.grad, first) for part, first in zip(inputs[:3], once, strict=True))  # type: ignore[arg-type]  # no longer None


def test_ratios_are_medians_to_the_eager_heads_and_bytes_to_its_logits() -> None:
    results = {
        "eager": Measured(Spread(2.0, 1.0, 3.0), Spread(4.0, 4.0, 4.0), 3 * LOGITS),
        "chunked": Measured(Spread(1.0, 1.0, 1.0), Spread(3.0, 2.0, 5.0), LOGITS // 20),
    }
    figures = report(SMALL, results)
    assert figures["logits_bytes"] == LOGITS
    assert figures["heads"]["chunked"] == {
        "forward_seconds": {"median": 1.0, "low": 1.0, "high": 1.0},
        "step_seconds": {"median": 3.0, "low": 2.0, "high": 5.0},
        "extra_bytes": LOGITS // 20,
        "forward_to_eager": 0.5,
        "step_to_eager": 0.75,
        "extra_to_eagers_logits": 0.05,
    }
