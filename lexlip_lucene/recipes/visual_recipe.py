"""The part `visual:` of an encoder recipe: visual words, which are learned from pictures without captions.

They come after the lexicon, of the same backbone, and change nothing of it. The defaults are what was chosen on photos
kept aside from Flickr8k's training split.
"""

from typing import Literal

from pydantic import Field

from lexlip_lucene.recipes.model_spec import Spec


class VisualForm(Spec):
    """The form of visual words, which encoding needs to know beside their tensors.

    Attributes:
        code: `auto-encoder` (sparse, top-k), `k-means` (soft assignment), or `rotated` (scalars after a random
            rotation, training-free).
        size: codes; `rotated` has two for each number of a state, whatever this says.
        per_place: codes that a place of a picture has at most.
        keep: visual words kept of a picture, the heaviest.
        bits: of an impact, which is in 1..2^bits − 1.
    """

    code: Literal["auto-encoder", "k-means", "rotated"] = "auto-encoder"
    size: int = Field(default=8192, ge=2, le=100_000)
    per_place: int = Field(default=16, gt=0, le=1000)
    keep: int = Field(default=152, gt=0, le=100_000)
    bits: int = Field(default=8, ge=1, le=16)


class VisualRecipe(VisualForm):
    """The learning of visual words.

    Attributes:
        width: main directions of the states that a code sees.
        idf: weigh a visual word by how few pictures have it; null: yes but for `rotated`, which it does not help.
        steps: of the auto-encoder.
        batch_places: places that a step of it sees.
        learning_rate: of Adam.
        pictures: training pictures that codes, idf and scale are taken of, at most; of more, evenly spread ones.
        seed: of all that is drawn.
    """

    width: int = Field(default=128, gt=0, le=16384)
    idf: bool | None = None
    steps: int = Field(default=450, gt=0)
    batch_places: int = Field(default=1024, gt=1)
    learning_rate: float = Field(default=5e-4, gt=0)
    pictures: int = Field(default=6000, gt=0)
    seed: int = Field(default=0, ge=0)

    def form(self) -> VisualForm:
        """Return what the model keeps of this."""
        return VisualForm(**{name: getattr(self, name) for name in VisualForm.model_fields})
