"""What a LexLIP model is made of, as data: shared by recipes (before training) and a model's `config.json` (after).

No torch here: a recipe can be read and refused before anything heavy is loaded.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lexlip_lucene.recipes.architecture import Architecture
from lexlip_lucene.recipes.backbone import LARGEST_PICTURE, BackboneArguments, BackboneName, ModuleName


class Spec(BaseModel):
    """Base of every part: unknown keys are errors, numbers are finite, values don't change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)


Deviation = Annotated[float, Field(gt=0)]
"""A standard deviation, by which pixels are divided."""

FileName = Annotated[str, Field(pattern=r"^[^./\\\x00][^/\\\x00]*$")]
"""The name of a file in a folder, which is not hidden and leads to no other folder."""

Title = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
"""What a model or recipe is called in messages and reports: one line."""


class AdapterSpec(Spec):
    """The transformer between backbone and head. With `layers: 0` it is one projection to `width`.

    Dropout rates are for training: of the backbone's states, inside the layers, and before the last layer.
    """

    width: int = Field(gt=0, le=16384)
    layers: int = Field(default=0, ge=0, le=128)
    heads: int = Field(default=4, gt=0, le=256)
    state_dropout: float = Field(default=0.0, ge=0, lt=1)
    layer_dropout: float = Field(default=0.0, ge=0, lt=1)
    head_dropout: float = Field(default=0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> "AdapterSpec":
        if self.layers and self.width % self.heads:
            raise ValueError(f"width must be a multiple of heads, but {self.width} is none of {self.heads}")
        return self


class ViewSpec(Spec):
    """One more way to see the whole picture: only the mean state is kept of it.

    Attributes:
        backbone: a timm model name, of the same width as the image's own; null: the image's own backbone.
        arguments, identity: as in `ImageSpec`, where another backbone is named.
        size: the picture is resized to this height and width for the view; null: the image's size.
        mirrored: also see the mirror image, and keep the mean of both.
    """

    backbone: BackboneName | None = None
    arguments: BackboneArguments = {}
    identity: tuple[ModuleName, ...] = ()
    size: int | None = Field(default=None, gt=0, le=LARGEST_PICTURE)
    mirrored: bool = False


class BankSpec(Spec):
    """A bank of the other side's training vectors, to measure documents against (see `encoders/model/banks.py`).

    Attributes:
        size: how many vectors it holds.
        tokens: heaviest tokens kept of each.
        nearest: a document's mean product with so many of them says how easily it is found.
        power: a document is divided by that to this power (0: not at all).
        make_up: of what a document loses when it is cut, so much is made up for (0: nothing, 1: all).
    """

    size: int = Field(default=2000, gt=0, le=10_000_000)
    tokens: int = Field(default=128, gt=0, le=1_000_000)
    nearest: int = Field(default=20, gt=0, le=1_000_000)
    power: float = Field(default=1.0, ge=0, le=1)
    make_up: float = Field(default=0.0, ge=0, le=1)


class ImageSpec(Spec):
    """The image side.

    Attributes:
        backbone: a timm model name; anything whose `forward_features` gives patch states (batch, positions, width)
            or a map (batch, width, height, width).
        arguments: further arguments of `timm.create_model`, those of `recipes/backbone.py`.
        identity: modules of the backbone replaced by the identity (weights converted from elsewhere may need it).
        size: input height and width in pixels; the whole picture is resized to it.
        mean, std: per channel, of pixels in 0..1.
        grid: average-pool the states to grid × grid positions; null keeps them all.
        global_state: append the mean of all states as one more position.
        views: further views of the picture; the mean state of each is one more position, and together they are what
            the global path sees. The square root is taken of a view's mean state (of a backbone that ends in ReLU),
            which evens out its few large channels.
        global_path: a linear map from the mean state to the logits, added at every position.
        length_power: a vector is divided by its L2 norm to this power (1: cosine, 0: raw inner product).
        bank: measure images against a bank of training captions instead, once trained; null: divide by length alone.
    """

    backbone: BackboneName
    arguments: BackboneArguments = {}
    identity: tuple[ModuleName, ...] = ()
    size: int = Field(default=224, gt=0, le=LARGEST_PICTURE)
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[Deviation, Deviation, Deviation] = (0.5, 0.5, 0.5)
    grid: int | None = Field(default=None, gt=0, le=256)
    global_state: bool = False
    views: tuple[ViewSpec, ...] = Field(default=(), max_length=16)
    global_path: bool = False
    adapter: AdapterSpec
    length_power: float = Field(default=0.5, ge=0, le=1)
    bank: BankSpec | None = None

    @model_validator(mode="after")
    def _one_kind_of_whole(self) -> "ImageSpec":
        if self.views and self.global_state:
            raise ValueError("views take the place of global_state: leave it false, and name the picture itself a view")
        return self


class StaticTextSpec(Spec):
    """The inference-free text side: one learned weight per token, no transformer at query time.

    Attributes:
        token_keep: share of a caption's tokens kept in a training step.
        bank: measure texts that are documents against a bank of training images; null: as queries are.
    """

    kind: Literal["static"]
    max_length: int = Field(default=64, gt=2, le=65536)
    token_keep: float = Field(default=1.0, gt=0, le=1)
    length_power: float = Field(default=1.0, ge=0, le=1)
    bank: BankSpec | None = None


class TransformerTextSpec(Spec):
    """A BERT-like encoder with its masked-language-model head.

    Attributes:
        architecture: the Hugging Face config (with `model_type`), keys of `recipes/architecture.py`; in a recipe it
            describes a fresh model where no `model` is named.
        word_path: add a learned number to the logit of each token that the text has, beside the network's own.
        token_keep: share of a caption's tokens that the word path sees in a training step.
        bank: as the static side has it.
    """

    kind: Literal["transformer"]
    max_length: int = Field(default=40, gt=2, le=65536)
    architecture: Architecture = {}
    word_path: bool = False
    token_keep: float = Field(default=1.0, gt=0, le=1)
    length_power: float = Field(default=1.0, ge=0, le=1)
    bank: BankSpec | None = None

    @model_validator(mode="after")
    def _tokens_are_dropped_where_they_count(self) -> "TransformerTextSpec":
        if self.token_keep < 1 and not self.word_path:
            raise ValueError("token_keep needs word_path: true, whose tokens it drops")
        return self


TextSpec = Annotated[StaticTextSpec | TransformerTextSpec, Field(discriminator="kind")]
