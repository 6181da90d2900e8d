"""The part `training.neighbours:` of an encoder recipe: batches of images that the model takes for each other."""

from typing import Literal

from pydantic import Field, model_validator

from lexlip_lucene.recipes.model_spec import KeywordSpec


class NeighboursRecipe(KeywordSpec):
    """Batches of neighbours (after HREM, CVPR 2023, whose code lacks them): near images are each other's negatives.

    Attributes:
        photos: images of one cluster that stand next to each other in a batch.
        from: share of the run from which batches are of neighbours; before, they are shuffles.
        every: steps between two refreshes of the clusters, each of which sees all images once; null: an epoch's.
        cluster_size: images of a cluster, on average; smaller clusters are of nearer images.
        near: cosine of two images' current vectors from which they are alike. They are, too, if a drawn caption of one
            is word for word a caption of the other.
        alike: what images that are alike are to each other in the contrasts: `left_out` or `positives`, which share
            the target with the own image.
    """

    photos: int = Field(default=4, ge=2)
    from_: float = Field(default=0.67, ge=0, lt=1, alias="from")
    every: int | None = Field(default=None, gt=0)
    cluster_size: int = Field(default=32, gt=0)
    near: float = Field(default=0.95, gt=0, le=1)
    alike: Literal["left_out", "positives"] = "left_out"

    def has_begun(self, done: float) -> bool:
        """Return True if batches are of neighbours at the share `done` of the run."""
        return done >= self.from_

    @model_validator(mode="after")
    def _a_cluster_holds_a_group(self) -> "NeighboursRecipe":
        if self.cluster_size < self.photos:
            raise ValueError(f"cluster_size must be at least photos, got {self.cluster_size} and {self.photos}")
        return self
