"""The part `training.relations:` of an encoder recipe: relations among the instances of a batch (HREM, CVPR 2023)."""

from typing import Literal

from pydantic import Field, model_validator

from lexlip_lucene.recipes.model_spec import KeywordSpec, Spec


class TripletRecipe(Spec):
    """The triplet loss with distance-weighted negatives, as HREM publishes it, in place of InfoNCE.

    Attributes:
        margin: by which a positive is to be more similar than a negative.
        cut_off: distances below it are drawn as if they were this far.
        furthest: negatives at this distance or more are never drawn (HREM: 1.7 on Flickr30k, 1.9 on COCO).
    """

    margin: float = Field(default=0.2, gt=0)
    cut_off: float = Field(default=0.5, gt=0, lt=2)
    furthest: float = Field(default=1.7, gt=0, le=2)

    @model_validator(mode="after")
    def _distances_in_order(self) -> "TripletRecipe":
        if self.cut_off >= self.furthest:
            raise ValueError(f"cut_off must be below furthest, got {self.cut_off} and {self.furthest}")
        return self


class RelationsRecipe(KeywordSpec):
    """Relations among a batch's pairs, which each pair learns from (`training/losses/relations.py`). None is saved.

    Attributes:
        weight: of the loss.
        from: share of the steps after which the loss begins.
        form: of the interaction: `fusion` (one layer over all nodes) or `standalone` (each side first looks at the
            other, then at itself).
        nodes: vectors of an image and a text in the graph: `bottleneck`, the bag of words that its weights make, or
            `states`, the mean of its patches or tokens.
        connected: share of a row's nodes that it is connected with.
        strength: factor on the relevance that is added to the attention (HREM: 1 on Flickr30k, 1.5 on COCO).
        largest: fragment similarities of a pair that its relevance is learned from.
        divergence: weight, beside the loss, of the divergence of the learned relevance from that of the distances.
        width: of the nodes; beside a transformer, that of its word embeddings instead.
        heads: of the interaction; a divisor of the width.
        dropout: probability of dropping an activation of the interaction.
        triplet: the triplet loss; null: InfoNCE.
        permuted: shuffle who is related to whom: the control, which must not help as much as the relations do.
    """

    weight: float = Field(default=1.0, gt=0)
    from_: float = Field(default=0.25, ge=0, lt=1, alias="from")
    form: Literal["fusion", "standalone"] = "fusion"
    nodes: Literal["bottleneck", "states"] = "bottleneck"
    connected: float = Field(default=0.5, gt=0, le=1)
    strength: float = Field(default=1.0, ge=0)
    largest: int = Field(default=10, gt=0)
    divergence: float = Field(default=10.0, ge=0)
    width: int = Field(default=256, gt=0)
    heads: int = Field(default=16, gt=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    triplet: TripletRecipe | None = None
    permuted: bool = False

    def has_begun(self, done: float) -> bool:
        """Return True if the loss counts at the share `done` of the run."""
        return done >= self.from_

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> "RelationsRecipe":
        if self.width % self.heads:
            raise ValueError(f"width must be a multiple of heads, got {self.width} and {self.heads}")
        return self
