"""A new loss in one file: the L1 norm of vectors, a sparsity regulariser, beside the demo's own losses.

    loss = mean over the batch of Σ_v w_v        (w before division by length; Zamani et al., SNRM, CIKM 2018)

Run it with `python examples/add_a_loss.py`: it draws 120 scenes, trains the demo's encoder for 20 steps on them
without and with the loss, and prints the norm that each training logged. It leaves nothing behind.
"""

import tempfile
from pathlib import Path
from typing import Literal

from torch import Tensor

from lexlip_lucene.demo.demo import RECIPE
from lexlip_lucene.demo.scenes import make_scenes, write_scenes
from lexlip_lucene.progress import SILENT
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.training.losses.parts import Parts
from lexlip_lucene.training.losses.term import Term, TermSettings
from lexlip_lucene.training.losses.terms import register
from lexlip_lucene.training.losses.views import Views
from lexlip_lucene.training.run.run_log import read_log
from lexlip_lucene.training.run.train import train


class L1Settings(TermSettings):
    """Settings in a recipe: the weight, which every loss has, and the side whose vectors are summed."""

    side: Literal["image", "text"] = "image"


@register
class L1(Term):
    """The mean L1 norm of one side's vectors: this process's share of it, which the team adds up."""

    name = "l1"
    settings = L1Settings
    regularises = True

    def __init__(self, settings: L1Settings, parts: Parts) -> None:
        super().__init__(settings, parts)
        self.side = settings.side

    def forward(self, views: Views) -> Tensor:
        """Return the loss of this process's vectors, each (batch, tokens) float ≥ 0."""
        weights = views.image_weights if self.side == "image" else views.text_weights
        return weights.sum(dim=1).mean() / views.team.size


STEPS = 20


def last_norm(scenes: Path, output: Path, weight: float) -> float:
    """Train for a few steps with the loss at this weight; return the loss, before its weight, at the last step."""
    overrides = [
        f"roots.scenes={scenes}",
        "data.keep_aside=20",
        "training.epochs=null",
        f"training.steps={STEPS}",
        "training.batch_size=20",
        "training.word_phase=0",
        f"training.terms.l1={{weight: {weight}, side: image}}",
    ]
    train(read_recipe(RECIPE, EncoderRecipe, overrides), output)
    log = read_log(output.with_name(output.name + ".training") / "choosing" / "log.csv")
    return next(figure.value for figure in log if (figure.step, figure.name) == (STEPS, "loss/l1"))


def main() -> None:
    """Train without and with the loss, and print the mean L1 norm of the image vectors after each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_scenes(folder / "scenes", make_scenes(train=120, test=0, seed=0), SILENT)
        for weight in (0.0, 0.1):
            norm = last_norm(folder / "scenes", folder / f"model-{weight}", weight)
            print(f"weight {weight}: loss/l1 {norm:.4f} at step {STEPS}")


if __name__ == "__main__":
    main()
