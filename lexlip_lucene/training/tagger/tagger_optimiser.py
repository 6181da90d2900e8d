"""AdamW over a tagger: a rate for the encoder and one for the rest, warm-up, and a straight line to 0."""

import torch
from torch import nn

from lexlip_lucene.encoders.entities.tagger_network import TaggerNetwork
from lexlip_lucene.recipes.tagger_recipe import TaggerTrainingRecipe

ENCODER = "text.encoder."


def tagger_optimiser(
    network: TaggerNetwork, beside: nn.Module | None, recipe: TaggerTrainingRecipe
) -> torch.optim.AdamW:
    """Return the optimiser of what trains of the network and of what trains beside it. Only matrices decay."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    further = [] if beside is None else list(beside.named_parameters())
    for name, parameter in [*network.named_parameters(), *further]:
        if parameter.requires_grad:
            rate = recipe.encoder_rate if name.startswith(ENCODER) else 1.0
            decay = recipe.weight_decay if parameter.dim() > 1 else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "lr": recipe.learning_rate * rate, "weight_decay": decay, "rate": rate}
            for (rate, decay), parameters in groups.items()
        ]
    )


def set_rates(optimiser: torch.optim.Optimizer, recipe: TaggerTrainingRecipe, step: int, steps: int) -> None:
    """Set every group's rate for `step` of `steps`, counted from 0."""
    done = (step + 1) / steps
    rising = min(1.0, done / recipe.warmup) if recipe.warmup else 1.0
    factor = min(rising, (1 - step / steps) / (1 - recipe.warmup))
    for group in optimiser.param_groups:
        group["lr"] = recipe.learning_rate * group["rate"] * factor
