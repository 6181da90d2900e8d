"""An encoder recipe (`encode/*.yaml`): what is trained, on what, and how images become vectors."""

from typing import Any, Literal

from pydantic import Field, model_validator

from lexlip_lucene.recipes.model_spec import ImageSpec, Spec, StaticTextSpec, TransformerTextSpec
from lexlip_lucene.recipes.recipe_path import RecipePath


class DataRecipe(Spec):
    """Where the captioned images are.

    `keep_aside` images of the training split are kept out of training; the best step and every setting are chosen
    on them. With `final_run` the model is then trained again on all of the split, for as many steps as were best.
    """

    captions: RecipePath
    split: str = "train"
    keep_aside: int = Field(gt=0)
    final_run: bool = False


class VocabularyRecipe(Spec):
    """Where the tokenizer comes from: exactly one of the first three.

    Attributes:
        wordpieces: a BERT `vocab.txt` (lower-cased WordPiece).
        tokenizer: a hub name or a folder that transformers' AutoTokenizer reads.
        train_size: train a WordPiece vocabulary of this size on the training captions.
        min_count: tokens used fewer times by the training captions are no dimensions.
    """

    wordpieces: RecipePath | None = None
    tokenizer: str | None = None
    train_size: int | None = Field(default=None, gt=100)
    min_count: int = Field(default=1, ge=0)


class ImageRecipe(ImageSpec):
    """The image side, and where its backbone's weights come from.

    Attributes:
        weights: `hub` (timm fetches them by the backbone's name), `none` (fresh), or a safetensors file.
        frozen: keep the backbone as it is; its states are computed once and cached.
        flip: show mirrored pictures in half of the steps.
        shift: show pictures moved by up to this many pixels either way (not with a frozen backbone).
        brightness: show pictures brighter or darker by up to this share (not with a frozen backbone).
        ridge: strength of the ridge solution that starts the global path, as a share of the mean feature variance
            in percent; null starts it at random.
    """

    weights: Literal["hub", "none"] | RecipePath = "none"
    frozen: bool = False
    flip: bool = False
    shift: int = Field(default=0, ge=0)
    brightness: float = Field(default=0.0, ge=0, lt=1)
    ridge: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _parts_fit(self) -> "ImageRecipe":
        if self.ridge is not None and not (self.frozen and self.global_path):
            raise ValueError("ridge needs frozen: true and global_path: true")
        if self.frozen and (self.shift or self.brightness):
            raise ValueError("shift and brightness need frozen: false, since a frozen backbone's states are cached")
        return self

    def spec(self) -> ImageSpec:
        """Return what the model keeps of this."""
        return ImageSpec(**{name: getattr(self, name) for name in ImageSpec.model_fields})


class StaticTextRecipe(StaticTextSpec):
    """The inference-free text side; its weights start from the inverse document frequency."""


class TransformerTextRecipe(TransformerTextSpec):
    """The transformer text side; `model` is a hub name or a folder, null with an `architecture` starts afresh."""

    model: str | None = None

    def spec(self, architecture: dict[str, Any]) -> TransformerTextSpec:
        """Return what the model keeps of this, with the architecture that was loaded but not the folder it was in."""
        kept = {key: value for key, value in architecture.items() if key != "_name_or_path"}
        return TransformerTextSpec(
            kind="transformer", max_length=self.max_length, length_power=self.length_power, architecture=kept
        )


class TrainingRecipe(Spec):
    """How it is trained.

    Attributes:
        epochs: passes over the training images.
        batch_size: images a step; `captions_per_image` captions of each are drawn anew every step.
        learning_rate: AdamW's, after `warmup` (a share of the steps) and then falling as a cosine to 0.
        backbone_rate, global_path_rate, text_rate: the rate of these parts as a multiple of it.
        weight_decay: of the matrices of adapter, head and backbone.
        similarity_scale: start of the learned factor on similarities (the inverse of a temperature).
        image_length_power: like `image.length_power`, for the similarities of training; null: the same. With 0 the
            model learns from the raw inner product and is divided by length only when it encodes.
        word_loss: weight of the word loss (see `training/losses.py`), which has an image predict its captions' words.
        word_phase: share of the steps, at the beginning, in which the word loss is all there is.
        image_flops, text_flops: weights of the FLOPS regulariser per side, on vectors before division by length,
            growing with the square of the step over the first `flops_ramp` of the steps.
        average: decay of the moving average of the weights, which is what is evaluated and saved; 0 for none.
        keep_start: share of the start in what is evaluated and saved: weights = start × share + trained × (1 − share),
            which keeps a computed start from being forgotten (WiSE-FT, Wortsman et al., CVPR 2022); 0 for none.
        evaluations: how many times the images kept aside are searched during training.
    """

    epochs: int = Field(gt=0)
    batch_size: int = Field(gt=1)
    captions_per_image: int = Field(default=1, gt=0)
    learning_rate: float = Field(gt=0)
    backbone_rate: float = Field(default=1.0, gt=0)
    global_path_rate: float = Field(default=1.0, gt=0)
    text_rate: float = Field(default=1.0, gt=0)
    warmup: float = Field(default=0.05, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0)
    similarity_scale: float = Field(default=3.0, gt=0)
    image_length_power: float | None = Field(default=None, ge=0, le=1)
    word_loss: float = Field(default=0.0, ge=0)
    word_phase: float = Field(default=0.0, ge=0, lt=1)
    image_flops: float = Field(default=0.0, ge=0)
    text_flops: float = Field(default=0.0, ge=0)
    flops_ramp: float = Field(default=0.3, gt=0, le=1)
    average: float = Field(default=0.0, ge=0, lt=1)
    keep_start: float = Field(default=0.0, ge=0, lt=1)
    evaluations: int = Field(default=10, gt=0)
    seed: int = Field(default=0, ge=0, lt=2**63)


class QuantiseRecipe(Spec):
    """What `encode` does with the weights unless told otherwise."""

    bits: int = Field(default=8, ge=1, le=16)
    top_k: int | None = Field(default=None, gt=0)


class EncoderRecipe(Spec):
    """A whole encoder recipe. `about` says where it comes from; `roots` names folders that `--set` can move."""

    name: str
    about: str = ""
    roots: dict[str, str] = Field(default={})
    data: DataRecipe
    vocabulary: VocabularyRecipe
    image: ImageRecipe
    text: StaticTextRecipe | TransformerTextRecipe = Field(discriminator="kind")
    training: TrainingRecipe
    quantise: QuantiseRecipe = QuantiseRecipe()
