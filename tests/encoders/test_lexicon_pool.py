"""The lexicon pool against plain float64, forward and backward.

Which implementation runs is the process's choice: the portable one here, Triton's in the child processes of
test_lexicon_pool_triton.py. On a machine with a GPU everything runs there as well.
"""

import os
import sys
from typing import NamedTuple

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.largest_tensor import LargestTensor
from torch import Tensor

from lexlip_lucene.encoders.pool.lexicon_pool import NOWHERE, LexiconPool, lexicon_logits, lexicon_pool
from lexlip_lucene.errors import InputError

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
DTYPES = (
    [torch.float32, torch.float16] if INTERPRETED else [torch.float64, torch.float32, torch.float16, torch.bfloat16]
)
"""Triton's interpreter multiplies bfloat16 wrongly, and float64 is never Triton's."""

ROUNDING = {torch.float64: 2**-53, torch.float32: 2**-24, torch.float16: 2**-11, torch.bfloat16: 2**-8}
"""The largest relative error of rounding to a dtype."""

EXAMPLES = settings(max_examples=5 if INTERPRETED else 60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
everywhere = pytest.mark.parametrize("device", DEVICES)


class Case(NamedTuple):
    """Inputs of the pool, and the gradient of its logits."""

    states: Tensor
    weight: Tensor
    bias: Tensor | None
    mask: Tensor | None
    slope: Tensor

    def on(self, device: str, dtype: torch.dtype) -> "Case":
        """The same on another device, the slope in float64 all the same; gradients are wanted."""
        cast = [None if part is None else part.to(device, dtype).requires_grad_() for part in self[:3]]
        mask = None if self.mask is None else self.mask.to(device)
        return Case(*cast, mask, self.slope.to(device))  # type: ignore[arg-type]  # None stays None

    def gradients(self) -> list[Tensor]:
        return [part.grad for part in self[:3] if part is not None and part.grad is not None]


def made(shape: tuple[int, int, int, int], seed: int, *, whole: bool, mask: bool = True, bias: bool = True) -> Case:
    """Inputs of a shape (batch, positions, width, tokens), in float64 with values up to 2 that bfloat16 holds exactly.

    `whole`: whole numbers, whose logits any dtype holds exactly at widths up to 63, and which tie often; else eighths.
    """
    chance = torch.Generator().manual_seed(seed)
    batch, positions, width, tokens = shape

    def numbers(*size: int) -> Tensor:
        if whole:
            return torch.randint(-2, 3, size, generator=chance).double()
        return torch.randint(-16, 17, size, generator=chance).double() / 8

    shares = torch.tensor([0.0, 0.3, 1.0])[torch.randint(3, (batch, 1), generator=chance)]
    slope = numbers(batch, tokens)
    return Case(
        numbers(batch, positions, width),
        numbers(tokens, width),
        numbers(tokens) if bias else None,
        torch.rand(batch, positions, generator=chance) < shares if mask else None,
        torch.where(torch.rand(slope.shape, generator=chance) < 0.3, 0.0, slope),
    )


def reference(case: Case) -> LexiconPool:
    """Every logit of every position, and their maximum, lowest position first."""
    logits = case.states @ case.weight.T + (0 if case.bias is None else case.bias)
    if case.mask is not None:
        logits = logits.masked_fill(~case.mask.unsqueeze(2), float("-inf"))
    top, positions = logits.max(dim=1)
    return LexiconPool(top, positions.masked_fill(top.detach() == float("-inf"), NOWHERE).int())


def require_equal(case: Case, device: str, dtype: torch.dtype) -> None:
    """The logits, which `dtype` can hold, and their positions are the reference's; gradients are its, rounded once."""
    ours, exact = case.on(device, dtype), case.on(device, torch.float64)
    found, expected = lexicon_pool(*ours[:4]), reference(exact)
    assert found.logits.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert found.positions.dtype == torch.int32
    assert torch.equal(found.logits.double(), expected.logits)
    assert torch.equal(lexicon_logits(*(part if part is None else part.detach() for part in ours[:4])), found.logits)
    assert torch.equal(found.positions, expected.positions)
    for pool, inputs in ((found, ours), (expected, exact)):
        live = pool.logits > float("-inf")
        (pool.logits.masked_fill(~live, 0).double() * inputs.slope).sum().backward()
    for mine, theirs in zip(ours.gradients(), exact.gradients(), strict=True):
        assert mine.dtype == dtype
        torch.testing.assert_close(mine.double(), theirs, rtol=ROUNDING[dtype], atol=0)


shapes = st.tuples(st.integers(1, 4), st.integers(1, 13), st.integers(1, 17), st.integers(1, 29))


@everywhere
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@EXAMPLES
@given(shape=shapes, seed=st.integers(0, 2**32 - 1), mask=st.booleans(), bias=st.booleans())
def test_logits_lowest_positions_and_gradients_are_the_formula(
    device: str, dtype: torch.dtype, shape: tuple[int, int, int, int], seed: int, mask: bool, bias: bool
) -> None:
    """Whole numbers, exact in every dtype: ties are true ties, and masks take whole rows away."""
    require_equal(made(shape, seed, whole=True, mask=mask, bias=bias), device, dtype)


@everywhere
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 131, 5, 3), (9, 1, 37, 65)], ids=str)
def test_blocks_that_do_not_divide_a_shape_lose_nothing(
    device: str, dtype: torch.dtype, shape: tuple[int, int, int, int]
) -> None:
    require_equal(made(shape, 1, whole=True), device, dtype)


@everywhere
@pytest.mark.skipif(INTERPRETED, reason="the interpreter takes minutes")
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(23, 97, 64, 601), (3, 197, 96, 3001)], ids=str)
def test_many_tiles_give_what_one_would(device: str, dtype: torch.dtype, shape: tuple[int, int, int, int]) -> None:
    """Eighths, whose logits bfloat16 does round: which of two near positions wins is then a matter of rounding."""
    case = made(shape, 2, whole=False)
    rounded = dtype in (torch.float16, torch.bfloat16)
    if not rounded:
        require_equal(case, device, dtype)
        return
    ours = case.on(device, dtype)
    found, expected = lexicon_pool(*ours[:4]), reference(case)
    largest = float(expected.logits[expected.positions >= 0].abs().max()) + 2  # before the bias of at most 2
    torch.testing.assert_close(found.logits.double().cpu(), expected.logits, rtol=0, atol=largest * ROUNDING[dtype])
    assert case.mask is not None
    assert case.mask.gather(1, found.positions.long().cpu().clamp(min=0))[case.mask.any(dim=1)].all()


@everywhere
def test_a_row_without_any_position_that_counts_has_minus_infinity_and_no_gradient(device: str) -> None:
    mask = torch.tensor([[True, False, True], [False, False, False]])
    case = made((2, 3, 4, 5), 3, whole=True)._replace(mask=mask).on(device, torch.float32)
    pool = lexicon_pool(*case[:4])
    assert pool.logits[1].tolist() == [float("-inf")] * 5
    assert pool.positions[1].tolist() == [NOWHERE] * 5
    assert set(pool.positions[0].tolist()) <= {0, 2}
    torch.log1p(torch.relu(pool.logits)).sum().backward()
    assert case.states.grad is not None
    assert not case.states.grad[1].any()
    assert not case.states.grad[0, 1].any()
    assert all(gradient.isfinite().all() for gradient in case.gradients())


@everywhere
def test_a_bias_of_minus_infinity_switches_a_token_off(device: str) -> None:
    case = made((2, 3, 4, 5), 4, whole=True, mask=False)
    assert case.bias is not None
    case.bias[2] = float("-inf")
    case = case.on(device, torch.float32)
    logits = lexicon_pool(*case[:4]).logits
    assert logits[:, 2].tolist() == [float("-inf")] * 2
    torch.log1p(torch.relu(logits)).sum().backward()
    assert case.weight.grad is not None
    assert not case.weight.grad[2].any()
    assert all(gradient.isfinite().all() for gradient in case.gradients())


@everywhere
def test_a_masked_state_is_not_looked_at_even_when_it_is_broken(device: str) -> None:
    case = made((1, 3, 4, 5), 5, whole=True)._replace(mask=torch.tensor([[False, True, True]]))
    case.states[0, 0] = float("nan")
    case = case.on(device, torch.float32)
    pool = lexicon_pool(*case[:4])
    pool.logits.sum().backward()
    assert pool.logits.isfinite().all()
    assert all(gradient.isfinite().all() for gradient in case.gradients())


@everywhere
@pytest.mark.skipif(INTERPRETED, reason="the interpreter's maximum leaves NaN out")
def test_a_broken_state_is_seen_in_every_logit(device: str) -> None:
    case = made((1, 1, 4, 5), 6, whole=True, mask=False).on(device, torch.float32)
    assert lexicon_pool(case.states * float("nan"), *case[1:4]).logits.isnan().all()


@everywhere
def test_inputs_need_not_be_contiguous(device: str) -> None:
    case = made((3, 5, 7, 11), 7, whole=True)
    turned = case._replace(
        states=case.states.permute(2, 1, 0).contiguous().permute(2, 1, 0), weight=case.weight.T.contiguous().T
    )
    assert not turned.states.is_contiguous()
    require_equal(turned, device, torch.float32)


@everywhere
@pytest.mark.parametrize("wanted", [(True, False, False), (False, True, False), (False, False, True)], ids=str)
def test_each_gradient_can_be_had_alone(device: str, wanted: tuple[bool, bool, bool]) -> None:
    whole = made((2, 3, 4, 5), 8, whole=True).on(device, torch.float32)
    alone = made((2, 3, 4, 5), 8, whole=True).on(device, torch.float32)
    for case, needs in ((whole, (True, True, True)), (alone, wanted)):
        parts = [part.requires_grad_(need) for part, need in zip(case[:3], needs, strict=True) if part is not None]
        lexicon_logits(*parts, case.mask).masked_fill(torch.zeros((), dtype=torch.bool, device=device), 0)[
            case.mask.any(dim=1) if case.mask is not None else slice(None)
        ].sum().backward()
    for part, same, want in zip(alone[:3], whole[:3], wanted, strict=True):
        assert part is not None and same is not None
        assert part.grad is None if not want else torch.equal(part.grad, same.grad)  # type: ignore[arg-type]


@pytest.mark.skipif(INTERPRETED, reason="float64 is never Triton's")
@given(shape=shapes, seed=st.integers(0, 999))
@settings(max_examples=15, deadline=None)
def test_the_gradient_is_the_slope_between_neighbouring_values(shape: tuple[int, int, int, int], seed: int) -> None:
    chance = torch.Generator().manual_seed(seed)
    batch, positions, width, tokens = shape
    parts = [
        torch.randn(size, generator=chance, dtype=torch.float64, requires_grad=True)
        for size in ((batch, positions, width), (tokens, width), (tokens,))
    ]
    assert torch.autograd.gradcheck(lambda *given: lexicon_pool(*given).logits, parts, eps=1e-7)


@everywhere
def test_it_takes_the_dtype_of_autocast_and_gives_gradients_in_the_parameters_own(device: str) -> None:
    dtype = torch.float16 if INTERPRETED else torch.bfloat16
    case = made((2, 5, 8, 11), 9, whole=True).on(device, torch.float32)
    narrow = made((2, 5, 8, 11), 9, whole=True).on(device, dtype)
    with torch.autocast(device, dtype=dtype):
        pool = lexicon_pool(*case[:4])
        live = pool.positions >= 0
        (pool.logits[live] * case.slope[live]).sum().backward()
    expected = lexicon_pool(*narrow[:4])
    (expected.logits[live] * case.slope[live]).sum().backward()
    assert torch.equal(pool.logits, expected.logits)
    assert pool.logits.dtype == torch.float32
    for mine, theirs in zip(case.gradients(), narrow.gradients(), strict=True):
        assert mine.dtype == torch.float32
        torch.testing.assert_close(mine, theirs.float(), rtol=2 * ROUNDING[dtype], atol=0)


@everywhere
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # dynamo looks at it after each graph break
def test_it_works_in_inference_mode_and_within_a_compiled_function(device: str) -> None:
    case = made((2, 3, 4, 5), 10, whole=True, mask=False).on(device, torch.float32)
    expected = lexicon_pool(*case[:4])

    def whole(states: Tensor) -> Tensor:
        pool = lexicon_pool(states * 1.0, case.weight, case.bias)
        return torch.relu(pool.logits) + lexicon_logits(states, case.weight, case.bias)

    compiled = torch.compile(whole, backend="eager")
    with torch.inference_mode():
        assert torch.equal(lexicon_pool(*case[:4]).positions, expected.positions)
        assert torch.equal(lexicon_logits(*case[:4]), expected.logits)
    found = compiled(case.states)
    assert torch.equal(found, torch.relu(expected.logits) + expected.logits)
    found.sum().backward()
    assert case.states.grad is not None


@pytest.mark.parametrize("gradients", [False, True])
def test_no_tensor_of_positions_times_tokens_is_made(gradients: bool) -> None:
    batch, positions, width, tokens = (1, 60, 2, 200) if INTERPRETED else (2, 197, 4, 6000)
    case = made((batch, positions, width, tokens), 11, whole=True).on("cpu", torch.float32)
    parts = [part if gradients or part is None else part.detach() for part in case[:4]]
    with LargestTensor() as largest:
        logits = lexicon_logits(*parts)  # type: ignore[arg-type]
        if gradients:
            torch.relu(logits).sum().backward()
    held = max(batch * tokens, tokens * width) * (8 if INTERPRETED else 1)  # the interpreter copies tensors as bytes
    assert largest.elements <= max(held, 0 if INTERPRETED else 2**18) < positions * tokens


def test_shapes_that_do_not_fit_are_refused() -> None:
    states, weight = torch.zeros(2, 3, 4), torch.zeros(5, 4)
    wrong = [
        (states[0], weight, None, None),
        (states[:, :0], weight, None, None),
        (states, weight.T, None, None),
        (states, weight, torch.zeros(4), None),
        (states, weight, None, torch.ones(2, 4, dtype=torch.bool)),
    ]
    for given_parts in wrong:
        for pool in (lexicon_pool, lexicon_logits):
            with pytest.raises(InputError, match=r"needs states \(batch, positions ≥ 1, width\).* got states \("):
                pool(*given_parts)


def test_a_batch_of_nothing_gives_nothing() -> None:
    weight = torch.ones(5, 4, requires_grad=True)
    pool = lexicon_pool(torch.zeros(0, 3, 4), weight)
    pool.logits.sum().backward()
    assert pool.logits.shape == pool.positions.shape == (0, 5)
    assert weight.grad is not None
    assert not weight.grad.any()


def test_a_process_loads_triton_only_where_it_can_run() -> None:
    lexicon_pool(torch.zeros(1, 1, 1), torch.zeros(1, 1))
    assert ("lexlip_lucene.encoders.pool.triton_kernels" in sys.modules) == (INTERPRETED or torch.cuda.is_available())
