"""Batches of pictures through the image side in float32, in bfloat16, and compiled."""

from pathlib import Path

import pytest
import torch
from support import tiny
from torch import Tensor

from lexlip_lucene.encode import arithmetic
from lexlip_lucene.encode.arithmetic import COMPILED_FROM, Arithmetic, choose_arithmetic
from lexlip_lucene.encode.image_pass import ImagePass
from lexlip_lucene.encoders.pool.heaviest import Heaviest
from lexlip_lucene.errors import InputError

CPU = torch.device("cpu")


def pictures(count: int) -> list[Tensor]:
    chance = torch.Generator().manual_seed(0)
    return list(torch.randint(0, 256, (count, 3, tiny.SIZE, tiny.SIZE), generator=chance, dtype=torch.uint8))


def dense(found: Heaviest, tokens: int) -> Tensor:
    return torch.zeros(len(found.weights), tokens).scatter_(1, found.positions, found.weights)


def weights_in(how: Arithmetic, count: int = 5) -> Tensor:
    model = tiny.lexlip()
    encode = ImagePass(model, how, most=None, batch_size=5)
    return dense(encode(pictures(count)), len(model.lexicon))


def test_in_float32_it_is_what_the_model_computes() -> None:
    with torch.inference_mode():
        expected = tiny.lexlip().image_weights(torch.stack(pictures(5)))
    assert torch.equal(weights_in(Arithmetic()), expected)


def test_in_bfloat16_weights_differ_by_its_rounding_and_the_model_stays_as_it_was() -> None:
    expected = weights_in(Arithmetic())
    found = weights_in(Arithmetic("bfloat16"))
    assert found.dtype == torch.float32
    assert not torch.equal(found, expected)
    torch.testing.assert_close(found, expected, rtol=0, atol=0.02 * float(expected.max()))  # 8 bits, several layers
    model = tiny.lexlip()
    ImagePass(model, Arithmetic("bfloat16"), most=None, batch_size=5)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


@pytest.mark.skipif(not arithmetic._has_compiler(), reason="there is no C++ compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")  # torch's compiler about itself
def test_compiled_weights_differ_by_rounding_and_a_smaller_batch_is_filled_up() -> None:
    shallow = tiny.VIT.model_copy(update={"arguments": {**tiny.VIT.arguments, "depth": 1}})  # half the code
    model = tiny.lexlip(shallow)
    with torch.inference_mode():
        expected = model.image_weights(torch.stack(pictures(5)))
    encode = ImagePass(model, Arithmetic(compiled=True), most=None, batch_size=5)
    for count in (5, 2):
        found = dense(encode(pictures(5)[:count]), len(model.lexicon))
        torch.testing.assert_close(found, expected[:count], rtol=1e-4, atol=1e-5)  # sums in another order


def test_the_arithmetic_depends_on_machine_and_inputs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for fast, precision in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(arithmetic, "_fast_bfloat16", lambda device, fast=fast: fast)
        assert choose_arithmetic(CPU, inputs=10).precision == precision
    for compiler in (True, False):
        monkeypatch.setattr(arithmetic, "_has_compiler", lambda compiler=compiler: compiler)
        assert choose_arithmetic(CPU, inputs=COMPILED_FROM).compiled is compiler
        assert not choose_arithmetic(CPU, inputs=COMPILED_FROM - 1).compiled
        assert not choose_arithmetic(torch.device("cuda"), inputs=COMPILED_FROM, precision="float32").compiled


def test_a_precision_is_one_of_those_there_are() -> None:
    assert str(choose_arithmetic(CPU, inputs=1, precision="bfloat16")) == "bfloat16"
    assert str(Arithmetic("bfloat16", compiled=True)) == "bfloat16, compiled"
    with pytest.raises(InputError, match="precision must be one of auto, float32, bfloat16, got 'half'"):
        choose_arithmetic(CPU, inputs=1, precision="half")


def test_a_machine_without_cpuinfo_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arithmetic.os.path, "exists", lambda path: Path(path) != Path("/proc/cpuinfo"))
    assert choose_arithmetic(CPU, inputs=1) == Arithmetic()
