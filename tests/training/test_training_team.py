"""Two processes that train together have the loss and the gradients of one with the joined batch."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from support import tiny
from support.halves import draw, recipe_of, write
from torch import Tensor

from lexlip_lucene.errors import InputError
from lexlip_lucene.training.parallel import ALONE, Team, require_divisible

BERT = {
    "kind": "transformer",
    "architecture": {
        **tiny.BERT.architecture,
        "vocab_size": 400,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    },
}
FLOPS = {"training__image_flops": 1e-2, "training__text_flops": 1e-2, "training__flops_ramp": 1e-9}
CASES: dict[str, dict[str, Any]] = {
    "static": {"training__word_loss": 0.1, "training__captions_per_image": 2, **FLOPS},
    "phase 1": {"text": BERT, "training__language": {}, "training__bottleneck": {}, **FLOPS},
    "phase 2": {"text": BERT, "training__momentum": {"queue": 20, "top_k": 8}, "training__accumulate": 2, **FLOPS},
    "relations": {
        "training__relations": {"from": 0, "width": 32, "heads": 4, "dropout": 0},
        "training__captions_per_image": 2,
    },
    "standalone": {
        "text": BERT,
        "training__relations": {"from": 0, "width": 16, "heads": 4, "dropout": 0, "form": "standalone"},
    },
    "twin": {"training__dense": {"width": 8}, "training__distillation": {"teacher": "ensemble"}},
    "neighbours": {
        "training__neighbours": {"from": 0.0, "photos": 4, "cluster_size": 4, "alike": "positives"},
        "training__dense": {"width": 8},
    },
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    return write(folder, draw(folder))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def step_of(size: int, recipe: Path, output: Path) -> dict[str, Tensor]:
    """Run a team of `size` processes; return the losses and gradients that its first one wrote."""
    shared = {"WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    shared["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [sys.executable, "-m", "support.team_member", str(recipe), str(output)]
    members = [
        subprocess.Popen(command, env={**os.environ, **shared, "RANK": str(rank)}, stderr=subprocess.PIPE, text=True)
        for rank in range(size)
    ]
    said = [member.communicate(timeout=120)[1] for member in members]
    assert [member.returncode for member in members] == [0] * size, said
    return load_file(output)


@pytest.mark.parametrize("case", CASES)
def test_two_processes_have_the_loss_and_gradients_of_one(data: Path, tmp_path: Path, case: str) -> None:
    still = {"width": 16, "layers": 1, "heads": 2}
    recipe = recipe_of(data, image={**tiny.VIT.model_dump(), "adapter": still}, **CASES[case])
    path = tmp_path / "recipe.json"
    path.write_text(recipe.model_dump_json())
    one, two = step_of(1, path, tmp_path / "one"), step_of(2, path, tmp_path / "two")
    assert one.keys() == two.keys()
    assert any(name.startswith("loss/") for name in one)
    for name, wanted in one.items():
        torch.testing.assert_close(
            two[name], wanted, rtol=1e-4, atol=1e-6, msg=lambda said, name=name: f"{name}: {said}"
        )


def test_a_team_of_one_crosses_nothing() -> None:
    own = torch.ones(2, 3, requires_grad=True)
    assert ALONE.gather(own) is own
    assert ALONE.own(8) == slice(0, 8)
    assert ALONE.leads


def test_every_process_has_a_part_of_its_own() -> None:
    parts = [Team(rank, 4).own(8) for rank in range(4)]
    assert [list(range(8))[part] for part in parts] == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_a_batch_that_can_not_be_shared_out_is_refused() -> None:
    with pytest.raises(
        InputError, match="multiple of accumulate × processes, got 12 with accumulate 2 and 4 processes"
    ):
        require_divisible(12, 2, Team(0, 4))
