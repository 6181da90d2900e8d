"""An index recipe (`indexes/*.yaml`): its collection, index, topics and qrels, and the expected figures."""

from typing import Literal

from pydantic import Field, model_validator

from lexlip_lucene.recipes.model_spec import Spec
from lexlip_lucene.recipes.recipe_path import RecipePath


class Expectation(Spec):
    """A figure as a fraction, the tolerance of a new measurement above and below it, and its source."""

    value: float
    tolerance: float = Field(ge=0)
    source: str


class IndexRecipe(Spec):
    """A whole index recipe.

    Attributes:
        system: `lexlip` (needs `encoder`), `dense` (the encoder's dense twin, searched exactly), `bm25` (t2i with
            `held_out`), or `rrf` (fuses the runs of `fuses`).
        captions, split: the images and captions that are searched.
        outside: read image files outside of the folder of `captions`.
        direction, held_out: as in `lexlip topics`.
        encoder: the encoder recipe; its model is trained if it is missing.
        bits, top_k: as in `lexlip encode`; null: the model's own.
        k: hits a topic.
        expect: measure → expected figure; a measure that is not measured is a failure.
    """

    name: str
    about: str = ""
    roots: dict[str, str] = Field(default={})
    system: Literal["lexlip", "dense", "bm25", "rrf"]
    captions: RecipePath | None = None
    split: str | None = None
    outside: bool = False
    direction: Literal["t2i", "i2t"] = "t2i"
    held_out: int = Field(default=0, ge=0)
    encoder: RecipePath | None = None
    bits: int | None = Field(default=None, ge=1, le=16)
    top_k: int | None = Field(default=None, gt=0)
    fuses: tuple[RecipePath, ...] = ()
    k: int = Field(default=1000, gt=0)
    expect: dict[str, Expectation] = Field(default={})

    @model_validator(mode="after")
    def _parts_of_the_system(self) -> "IndexRecipe":
        if self.system == "rrf":
            if len(self.fuses) < 2:
                raise ValueError("system rrf needs at least two recipes in fuses")
            return self
        if self.captions is None:
            raise ValueError(f"system {self.system} needs captions")
        if self.system in ("lexlip", "dense") and self.encoder is None:
            raise ValueError(f"system {self.system} needs an encoder")
        if self.system == "dense" and (self.bits, self.top_k) != (None, None):
            raise ValueError("system dense takes neither bits nor top_k: its vectors are not quantised")
        if self.system == "bm25" and (self.direction != "t2i" or not self.held_out):
            raise ValueError("system bm25 needs direction t2i and held_out of at least 1: captions are its documents")
        return self
