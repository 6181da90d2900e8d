"""One process of a team, which computes and writes one step's loss and gradients.

python -m support.team_member RECIPE.json OUTPUT.safetensors   (with torchrun's RANK, WORLD_SIZE, … in the environment)
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.training.parallel import join_team, leave_team
from lexlip_lucene.training.run.job import prepare


def main() -> None:
    recipe, output = EncoderRecipe.model_validate(json.loads(Path(sys.argv[1]).read_text())), Path(sys.argv[2])
    torch.set_num_threads(1)
    team = join_team("cpu")
    run = prepare(recipe, output.parent / "model", team=team)
    trainer = run.trainer("choosing", run.trained_on, run.kept_aside)
    trainer.fill_queues()
    [(step, images, inputs)] = trainer.inputs(0, 1)
    named = {**dict(trainer.model.named_parameters()), **dict(trainer.objective.named_parameters())}
    losses, _ = trainer.gradients(step, images, inputs, list(named.values()))
    if team.leads:
        found = {f"gradient/{name}": part.grad for name, part in named.items() if part.grad is not None}
        save_file({**found, **{f"loss/{name}": torch.tensor(value) for name, value in losses.items()}}, output)
    leave_team(team)


if __name__ == "__main__":
    main()
