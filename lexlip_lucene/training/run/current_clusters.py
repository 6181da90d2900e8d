"""The refresh of neighbours: all images trained on, seen by the model as it is now, in clusters.

A vector is the one that the similarity sees, of unit length, brought to `WIDTH` numbers by a Gaussian projection, which
keeps angles to about 1/√WIDTH (Johnson and Lindenstrauss, 1984). So a million images take half a gigabyte, and one
pass through the image side. The processes of a team share the pass; the first one clusters, and tells the others.
"""

import math
import time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.pool.saturation import saturate
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.training.examples.clusters import clusters_of
from lexlip_lucene.training.examples.sampler import CLUSTERS
from lexlip_lucene.training.examples.sources import ImageSource, plan_of
from lexlip_lucene.training.losses.heaviest import keep_heaviest
from lexlip_lucene.training.parallel import Team
from lexlip_lucene.training.start.held_out import HeldOut

WIDTH = 128
"""Numbers of a projected vector."""

IMAGES_AT_ONCE = 256


def current_clusters(
    model: LexLip,
    recipe: EncoderRecipe,
    source: ImageSource,
    images: NDArray[np.int64],
    step: int,
    *,
    held_out: HeldOut | None,
    team: Team,
    progress: Progress,
) -> NDArray[np.int32]:
    """Return the cluster of each of `images` by the vectors that the model gives them before `step`.

    The same in all processes of the team. A note says how long vectors and clusters took.
    """
    neighbours, seed = recipe.training.neighbours, recipe.training.seed
    assert neighbours is not None, "the recipe has neighbours"
    begun = time.monotonic()
    vectors = current_vectors(model, recipe, source, images, held_out=held_out, team=team, progress=progress)
    seen = time.monotonic()
    clusters = torch.zeros(len(images), dtype=torch.int32)
    if team.leads:
        own_seed = int(np.random.SeedSequence([seed, CLUSTERS, step]).generate_state(1)[0])
        clusters = torch.from_numpy(clusters_of(vectors.numpy(), neighbours.cluster_size, own_seed))
    clusters = team.total(clusters.to(model.device)).cpu()
    progress.note(
        f"neighbours from step {step + 1}: {len(images)} images in {len(clusters.unique())} clusters "
        f"(vectors {seen - begun:.1f} s, clusters {time.monotonic() - seen:.1f} s)"
    )
    return clusters.numpy()


@torch.inference_mode()
def current_vectors(
    model: LexLip,
    recipe: EncoderRecipe,
    source: ImageSource,
    images: NDArray[np.int64],
    *,
    held_out: HeldOut | None,
    team: Team,
    progress: Progress,
) -> Tensor:
    """Return the projected vectors (images, at most `WIDTH`) float32 of `images`, on the CPU."""
    training = model.training
    model.eval()
    own = np.resize(images, math.ceil(len(images) / team.size) * team.size)  # the first again, to fill the last share
    own = own[team.own(len(own))]
    projection = _projection(len(model.lexicon), recipe.training.seed).to(model.device)
    plan = plan_of(own, IMAGES_AT_ONCE)
    tracked = progress.track(source.batches(plan), "looking for neighbours (batches)", len(plan))
    parts = [
        functional.normalize(_weights(model, recipe, source, inputs, batch.images, held_out), dim=1) @ projection
        for batch, inputs in zip(plan, tracked, strict=True)
    ]
    model.train(training)
    return team.gather(torch.cat(parts))[: len(images)].cpu()


def _weights(
    model: LexLip,
    recipe: EncoderRecipe,
    source: ImageSource,
    inputs: Tensor,
    images: NDArray[np.int64],
    held_out: HeldOut | None,
) -> Tensor:
    """Return the weights (batch, tokens) that training compares; their length changes no cosine."""
    lower = recipe.training.precision == "bfloat16"
    with torch.autocast(model.device.type, torch.bfloat16, enabled=lower):
        logits = model.image.logits_of(*model.image.adapted(source.states(model, inputs))).float()
    if held_out is not None:
        logits = logits + held_out.logits[torch.from_numpy(images)].to(logits)
    return keep_heaviest(saturate(logits), recipe.training.train_top_k)


def _projection(tokens: int, seed: int) -> Tensor:
    """Return (tokens, `WIDTH`); of so few tokens that nothing is saved, the identity."""
    if tokens <= WIDTH:
        return torch.eye(tokens)
    return torch.randn(tokens, WIDTH, generator=torch.Generator().manual_seed(seed)) / math.sqrt(WIDTH)
