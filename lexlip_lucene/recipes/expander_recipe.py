"""The part `expander:` of an encoder recipe: which caption sets a caption model is trained on, and how.

The expander (`training/expander/`) sees only texts, so that caption sets without their photos teach it which words
go together. The defaults are what was chosen on photos kept aside from Flickr8k's training split.
"""

from pydantic import Field

from lexlip_lucene.recipes.model_spec import Spec
from lexlip_lucene.recipes.recipe_path import RecipePath


class ExpanderRecipe(Spec):
    """The training of the expander.

    Attributes:
        texts: further caption sets (`.jsonl`, `.jsonl.gz`; see `data/caption_sets.py`). Those of images that
            `data.captions` has, in whatever split, are left out.
        width: of its hidden layers.
        epochs: passes over all caption sets.
        batch_size: caption sets a step; the others of a step are the negatives.
        learning_rate: AdamW's, after a warm-up and then falling to 0 on half a cosine.
        weight_decay: of all its parameters.
        dropout: share of its inputs, and of its hidden layer, that a step drops.
        repeats: how often an epoch sees the captions of the images trained on; the further sets count once.
    """

    texts: tuple[RecipePath, ...] = ()
    width: int = Field(default=768, gt=0)
    epochs: int = Field(default=4, gt=0)
    batch_size: int = Field(default=1024, gt=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    repeats: int = Field(default=2, gt=0)
