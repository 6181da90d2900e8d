"""The state that a run carries from step to step, and its outcome. All of it is in its checkpoint (`checkpoint.py`)."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.training.losses.follower import Follower
from lexlip_lucene.training.losses.objective import Objective
from lexlip_lucene.training.run.health import Health
from lexlip_lucene.training.run.optimiser import make_optimiser
from lexlip_lucene.training.run.selection import Aside, state_of


@dataclass
class Outcome:
    """The outcome of a run: `best` is the state of the best step; `loss` the mean of the last tenth of the steps."""

    steps: int
    loss: float
    best_step: int
    best_aside: Aside | None
    best: dict[str, Tensor]


class RunState:
    """The state that a run carries from step to step; all of it is in its checkpoint."""

    def __init__(self, model: LexLip, objective: Objective, recipe: EncoderRecipe, steps: int, last: int) -> None:
        training = recipe.training
        self.model, self.objective, self.last = model, objective, last
        self.optimiser = make_optimiser(model, objective, training)
        self.parameters = [parameter for group in self.optimiser.param_groups for parameter in group["params"]]
        self.average = Follower(model, training.average) if training.average else None
        self.start = state_of(model) if training.keep_start else {}
        ramp_ends = round(min(1.0, training.word_phase + training.flops_ramp) * steps)
        self.health = Health(len(model.lexicon), recipe.quantise.top_k, ramp_ends)
        self.losses: deque[float] = deque(maxlen=max(1, last // 10))
        self.step = 0
        self.best_step = 0
        self.best_aside: Aside | None = None
        self.best: dict[str, Tensor] = {}

    @property
    def evaluated(self) -> LexLip:
        """The model that is measured and saved: the moving average, if the recipe has one."""
        if self.average is None:
            return self.model
        average = self.average.model
        assert isinstance(average, LexLip)
        return average

    def saved(self) -> dict[str, Any]:
        """Return the state as a checkpoint holds it."""
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "objective": self.objective.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "start": self.start,
            "losses": list(self.losses),
            "said": sorted(self.health.said),
            "best_step": self.best_step,
            "best_aside": None if self.best_aside is None else self.best_aside._asdict(),
            "best": self.best,
        }

    def load(self, saved: dict[str, Any], path: Path) -> None:
        """Take the state of the checkpoint at `path`.

        Raises:
            InputError: the checkpoint's losses have other tensors, as those of another version have.
        """
        unlike = sorted(self.objective.state_dict().keys() ^ saved["objective"].keys())
        if unlike:
            raise InputError(
                f"{path}: a checkpoint whose losses have the tensors of this version's is needed, but {unlike[0]} and "
                f"{len(unlike) - 1} more differ: train without --resume"
            )
        self.step, self.best_step = saved["step"], saved["best_step"]
        self.model.load_state_dict(saved["model"])
        self.objective.load_state_dict(saved["objective"])
        self.optimiser.load_state_dict(saved["optimiser"])
        if self.average is not None:
            self.average.load_state_dict(saved["average"])
        self.start, self.best = saved["start"], saved["best"]
        self.losses.extend(saved["losses"])
        self.health.said = set(saved["said"])
        self.best_aside = None if saved["best_aside"] is None else Aside(**saved["best_aside"])

    def outcome(self) -> Outcome:
        """Return the outcome of the run."""
        return Outcome(self.step, float(np.mean(self.losses)), self.best_step, self.best_aside, self.best)
