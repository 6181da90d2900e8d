"""The part `training:` of an encoder recipe: the losses, their weights and the schedule.

One recipe is one phase. LexLIP's phases follow each other through `start`: phase 1 has `language` and `bottleneck`,
phase 2 starts from phase 1's model and has `momentum`, fine-tuning starts from phase 2's with another `image.size`.
`docs/training.md` has the paper's values, the official code's and these defaults side by side.
"""

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from lexlip_lucene.recipes.model_spec import Spec
from lexlip_lucene.recipes.neighbours_recipe import NeighboursRecipe
from lexlip_lucene.recipes.recipe_path import RecipePath
from lexlip_lucene.recipes.relations_recipe import RelationsRecipe


class LanguageRecipe(Spec):
    """Self-supervised masked-language modelling by the text side (phase 1).

    Attributes:
        weight: of the loss.
        mask: share of a caption's words that are masked, whole words at a time.
    """

    weight: float = Field(default=1.0, ge=0)
    mask: float = Field(default=0.3, gt=0, lt=1)


class BottleneckRecipe(Spec):
    """Lexicon-bottlenecked masked-language modelling (phase 1): a weak decoder that sees one vector of the other side.

    Attributes:
        image_weight: weight of image→text, the bottleneck being the image's lexicon vector.
        text_weight: weight of text→text, the bottleneck being that of the caption masked as `language` says.
        mask: share of the words masked for the decoder, more than the encoder's.
        layers: transformer layers of the decoder: few, so that it has to lean on the bottleneck.
        normalisation: of the largest logits into the weights of a bag of words: `softmax` (official code) or
            `saturated`, log(1 + relu) divided by its sum (LexMAE's other choice).
    """

    image_weight: float = Field(default=1.0, ge=0)
    text_weight: float = Field(default=1.0, ge=0)
    mask: float = Field(default=0.5, gt=0, lt=1)
    layers: int = Field(default=2, gt=0)
    normalisation: Literal["softmax", "saturated"] = "softmax"


class MomentumRecipe(Spec):
    """Momentum lexicon-contrastive learning (phase 2) instead of the in-batch contrast.

    Attributes:
        decay: of the momentum encoders, which follow once per optimiser step.
        queue: keys of each side that serve as negatives; the queue is filled before the first step.
        top_k: heaviest tokens of a key that the queue keeps.
    """

    decay: float = Field(default=0.99, ge=0, lt=1)
    queue: int = Field(default=11520, gt=0)
    top_k: int = Field(default=256, gt=0)


class DenseRecipe(Spec):
    """The dense twin: a pooled projection on the same states, trained in the same run so that both compare fairly.

    Attributes:
        width: of its vectors.
        weight: of its contrastive loss.
    """

    width: int = Field(default=256, gt=0)
    weight: float = Field(default=1.0, ge=0)


class DistillationRecipe(Spec):
    """Learning from a teacher's similarities within the batch (KL divergence).

    Attributes:
        teacher: `ensemble` (the run's own sparse and dense sides together; needs `dense`), `expander` (each caption
            against the expanded captions of each image; needs the recipe's `expander`), or a dense teacher: a CLIP or
            SigLIP by hub name or folder, or a model folder of ours with a dense twin.
        weight: of the loss.
        temperature: similarities of the teacher are divided by it; of `ensemble`, nothing is.
        dense_share: share of the dense similarities in `ensemble`.
    """

    teacher: str
    weight: float = Field(default=1.0, gt=0)
    temperature: float = Field(default=0.05, gt=0)
    dense_share: float = Field(default=0.5, ge=0, le=1)


class PairsRecipe(Spec):
    """The use of a file of `lexlip match` for the training's pairs: `filter` or `weights`, and not both.

    Attributes:
        filter: a file whose least probable pairs are left out; an image without a pair left is left out, too.
        keep: share of the pairs that `filter` keeps, the most probable ones.
        weights: a file whose probabilities weigh the rows of the in-batch contrast, `dense`'s as well.
    """

    filter: RecipePath | None = None
    keep: float = Field(default=0.9, gt=0, le=1)
    weights: RecipePath | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "PairsRecipe":
        if (self.filter is None) == (self.weights is None):
            raise ValueError("one of filter and weights is needed, and not both")
        return self


class TrainingRecipe(Spec):
    """Losses, weights and schedule of a training.

    Attributes:
        start: a model folder whose weights this run starts from (phase 2, fine-tuning); positions are interpolated
            where `image.size` differs.
        epochs, steps: passes over the training images, or optimiser steps: one of the two.
        batch_size: images a step, over all processes.
        captions_per_image: captions of each image that a step draws.
        accumulate: parts a step's batch is computed in, one after the other; each part is a batch of its own to the
            contrastive loss.
        precision: of the computation; weights and optimiser stay in float32.
        checkpointing: compute the backbone's and the text network's activations again in the backward pass instead of
            keeping them.
        learning_rate: AdamW's, reached after `warmup`, then falling to 0.
        warmup: share of the steps in which the rate rises.
        schedule: of the fall.
        backbone_rate, global_path_rate, text_rate: the rate of these parts as a multiple of it.
        weight_decay: of the matrices of adapter, head and backbone.
        betas, gradient_norm: AdamW's; gradients are clipped to this norm; .inf: not at all.
        similarity_scale: factor on similarities (the inverse of a temperature), or its start.
        learn_scale: learn the factor from that start.
        image_length_power, text_length_power: like `image.length_power` and `text.length_power`, for training's
            similarities; null: the same. With 0 the model learns from the raw inner product and is divided by length
            only when it encodes.
        contrast: weight of the contrastive loss, in-batch or, with `momentum`, against the queue.
        language, bottleneck, momentum, dense, distillation, relations: the losses of that name; null: none.
        neighbours: batches of images that the model takes for each other; null: every batch is of a shuffle.
        terms: losses that have no key of their own here, by the name they are registered with, each with its settings:
            `{NAME: {weight: 0.1}}` (see `training/losses/terms.py`).
        pairs: pairs that are left out or weighed, by what `lexlip match` says of them; null: all count alike.
        word_loss: weight of the word loss, which has an image predict its captions' words (see
            `training/losses/words.py`).
        word_phase: share of the steps, at the beginning, in which images learn only words: no contrast, no
            distillation and no regulariser yet; `language` and `bottleneck` train throughout.
        image_flops, text_flops: weights of the FLOPS regulariser per side, on vectors before division by length,
            growing with the square of the step over `flops_ramp`.
        flops_ramp: share of the steps, at the beginning, in which these weights grow.
        flops_frequency: raise a token's share of the regulariser where its document frequency is high (DF-FLOPS).
        train_top_k: heaviest tokens of a vector that similarities see; null: all. FLOPS sees all in any case.
        expansion: share of the run until every token is admitted in texts; before, steps in which a text keeps only
            the tokens that it has grow rarer, from all of them at the start. 0 admits all from the start.
        average: decay of the moving average of the weights, which is what is evaluated and saved; 0 for none.
        keep_start: share of the start in what is evaluated and saved: weights = start × share + trained × (1 − share),
            which keeps a computed start from being forgotten (WiSE-FT, Wortsman et al., CVPR 2022); 0 for none.
        evaluations: searches of the images kept aside during training, each with a checkpoint.
        keep: the step whose model is kept: the one that is best on the images kept aside, or the last. What FLOPS is to
            make sparser is at its densest where it finds most.
        seed: of every draw.
    """

    start: RecipePath | None = None
    epochs: int | None = Field(default=None, gt=0)
    steps: int | None = Field(default=None, gt=0)
    batch_size: int = Field(gt=1)
    accumulate: int = Field(default=1, gt=0)
    captions_per_image: int = Field(default=1, gt=0)
    precision: Literal["float32", "bfloat16"] = "float32"
    checkpointing: bool = False
    learning_rate: float = Field(gt=0)
    backbone_rate: float = Field(default=1.0, gt=0)
    global_path_rate: float = Field(default=1.0, gt=0)
    text_rate: float = Field(default=1.0, gt=0)
    warmup: float = Field(default=0.05, ge=0, lt=1)
    schedule: Literal["cosine", "linear"] = "cosine"
    weight_decay: float = Field(default=0.01, ge=0)
    betas: tuple[float, float] = (0.9, 0.98)
    gradient_norm: float = Field(default=1.0, gt=0, allow_inf_nan=True)
    similarity_scale: float = Field(default=3.0, gt=0)
    learn_scale: bool = True
    image_length_power: float | None = Field(default=None, ge=0, le=1)
    text_length_power: float | None = Field(default=None, ge=0, le=1)
    contrast: float = Field(default=1.0, ge=0)
    language: LanguageRecipe | None = None
    bottleneck: BottleneckRecipe | None = None
    momentum: MomentumRecipe | None = None
    dense: DenseRecipe | None = None
    distillation: DistillationRecipe | None = None
    relations: RelationsRecipe | None = None
    neighbours: NeighboursRecipe | None = None
    terms: dict[str, dict[str, Any]] = Field(default={})
    pairs: PairsRecipe | None = None
    word_loss: float = Field(default=0.0, ge=0)
    word_phase: float = Field(default=0.0, ge=0, lt=1)
    image_flops: float = Field(default=0.0, ge=0)
    text_flops: float = Field(default=0.0, ge=0)
    flops_ramp: float = Field(default=0.3, gt=0, le=1)
    flops_frequency: bool = False
    train_top_k: int | None = Field(default=None, gt=0)
    expansion: float = Field(default=0.0, ge=0, le=1)
    average: float = Field(default=0.0, ge=0, lt=1)
    keep_start: float = Field(default=0.0, ge=0, lt=1)
    evaluations: int = Field(default=10, gt=0)
    keep: Literal["best", "last"] = "best"
    seed: int = Field(default=0, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _parts_fit(self) -> "TrainingRecipe":
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("one of epochs and steps is needed, and not both")
        if self.batch_size % self.accumulate or self.batch_size // self.accumulate < 2:
            raise ValueError(
                f"batch_size must be accumulate times two images or more, got {self.batch_size} and {self.accumulate}"
            )
        if self.bottleneck is not None and self.bottleneck.text_weight and self.language is None:
            raise ValueError("bottleneck.text_weight needs language, whose masked captions it takes")
        if self.word_phase and not self.word_loss:
            raise ValueError("word_phase needs word_loss, which is what trains in it")
        weights = (self.contrast, self.word_loss, self.image_flops, self.text_flops)
        parts = (self.language, self.bottleneck, self.dense, self.distillation, self.terms)
        if not any(weights) and not any(parts):
            raise ValueError("a loss is needed, but none has a weight: set contrast")
        if self.pairs is not None and self.pairs.weights is not None and self.momentum is not None:
            raise ValueError("pairs.weights weighs the in-batch contrast, which momentum takes the place of")
        if self.distillation is not None and self.distillation.teacher == "ensemble" and self.dense is None:
            raise ValueError("distillation.teacher ensemble needs dense")
        return self

    @model_validator(mode="after")
    def _neighbours_fit(self) -> "TrainingRecipe":
        if self.neighbours is None:
            return self
        if self.momentum is not None:
            raise ValueError(
                "neighbours needs the in-batch contrast, but with momentum negatives are the queue's: leave one out"
            )
        if self.batch_size // self.accumulate % self.neighbours.photos:
            raise ValueError(
                f"batch_size / accumulate must be a multiple of neighbours.photos, got {self.batch_size} / "
                f"{self.accumulate} and {self.neighbours.photos}"
            )
        return self

    @model_serializer(mode="wrap")
    def _without_later_keys(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out later keys that are not set, so that recipes from before them keep their fingerprints."""
        values: dict[str, Any] = write(self)
        for key in ("terms", "relations", "neighbours", "pairs"):
            if not values.get(key):
                values.pop(key, None)
        return values
