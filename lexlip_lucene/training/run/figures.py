"""The figures of a step, for the log: every loss, and what the vectors of its batch are like."""

from collections.abc import Mapping

import torch

from lexlip_lucene.training.losses.objective import Objective
from lexlip_lucene.training.losses.views import Views
from lexlip_lucene.training.run.health import expected_flops, vector_figures


@torch.no_grad()
def step_figures(losses: Mapping[str, float], views: Views, objective: Objective, rate: float) -> dict[str, float]:
    """Return name → figure: `loss/…`, `images/…` and `texts/…` (of the last part of the step), rate and scales.

    In batches of neighbours `neighbours/alike` is the mean number of other images that an image is alike to.
    """
    figures = {f"loss/{name}": value for name, value in losses.items()}
    figures["rate"] = rate
    figures |= objective.scales()
    images, texts = views.image_weights.detach(), views.text_weights.detach()
    figures |= {f"images/{name}": value for name, value in vector_figures(images).items()}
    figures |= {f"texts/{name}": value for name, value in vector_figures(texts).items()}
    if views.alike is not None:
        pairs = views.alike.pairs.float()
        figures["neighbours/alike"] = float(pairs.sum(dim=1).mean() - pairs.diagonal().mean())
    figures["expected_flops"] = expected_flops(images, texts)
    return figures
