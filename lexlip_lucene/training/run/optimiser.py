"""The optimiser: AdamW with a rate for each part of the model, warm-up, and a fall to 0."""

import math

import torch
from torch import nn

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.recipes.training_recipe import TrainingRecipe

CLOSED_FORM = ("image.global_path.", "dense.mean_state.", "dense.words.")
"""Maps that a ridge solution starts: the sparse side's, and their counterparts in the dense twin."""


def make_optimiser(model: LexLip, beside: nn.Module, recipe: TrainingRecipe) -> torch.optim.AdamW:
    """Return AdamW over what trains of the model and of what trains beside it (scales, a decoder).

    Matrices decay; biases, norms, static text weights and the maps that have a closed-form start don't.
    """
    rates = {
        "image.tower.": recipe.backbone_rate,
        **dict.fromkeys(CLOSED_FORM, recipe.global_path_rate),
        "text.": recipe.text_rate,
    }
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in [*model.named_parameters(), *beside.named_parameters()]:
        if not parameter.requires_grad:
            continue
        rate = next((rate for prefix, rate in rates.items() if name.startswith(prefix)), 1.0)
        decays = parameter.dim() > 1 and not name.startswith(CLOSED_FORM)
        groups.setdefault((rate, recipe.weight_decay if decays else 0.0), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "lr": recipe.learning_rate * rate, "weight_decay": decay, "rate": rate}
            for (rate, decay), parameters in groups.items()
        ],
        betas=recipe.betas,
    )


def set_rate(optimiser: torch.optim.Optimizer, recipe: TrainingRecipe, step: int, steps: int) -> None:
    """Set every group's rate for `step` of `steps`: linear warm-up, then half a cosine or a straight line to 0."""
    done = (step + 1) / steps
    warm = min(1.0, done / recipe.warmup) if recipe.warmup else 1.0
    if recipe.schedule == "cosine":
        factor = warm * 0.5 * (1 + math.cos(math.pi * step / steps))
    else:
        factor = min(warm, (1 - step / steps) / (1 - recipe.warmup))
    for group in optimiser.param_groups:
        group["lr"] = recipe.learning_rate * group["rate"] * factor
